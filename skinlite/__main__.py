"""The entry point of ``skinlite``: signals first, then the imports that take their time."""

import atexit
import os
import signal
import sys
from contextlib import suppress

STOPS = ("SIGINT", "SIGTERM", "SIGHUP")
_interrupted: list[bool] = []


def main() -> None:
    """Run the command line; Ctrl-C ends it with 130 from here to the last line."""
    _handle(lambda *_: os._exit(130))  # nothing has begun that an end could leave half-done
    atexit.register(_end)  # first of all, so that it runs last
    from skinlite.cli.main import main as command
    from skinlite.files.scratch import own_temporary_folder
    from skinlite.process.signals import catching_signals

    try:
        with catching_signals():
            own_temporary_folder()
            command()
    except KeyboardInterrupt:
        _interrupted.append(True)
        sys.exit(130)
    except SystemExit as end:
        if end.code == 130:
            _interrupted.append(True)
        raise
    finally:
        # The outcome is decided. What is left is tidying up, which takes TensorFlow a while.
        _handle(signal.SIG_IGN)


def _end() -> None:
    """End with 130: ``python -m`` ends by SIGINT once one was raised in ``exec`` of a text.

    Whoever caught it; and such a text is in every dataclass and named tuple that is imported.
    """
    if _interrupted:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(130)


def _handle(handler: object) -> None:
    for name in STOPS:
        number = getattr(signal, name, None)
        # nohup, and a shell for what it starts in the background, ignore one on purpose.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
