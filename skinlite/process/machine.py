"""The processor that this runs on: its name, and how it multiplies 8-bit integers."""

import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")

INT8_INSTRUCTIONS = {
    "avx512_vnni": "AVX512-VNNI",
    "avx_vnni": "AVX-VNNI",
    "amx_int8": "AMX-INT8",
    "asimddp": "NEON dot product",
    "i8mm": "I8MM",
}
"""Instructions that sum products of int8 without saturating, by Linux's names of them."""


def processor() -> str:
    """Its name, or what is known of it."""
    # x86 has "model name"; ARM boards have "Model".
    for key in ("model name", "Model"):
        if value := _cpuinfo().get(key):
            return value
    return platform.processor() or platform.machine()


def int8_instructions() -> tuple[str, ...] | None:
    """The names of `INT8_INSTRUCTIONS` that it has; None where the system doesn't tell."""
    known = _cpuinfo()
    flags = known.get("flags") or known.get("Features")
    if flags is None:
        return None
    have = flags.split()
    return tuple(name for flag, name in INT8_INSTRUCTIONS.items() if flag in have)


def _cpuinfo() -> dict[str, str]:
    """What Linux tells of the first processor; empty elsewhere."""
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:
        return {}
    known: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        known.setdefault(key.strip(), value.strip())
    return known
