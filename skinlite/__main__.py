"""The entry point of ``skinlite``: signals first, then the imports that take their time."""

import signal
import sys

from skinlite.signals import STOPS, catching_signals


def main() -> None:
    """Run the command line; Ctrl-C ends it with 130 from the first import to the last line."""
    try:
        with catching_signals():
            from skinlite.scratch import own_temporary_folder

            own_temporary_folder()
            from skinlite.cli.main import main as command

            command()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        # The outcome is decided. What is left is tidying up, which takes TensorFlow a while.
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
