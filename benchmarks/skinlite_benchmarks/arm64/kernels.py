"""Which kernels ran: read from qemu's list of the code that it translated, by LiteRT's symbols.

qemu translates a block of the guest's code when it is first executed, and lists its address
(``-d in_asm``). What lies in one of XNNPACK's micro-kernels, or in the evaluation of one of
TensorFlow Lite's own operators, has run.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_BLOCK = re.compile(rb"^IN:[^\n]*\n0x([0-9a-f]+)", re.MULTILINE)
_MICRO_KERNEL = re.compile(r"xnn_(\w+_ukernel_\w+)")
_BUILTIN = "_ZN6tflite3ops7builtin"


def kernels_in(listing: Path, libraries: Mapping[Path, int]) -> tuple[list[str], list[str]]:
    """Names of the micro-kernels of XNNPACK, and of TensorFlow Lite's own operators, that ran.

    Args:
        listing: what ``qemu -d in_asm`` wrote.
        libraries: address at which each library was loaded.
    """
    found = {int(match[1], 16) for match in _BLOCK.finditer(listing.read_bytes())}
    blocks = np.array(sorted(found), np.uint64)
    symbols = [
        symbol for path, start in libraries.items() for symbol in _executed(path, start, blocks)
    ]
    micro = {match[1] for symbol in symbols if (match := _MICRO_KERNEL.fullmatch(symbol))}
    builtin = {name for symbol in symbols if (name := builtin_operator(symbol))}
    return sorted(micro), sorted(builtin)


def _executed(library: Path, start: int, blocks: NDArray[np.uint64]) -> Iterator[str]:
    """Functions of a library in which a block begins."""
    from elftools.elf.elffile import ELFFile

    with library.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        for symbol in table.iter_symbols() if table else ():
            name = symbol.name
            if name.startswith(("xnn_", _BUILTIN)) and symbol["st_size"]:
                begin = start + symbol["st_value"]
                first, last = np.searchsorted(blocks, [begin, begin + symbol["st_size"]])
                if last > first:
                    yield name


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
