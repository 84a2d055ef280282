"""Which kernels ran: by LiteRT's symbols, and by qemu's list of the code that it translated.

qemu translates a block of the guest's code when it is first executed, and lists its address
(``-d in_asm``). What lies in one of XNNPACK's micro-kernels, or in the evaluation of one of
TensorFlow Lite's own operators, has run.
"""

import re
from bisect import bisect
from collections.abc import Iterator, Mapping
from functools import cache
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_BLOCK = re.compile(rb"^IN:[^\n]*\n0x([0-9a-f]+)", re.MULTILINE)
_MICRO_KERNEL = re.compile(r"xnn_(\w+_ukernel_\w+)")
_BUILTIN = "_ZN6tflite3ops7builtin"

Libraries = Mapping[Path, tuple[int, int]]
"""Addresses at which each library begins and ends."""


def kernels_in(listing: Path, libraries: Libraries) -> tuple[list[str], list[str]]:
    """Names of the micro-kernels of XNNPACK, and of TensorFlow Lite's own operators, that ran.

    Args:
        listing: what ``qemu -d in_asm`` wrote.
        libraries: that were loaded.
    """
    addresses = {int(match[1], 16) for match in _BLOCK.finditer(listing.read_bytes())}
    blocks = np.array(sorted(addresses), np.uint64)
    symbols = [
        symbol
        for path, (start, _) in libraries.items()
        for symbol in _executed(path, start, blocks)
    ]
    micro = {match[1] for symbol in symbols if (match := _MICRO_KERNEL.fullmatch(symbol))}
    builtin = {name for symbol in symbols if (name := builtin_operator(symbol))}
    return sorted(micro), sorted(builtin)


def kernel_of(library: Path, offset: int) -> str:
    """What the code so many bytes behind the beginning of a library is: one of XNNPACK's
    micro-kernels by its name, or which part of the software."""
    functions = _functions(library)
    number = bisect(functions, offset, key=itemgetter(0)) - 1
    begin, name, size = functions[number] if number >= 0 else (0, "", 0)
    if offset >= begin + size:
        return "C library" if library.name.startswith("libc.") else "LiteRT"
    if match := _MICRO_KERNEL.fullmatch(name):
        return match[1]
    if name.startswith(("xnn_", "pthreadpool_")):
        return "XNNPACK around its kernels"
    return "TensorFlow Lite outside of XNNPACK" if "6tflite" in name else "LiteRT"


def _executed(library: Path, start: int, blocks: NDArray[np.uint64]) -> Iterator[str]:
    """Functions of a library in which a block begins."""
    for offset, name, size in _functions(library):
        if name.startswith(("xnn_", _BUILTIN)):
            first, last = np.searchsorted(blocks, [start + offset, start + offset + size])
            if last > first:
                yield name


@cache
def _functions(library: Path) -> list[tuple[int, str, int]]:
    """(offset, name, bytes) of each function of a library; none where it was stripped."""
    from elftools.elf.elffile import ELFFile

    with library.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        return sorted(
            (symbol["st_value"], symbol.name, symbol["st_size"])
            for symbol in (table.iter_symbols() if table else ())
            if symbol["st_size"] and symbol["st_info"]["type"] == "STT_FUNC"
        )


def builtin_operator(symbol: str) -> str | None:
    """``hard_swish`` of the mangled ``tflite::ops::builtin::hard_swish::Eval``; None of others."""
    if not symbol.startswith(_BUILTIN):
        return None
    names, rest = [], symbol.removeprefix(_BUILTIN)
    while match := re.match(r"\d+", rest):
        end = match.end() + int(match[0])
        names.append(rest[match.end() : end])
        rest = rest[end:]
    if not names or not names[-1].endswith("Eval"):
        return None
    own = names[-1].removesuffix("Eval")
    return own or (names[-2] if len(names) > 1 else None)
