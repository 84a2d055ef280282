"""How many cycles a processor's pipeline takes for a block of code, by LLVM's model of it.

``llvm-mca`` schedules the instructions of a block, executed over and over, on the units of a
processor with their latencies. It knows no caches: what is loaded is there.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from skinlite.errors import InputError

OLDEST, NEWEST = 19, 40
"""Of LLVM: 16 takes a Neoverse N1 for a Cortex-A57. The newest is only where looking begins."""

PIPELINES = {"cortex-a76": "neoverse-n1", "cortex-a72": "cortex-a72"}
"""llvm-mca's names for those of `emulated_root.CPUS`. Neoverse N1 is the server's version of
Cortex-A76; for Cortex-A72 LLVM has the pipeline of its predecessor, Cortex-A57."""

_LEFT_OUT = re.compile(r"blr?|(cas|swp|ld(add|clr|eor|set))a?l?[bh]?")
"""Calls, whose latency is that of what is called, which has blocks of its own, and atomics, few and
without a schedule in LLVM's models."""

TIMES = 50
"""That a block is executed one after the other; its cycles are the mean."""


class Tools(NamedTuple):
    """Paths of LLVM's disassembler and of its model of processors, and their version."""

    mc: str
    mca: str
    version: str


def llvm() -> Tools:
    """The newest of LLVM that is installed.

    Raises:
        InputError: none is, or only older ones.
    """
    for suffix in (*(f"-{number}" for number in range(NEWEST, OLDEST - 1, -1)), ""):
        mc, mca = shutil.which(f"llvm-mc{suffix}"), shutil.which(f"llvm-mca{suffix}")
        if mc and mca:
            version = re.search(r"LLVM version ((\d+)\S*)", _run([mca, "--version"]))
            if version and int(version[2]) >= OLDEST:
                return Tools(mc, mca, f"LLVM {version[1]}")
    raise InputError(
        f"Modelling a processor needs llvm-mca of LLVM {OLDEST} or newer, which is not installed. "
        f"On Debian or Ubuntu: apt-get install llvm-{OLDEST}"
    )


def cycles(blocks: Sequence[bytes], cpu: str, tools: Tools) -> list[float]:
    """Cycles of each block.

    Args:
        blocks: aarch64 instructions, four bytes each.
        cpu: one of `PIPELINES`.
        tools: LLVM's.

    Raises:
        InputError: LLVM doesn't know an instruction.
    """
    regions = []
    for number, code in enumerate(_disassembled(blocks, tools)):
        kept = [line for line in code if not _LEFT_OUT.fullmatch(line.split()[0])]
        if kept:
            lines = "\n".join(kept)
            regions.append(f"# LLVM-MCA-BEGIN {number}\n{lines}\n# LLVM-MCA-END")
    core = f"-mcpu={PIPELINES[cpu]}"
    report = _run(
        [tools.mca, "-mtriple=aarch64", core, f"-iterations={TIMES}", "-json"],
        "\n".join(regions),
    )
    counts = [0.0] * len(blocks)
    for region in json.loads(report)["CodeRegions"]:
        counts[int(region["Name"])] = region["SummaryView"]["TotalCycles"] / TIMES
    return counts


def _disassembled(blocks: Sequence[bytes], tools: Tools) -> list[list[str]]:
    """The instructions of each block, as assembler takes them."""
    text = "\n".join(" ".join(f"0x{byte:02x}" for byte in code) for code in blocks)
    listing = _run([tools.mc, "--disassemble", "-triple=aarch64", "-mattr=+all"], text)
    lines = [line for line in listing.splitlines() if line.strip() and ".text" not in line]
    if len(lines) * 4 != sum(map(len, blocks)):
        raise InputError(f"{tools.version} can't read some of LiteRT's code; try a newer one.")
    rest = iter(lines)
    return [[next(rest) for _ in range(len(code) // 4)] for code in blocks]


def _error(message: str) -> str:
    """The first line that is no warning."""
    lines = [line for line in message.splitlines() if "error" in line] or message.splitlines()
    return lines[0] if lines else "no message"


def _run(command: Sequence[str], text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise InputError(f"{command[0]} failed: {_error(done.stderr)}")
    return done.stdout
