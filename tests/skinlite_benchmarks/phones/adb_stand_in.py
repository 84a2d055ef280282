"""Stands in for ``adb``: no phone and no Android here.

The "phone" is the folder $PHONE: its shell is this machine's with /data/local/tmp moved there, its
properties are those of ``getprop`` below. ``$PHONE/devices`` is what ``adb devices`` lists;
``$PHONE/leaves_at`` names the command at which the phone goes away.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PHONE = Path(os.environ["PHONE"])
PROPERTIES = {
    "ro.product.manufacturer": "Maker",
    "ro.product.model": "Phone 9",
    "ro.soc.model": "SoC 1",
    "ro.build.version.release": "15",
    "ro.product.cpu.abi": "arm64-v8a",
}
ROOT = "/data/local/tmp"


def listed() -> str:
    return (PHONE / "devices").read_text()


def main(arguments: list[str]) -> int:
    with (PHONE / "calls").open("a") as calls:
        print(*arguments, file=calls)
    if arguments == ["devices"]:
        print(f"List of devices attached\n{listed()}")
        return 0
    serial, command, *rest = arguments[1:]
    leaves = PHONE / "leaves_at"
    if leaves.exists() and leaves.read_text() in " ".join([command, *rest]):
        (PHONE / "devices").write_text("")
    if f"{serial}\tdevice" not in listed():
        print(f"error: device '{serial}' not found", file=sys.stderr)
        return 1
    if command == "get-state":
        print("device")
    elif command == "push":
        shutil.copyfile(rest[0], rest[1].replace(ROOT, str(PHONE)))
    elif command == "shell":
        cases = "".join(f"{key}) echo '{value}';; " for key, value in PROPERTIES.items())
        getprop = f"getprop() {{ case $1 in {cases} *) echo;; esac; }}; "
        return subprocess.run(["sh", "-c", getprop + rest[0].replace(ROOT, str(PHONE))]).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
