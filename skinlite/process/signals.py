"""Ctrl-C and a shutdown: they stop the work wherever they land, and never half-way through a move.

A signal raises KeyboardInterrupt in the main thread, as Python does by itself. That is not enough:
a library that called back into Python may swallow it, and the work goes on. So it is also noted,
and raised again every `AGAIN_S` until it is on its way out, or was taken by who waits for it.
"""

import signal
import sys
import threading
import time
from _thread import interrupt_main, start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])

AGAIN_S = 0.1
STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
WAKE = getattr(signal, "SIGURG", signal.SIGINT)
"""What wakes the main thread: a signal that does nothing to a program that doesn't ask for it."""

_asked: list[int] = []
"""The signals that nobody has taken yet."""

_whole: set[CodeType] = set()


@contextmanager
def catching_signals() -> Iterator[None]:
    """Let signals stop what is enclosed, by a KeyboardInterrupt; only in the main thread."""
    before = {number: signal.getsignal(number) for number in (*STOPS, WAKE)}
    report, show = sys.unraisablehook, sys.excepthook
    sys.unraisablehook = lambda error: None if _comes_again(error.exc_type) else report(error)
    sys.excepthook = lambda kind, *error: None if _comes_again(kind) else show(kind, *error)
    signal.signal(WAKE, _raise)
    for number in STOPS:
        # nohup, and a shell for what it starts in the background, ignore one on purpose.
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, _note)
    try:
        yield
    finally:
        taken()
        for number, handler in before.items():
            if handler is not None:  # one that Python didn't set
                signal.signal(number, handler)
        sys.unraisablehook, sys.excepthook = report, show


def _comes_again(error: type[BaseException]) -> bool:
    """Whether what a library swallowed is an interruption: no need to print it.

    A callback of Python's does; and numpy's import_array, which prints what stopped it and raises
    an ImportError.
    """
    return bool(_asked) and issubclass(error, KeyboardInterrupt)


def taken() -> bool:
    """Whether there was a signal; from here on it counts as dealt with.

    To be called in the ``except KeyboardInterrupt`` of who goes on after it.
    """
    was, _asked[:] = bool(_asked), []
    return was


def whole(task: T) -> T:
    """Decorate what a signal must not end half-way: it is raised when the task is done.

    For tasks that are short. They are known by the frames on the stack, not by a switch that they
    turn: a signal could come between the beginning of a task and its switch.
    """
    _whole.add(task.__code__)
    return task


def _note(number: int, frame: FrameType | None) -> None:
    _asked.append(number)
    if len(_asked) == 1:
        start_new_thread(_wake, ())
    _raise(number, frame)


def _raise(number: int, frame: FrameType | None) -> None:
    """Raise the interruption that is due, unless it is on its way or has to wait."""
    if not _asked or _on_its_way():
        return
    while frame is not None:
        if frame.f_code in _whole:
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _on_its_way() -> bool:
    """Whether what was interrupted is leaving for an interruption already, and cleaning up."""
    error = sys.exception()
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False


def _wake() -> None:
    """Remind the main thread until the signal is taken; a wait of its ends early."""
    main = threading.main_thread().ident
    assert main is not None
    while _asked:
        time.sleep(AGAIN_S)
        if _asked and hasattr(signal, "pthread_kill"):
            signal.pthread_kill(main, WAKE)
        elif _asked:
            interrupt_main(WAKE)
