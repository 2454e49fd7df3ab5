"""Progress of long work: a bar on a terminal once a second has passed, otherwise silence."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

PATIENCE = 1.0
"""Seconds of work before a bar is shown."""
_BETWEEN = 0.1
"""Seconds between two drawings."""


class Progress(Protocol):
    """What a run reports its progress to. Calls come from the main process only."""

    def stage(self, name: str) -> None:
        """The run enters a new stage: ``writing``, ``filtering``, ``measuring``."""

    def start(self, total: int | None, what: str) -> None:
        """Work begins on ``total`` things of this kind; ``None`` when nobody knows how many."""

    def advance(self, n: int = 1) -> None:
        """``n`` more things are done."""

    def note(self, text: str) -> None:
        """How a slow part of the work goes, until the next thing is done."""

    def done(self) -> None:
        """Nothing more will come."""


class Silent:
    """Says nothing."""

    def stage(self, name: str) -> None:
        """Ignored."""

    def start(self, total: int | None, what: str) -> None:
        """Ignored."""

    def advance(self, n: int = 1) -> None:
        """Ignored."""

    def note(self, text: str) -> None:
        """Ignored."""

    def done(self) -> None:
        """Ignored."""


class Bar:
    """One line on a terminal with stage, bar, count and time.

    It has no thread of its own: a thread could hold a lock at the moment a worker process is forked. It
    draws when it is told something, at most ten times a second.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Draw on ``stream``, by the time of ``clock``."""
        self._stream, self._clock = stream, clock
        self._began = clock()
        self._drawn = 0.0
        self._stage, self._what, self._total, self._count = "", "", None, 0
        self._note = ""
        self._rich: RichProgress | None = None

    def stage(self, name: str) -> None:
        """Name the stage; its count begins at nothing."""
        self._stage, self._what, self._total, self._count = name, "", None, 0
        self._draw(now=True)

    def start(self, total: int | None, what: str) -> None:
        """Count up to ``total`` things."""
        self._what, self._total, self._count = what, total, 0
        self._draw(now=True)

    def advance(self, n: int = 1) -> None:
        """Count ``n`` more."""
        self._count += n
        self._note = ""
        self._draw(now=False)

    def note(self, text: str) -> None:
        """Show ``text`` behind the name of the work."""
        self._note = text
        self._draw(now=False)

    def done(self) -> None:
        """Take the bar off the terminal."""
        if self._rich is not None:
            self._rich.stop()
            self._rich = None

    _total: int | None

    def _draw(self, *, now: bool) -> None:
        time_now = self._clock()
        if time_now - self._began < PATIENCE or not (now or time_now - self._drawn >= _BETWEEN):
            return
        if self._rich is None:
            self._rich = _rich_bar(self._stream)
        self._drawn = time_now
        name = " ".join(part for part in (self._stage, self._what, self._note) if part)
        self._rich.update(self._rich.task_ids[0], description=name, total=self._total, completed=self._count)
        self._rich.refresh()


def _rich_bar(stream: TextIO) -> RichProgress:
    from rich import progress as rich  # noqa: PLC0415 - imported only where a terminal shows it
    from rich.console import Console  # noqa: PLC0415

    columns = (rich.TextColumn("{task.description}", markup=False), rich.BarColumn(), rich.MofNCompleteColumn())
    bar = rich.Progress(
        *columns, rich.TimeElapsedColumn(), console=Console(file=stream), auto_refresh=False, transient=True
    )
    bar.add_task("", total=None)
    bar.start()
    return bar


@contextmanager
def shown(*, silent: bool = False, stream: TextIO | None = None) -> Iterator[Progress]:
    """A progress to report to, taken off the terminal at the end, also after an error.

    ``stream`` is stderr unless given; a stream that is no terminal gets nothing.
    """
    target = stream or sys.stderr
    progress: Progress = Silent() if silent or not target.isatty() else Bar(target)
    try:
        yield progress
    finally:
        progress.done()
