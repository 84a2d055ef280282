"""Keep libraries' start-up chatter, written from C++, off the user's screen."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silenced(descriptor: int = 2) -> Iterator[None]:
    """Send the process's stderr, or stdout (1), to nowhere; exceptions still come through.

    For the few calls that print whatever the log level: importing TensorFlow, converting, and
    loading a LiteRT interpreter.
    """
    (sys.stdout if descriptor == 1 else sys.stderr).flush()
    saved, nowhere = os.dup(descriptor), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, descriptor)
        yield
    finally:
        os.dup2(saved, descriptor)
        os.close(saved)
        os.close(nowhere)
