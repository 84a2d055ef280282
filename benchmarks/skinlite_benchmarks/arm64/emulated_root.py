"""The emulated machine: a small Debian for arm64 with LiteRT in it, made once and kept.

It is Debian's packages unpacked (nothing of them is installed or run as root), the aarch64 wheel of
the LiteRT that is installed here, and for each processor a folder of links with the
``/proc/cpuinfo`` that such a processor has: LiteRT chooses kernels by it, and crashes without.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from skinlite.data.cache import kept_folder
from skinlite.errors import InputError
from skinlite.files.read_write import made_once, write_atomically, writing
from skinlite.progress import Report, silent

SUITE, PYTHON = "bookworm", "3.11"
PACKAGES = ("python3", "libgomp1", "libstdc++6")
# Debian 12 has glibc 2.36; a wheel that was built for an older one runs there.
PLATFORMS = (
    *(f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)),
    "manylinux2014_aarch64",
)
DEBIAN, SITE = "debian", "site"

CPUINFO: Final = """\
processor\t: 0
BogoMIPS\t: 100.00
Features\t: {features}
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: {part}
CPU revision\t: 3
"""
CPUS: Final = {
    "cortex-a76": CPUINFO.format(
        part="0xd0b",
        features="fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm "
        "lrcpc dcpop asimddp",
    ),
    "cortex-a72": CPUINFO.format(
        part="0xd08", features="fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"
    ),
}
"""With the dot product of int8, and without. Never qemu's "max": there qemu 7.2 gets int8 wrong."""


def emulator() -> str:
    """The path of qemu.

    Raises:
        InputError: it isn't installed.
    """
    for name in ("qemu-aarch64-static", "qemu-aarch64"):
        if path := shutil.which(name):
            return path
    raise InputError(_missing("qemu-aarch64-static", "qemu-user-static"))


def version_of(qemu: str) -> str:
    """What an emulator calls itself."""
    done = subprocess.run([qemu, "--version"], capture_output=True, text=True)
    return done.stdout.partition("\n")[0]


def root_path() -> Path:
    """Where the emulated machine lies, or will; another LiteRT makes another one."""
    made_from = (SUITE, PYTHON, *PACKAGES, *CPUS.values(), version("ai-edge-litert"))
    return kept_folder("arm64", "\n".join(made_from))


def emulated_root(report: Report = silent) -> Path:
    """The folder of the emulated machine; made where the cache has none.

    Raises:
        InputError: something that making it takes is missing, or a download failed.
    """
    root = root_path()
    if root.is_dir():
        return root
    command = _debootstrap()
    with made_once(root) as staging:
        if staging is None:
            return root
        report("arm64: unpacking Debian (only once)", 0, 3)
        debian = staging / DEBIAN
        _run([*command, "--foreign", "--arch=arm64", "--variant=minbase",
              f"--include={','.join(PACKAGES)}", SUITE, str(debian)])  # fmt: skip
        archives = debian / "var/cache/apt/archives"
        for package in sorted(archives.glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(package), str(debian)])
        shutil.rmtree(archives)
        report("arm64: LiteRT for aarch64, once", 1, 3)
        _run(pip_command(staging / SITE, f"ai-edge-litert=={version('ai-edge-litert')}"))
        with writing(staging):
            for cpu, cpuinfo in CPUS.items():
                _link_processor(staging / cpu, debian, cpuinfo)
        report("arm64: the emulated machine is ready, and is kept", 3, 3)
    return root


def _debootstrap() -> Sequence[str]:
    for name, package in (("debootstrap", "debootstrap"), ("dpkg-deb", "dpkg")):
        if _which(name) is None:
            raise InputError(_missing(name, package))
    if os.geteuid() == 0:
        return [str(_which("debootstrap"))]
    # It asks for root, which unpacking doesn't need.
    if _which("fakeroot") is None:
        raise InputError(_missing("fakeroot", "fakeroot"))
    return ["fakeroot", str(_which("debootstrap"))]


def _which(name: str) -> str | None:
    """Also where a user's PATH doesn't look."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _missing(program: str, package: str) -> str:
    return (
        f"Emulating arm64 needs {program}, which is not installed. On Debian or Ubuntu: "
        "apt-get install qemu-user-static debootstrap"
        + ("" if package in ("qemu-user-static", "debootstrap") else f" {package}")
    )


def pip_command(target: Path, *packages: str) -> Sequence[str]:
    """What puts packages for the emulated Python into a folder."""
    platforms = [part for name in PLATFORMS for part in ("--platform", name)]
    return [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--no-cache-dir", "--only-binary=:all:",
        "--target", str(target), "--implementation", "cp", "--python-version", PYTHON, *platforms,
        *packages,
    ]  # fmt: skip


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        reason = lines[-1].strip() if lines else f"exit code {done.returncode}"
        raise InputError(
            f"The emulated arm64 machine could not be made: {Path(command[0]).name}: {reason}. "
            "It needs packages of Debian and PyPI: check that both can be reached, and run the "
            "command again."
        )


def _link_processor(folder: Path, debian: Path, cpuinfo: str) -> None:
    """A root of its own for each processor, since they differ in one file."""
    (folder / "proc").mkdir(parents=True)
    write_atomically(folder / "proc/cpuinfo", cpuinfo)
    for entry in debian.iterdir():
        if entry.name != "proc":
            (folder / entry.name).symlink_to(Path("..", debian.name, entry.name))
