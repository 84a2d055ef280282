"""Progress bars: shown where there is a terminal, silent elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from skinlite.cli.shared import console
from skinlite.progress import Report


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


@contextmanager
def counting(title: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar over ``total`` equal steps; yields the function that takes one."""
    with _bar() as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def reporting() -> Iterator[Report]:
    """A bar whose title and length change; yields ``report(what, done, total)``.

    A report with ``done == total`` is kept as a line, so that a log file has one line a stage.
    """
    with _bar() as bar:
        task = bar.add_task("", total=None)

        def report(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)
            if done == total:
                console.print(what, markup=False, soft_wrap=True)

        yield report
