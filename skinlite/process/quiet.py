"""Keep libraries' start-up chatter, written to stderr from C++, off the user's screen."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Send the process's stderr to nowhere; exceptions still come through.

    For the few calls that print whatever the log level: importing TensorFlow, converting, and
    loading a LiteRT interpreter.
    """
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
