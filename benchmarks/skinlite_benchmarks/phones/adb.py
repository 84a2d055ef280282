"""One Android phone behind ``adb``: find it, describe it, copy to it, run on it, clean up.

``adb`` is Android's own (platform-tools, or Debian's package adb) and has to be on PATH.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import NoReturn

from skinlite.errors import InputError

SCRATCH = "/data/local/tmp"
"""Where adb's shell may write and execute without root."""

STATES = {
    "unauthorized": "unlock it and allow USB debugging in the dialog that it shows",
    "offline": "unplug it and plug it in again",
    "no permissions": "adb may not open it; see 'udev rules' in Android's documentation of adb",
}


class Phone:
    """A phone that adb reaches.

    Attributes:
        serial: how adb names it.
    """

    def __init__(self, serial: str) -> None:
        self.serial = serial

    def shell(self, command: str) -> str:
        """Standard output and error of a command line that the phone's shell runs.

        Raises:
            InputError: it failed, with its last words; or the phone went away.
        """
        done = self._adb("shell", command)
        output = (done.stdout + done.stderr).replace("\r\n", "\n")
        if done.returncode:
            self.fail(command, output)
        return output

    def push(self, local: Path, remote: str) -> None:
        """Copy a file to the phone.

        Raises:
            InputError: no room, or the phone went away.
        """
        done = self._adb("push", str(local), remote)
        if done.returncode:
            self.fail(f"push {local.name}", done.stdout + done.stderr)

    def fail(self, doing: str, message: str) -> NoReturn:
        """Say whether the phone went away, or what was asked of it failed.

        Raises:
            InputError: always.
        """
        if self._adb("get-state").stdout.strip() != "device":
            raise InputError(
                f"The phone {self.serial} was disconnected during {doing!r}. Plug it in "
                "again, keep it awake, check 'adb devices', and run the command again. Files may "
                f"still be on the phone: {SCRATCH}/skinlite-*"
            )
        reason = message.strip().rpartition("\n")[2] or "no message"
        raise InputError(f"On the phone {self.serial}, {doing!r} failed: {reason}")

    @contextmanager
    def folder(self) -> Iterator[str]:
        """A folder on the phone, removed in the end whatever happens.

        What runs there and wrote its process id to ``pid`` is ended too: Ctrl-C here stops adb,
        not what adb had started.
        """
        path = f"{SCRATCH}/skinlite-{token_hex(4)}"
        try:
            self.shell(f"mkdir {path}")
            yield path
        finally:
            self._adb("shell", f"kill $(cat {path}/pid) 2>/dev/null; rm -rf {path}")

    def _adb(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _adb("-s", self.serial, *arguments)


def connect(serial: str | None = None) -> Phone:
    """The phone that is plugged in; the one of that serial number where there are several.

    Raises:
        InputError: no adb, no phone, several, or one that doesn't let us in.
    """
    if shutil.which("adb") is None:
        raise InputError(
            "This needs adb, which is not on PATH. It comes with Android's platform-tools; on "
            "Debian or Ubuntu: apt-get install adb"
        )
    listed = _adb("devices")
    if listed.returncode:
        raise InputError(f"adb devices failed: {listed.stderr.strip() or listed.stdout.strip()}")
    # The first line is a title; lines that begin with * tell of adb's own server.
    lines = [line.split("\t", 1) for line in listed.stdout.splitlines()[1:] if "\t" in line]
    states = {name: state.strip() for name, state in lines}
    if serial is not None and serial not in states:
        raise InputError(f"adb sees no phone {serial}; it sees: {_names(states)}.")
    if serial is None and len(states) > 1:
        raise InputError(f"adb sees {_names(states)}: choose one with --serial.")
    if not states:
        raise InputError(
            "adb sees no phone. Plug one in, enable USB debugging in its developer options, and "
            "check 'adb devices'."
        )
    chosen = serial or next(iter(states))
    if states[chosen] != "device":
        advice = next((text for key, text in STATES.items() if states[chosen].startswith(key)), "")
        raise InputError(f"The phone {chosen} is {states[chosen]}: {advice or 'see adb devices'}.")
    return Phone(chosen)


def _names(states: dict[str, str]) -> str:
    return ", ".join(states) or "none"


def _adb(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["adb", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
