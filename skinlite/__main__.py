"""The entry point of ``skinlite``: signals first, then the imports that take their time."""

import os
import signal
import sys

STOPS = ("SIGINT", "SIGTERM", "SIGHUP")


def main() -> None:
    """Run the command line; Ctrl-C ends it with 130 from here to the last line."""
    _handle(lambda *_: os._exit(130))  # nothing has begun that an end could leave half-done
    from skinlite.cli.main import main as command
    from skinlite.scratch import own_temporary_folder
    from skinlite.signals import catching_signals

    try:
        with catching_signals():
            own_temporary_folder()
            command()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        # The outcome is decided. What is left is tidying up, which takes TensorFlow a while.
        _handle(signal.SIG_IGN)


def _handle(handler: object) -> None:
    for name in STOPS:
        number = getattr(signal, name, None)
        # nohup, and a shell for what it starts in the background, ignore one on purpose.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
