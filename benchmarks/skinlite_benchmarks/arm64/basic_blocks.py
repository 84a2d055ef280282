"""How often each block of code is executed for an image, on an emulated processor."""

import platform
import re
import shutil
import subprocess
import tempfile
from bisect import bisect
from collections import Counter
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from skinlite.data.cache import kept_folder
from skinlite.errors import InputError
from skinlite.files.read_write import made_once
from skinlite_benchmarks.arm64.machine import Machine, Tensors

SOURCE = Path(__file__).with_name("blocks.c")
VERSIONS = range(6, 9)
"""Of qemu, that have the plugin's interface; 7.2 was tried."""

AGAIN = 4
"""Times that the second run answers the image more often than the first, which also loads it."""


class Block(NamedTuple):
    """Instructions that are executed one after the other.

    Attributes:
        file: library that they are in.
        offset: where, in bytes from where its first one was loaded.
        code: the instructions, four bytes each.
    """

    file: Path
    offset: int
    code: bytes


def counting_emulator() -> str:
    """The path of a qemu that takes our plugin; one that is linked statically takes none.

    Raises:
        InputError: there is none.
    """
    path = shutil.which("qemu-aarch64")
    if path and "-plugin" in _said([path, "--help"]):
        version = re.search(r"version (\d+)", _said([path, "--version"]))
        if version and int(version[1]) in VERSIONS:
            return path
    raise InputError(
        f"Counting instructions needs qemu-aarch64 {VERSIONS[0]} to {VERSIONS[-1]} with plugins, "
        "which is not installed (the one of qemu-user-static has none, 9 has others). On Debian 12 "
        "or Ubuntu 24.04: apt-get install qemu-user"
    )


def executed(model: Path, image: Tensors, qemu: str, cpu: str, root: Path) -> Mapping[Block, float]:
    """How often each block that is executed for an image is, in LiteRT's libraries and C's.

    Args:
        model: any .tflite with a signature.
        image: its inputs by name, of one image.
        qemu, cpu, root: as `Machine.emulated` takes them.

    Raises:
        InputError: the file doesn't run there, or the plugin can't be compiled.
    """
    once, more = (_counted(model, image, times, qemu, cpu, root) for times in (0, AGAIN))
    more.subtract(once)
    # Loading executes thirty times as many blocks, which cost nothing for one more image.
    return {block: count / AGAIN for block, count in more.items() if count}


def _counted(
    model: Path, image: Tensors, again: int, qemu: str, cpu: str, root: Path
) -> Counter[Block]:
    with tempfile.TemporaryDirectory() as scratch:
        listing = Path(scratch, "blocks.txt")
        options = f"file={_quoted(plugin())},out={_quoted(listing)}"
        counting = Machine.emulated(qemu, cpu, root, "-plugin", options)
        _, facts = counting.run(model, image, again)
        lines = [line.split() for line in listing.read_text().splitlines()]
    spans = sorted((begin, end, path) for path, (begin, end) in facts.libraries.items())
    counted = Counter[Block]()
    for first, times, *words in lines:
        address = int(first, 16)
        begin, end, library = spans[max(0, bisect(spans, address, key=itemgetter(0)) - 1)]
        if begin <= address < end:
            code = b"".join(int(word, 16).to_bytes(4, "little") for word in words)
            counted[Block(library, address - begin, code)] += int(times)
    return counted


def plugin() -> Path:
    """qemu's plugin; compiled once, and kept.

    Raises:
        InputError: there is no C compiler, or it fails.
    """
    folder = kept_folder("qemu-plugin", f"{platform.machine()}\n{SOURCE.read_text()}")
    if not folder.is_dir():
        compiler = shutil.which("cc")
        if compiler is None:
            raise InputError(
                "Counting instructions needs a C compiler for a plugin of qemu, which is not "
                "installed. On Debian or Ubuntu: apt-get install gcc libc6-dev"
            )
        with made_once(folder) as staging:
            if staging is None:
                return folder / "blocks.so"
            output = _said([compiler, "-O2", "-shared", "-fPIC", "-o", str(staging / "blocks.so"),
                          str(SOURCE)])  # fmt: skip
            if not (staging / "blocks.so").is_file():
                raise InputError(f"The plugin for qemu can't be compiled: {output.strip()}")
    return folder / "blocks.so"


def _quoted(path: Path) -> str:
    """As qemu takes it among options."""
    return str(path).replace(",", ",,")


def _said(command: list[str]) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    return done.stdout + done.stderr
