"""``python without_amx.py COMMAND...`` runs a command without x86's matrix unit.

A process has to ask Linux for AMX; here it is refused, and XNNPACK takes its AVX512-VNNI kernels.
"""

import ctypes
import os
import struct
import sys

LOAD, EQUAL, ANSWER = 0x20, 0x15, 0x06
ARCH_PRCTL, ARCH_REQ_XCOMP_PERM = 158, 0x1023
ALLOWED, REFUSED = 0x7FFF0000, 0x00050001  # with EPERM
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2

PROGRAM = [  # (operation, skipped if true, if false, number)
    (LOAD, 0, 0, 0),  # the system call
    (EQUAL, 0, 3, ARCH_PRCTL),
    (LOAD, 0, 0, 16),  # its first argument
    (EQUAL, 0, 1, ARCH_REQ_XCOMP_PERM),
    (ANSWER, 0, 0, REFUSED),
    (ANSWER, 0, 0, ALLOWED),
]


def refuse() -> None:
    """Refuse AMX to this process and whatever it becomes, by a seccomp filter."""
    held = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in PROGRAM))
    program = struct.pack("HxxxxxxP", len(PROGRAM), ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(program), 0, 0),
    ):
        if libc.prctl(*call):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    refuse()
    os.execvp(sys.argv[1], sys.argv[1:])
