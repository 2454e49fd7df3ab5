"""Structured logs: readable lines on stderr, JSON lines in the run folder.

Nothing global is configured. ``terminal()`` makes a logger; ``recording()`` lends it a file for the
length of a run. Values come from recipes and models, so control characters never reach a terminal.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog

from fairloom.showing import printable

Level = Literal["debug", "info", "warning", "error", "critical"]
Event = MutableMapping[str, Any]
Output = Callable[[Event], None]
Log = structlog.typing.FilteringBoundLogger
"""A logger: ``log.info("part written", part=3, rows=65_536)``; ``log.bind(step="length")``."""

FILE = "log.jsonl"
_NUMBERS: Mapping[str, int] = logging.getLevelNamesMapping()


def terminal(level: Level = "warning", stream: TextIO | None = None) -> Log:
    """A logger whose lines of at least ``level`` go to ``stream`` (stderr unless given)."""
    return _logger([_Lines(level, stream)])


@contextmanager
def recording(log: Log, path: Path) -> Iterator[Log]:
    """``log``, writing every event also to ``path`` as a line of JSON, until the block is left.

    The file is appended to, so a resumed run keeps the log of its first part.
    """
    with path.open("a", encoding="utf-8", newline="\n") as file:
        yield _logger([*_outputs(log), _JsonLines(file)]).bind(**structlog.get_context(log))


class _Lines:
    """``warning  step rejected every row  step='length'``."""

    def __init__(self, level: Level, stream: TextIO | None) -> None:
        self._least = _NUMBERS[level.upper()]
        self._stream = stream

    def __call__(self, event: Event) -> None:
        if _NUMBERS[event["level"].upper()] < self._least:
            return
        # sys.stderr is looked up now: a progress bar may stand in for it while it is drawn.
        print(_human(event), file=self._stream or sys.stderr, flush=True)


class _JsonLines:
    """One JSON object per event, flushed at once: a killed run keeps its log."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __call__(self, event: Event) -> None:
        first = {key: event[key] for key in ("time", "level", "event")}
        self._file.write(json.dumps({**first, **event}, ensure_ascii=True, default=str) + "\n")
        self._file.flush()


class _Fan:
    """The logger structlog wraps: hands each event to every output."""

    def __init__(self, outputs: list[Output]) -> None:
        self.outputs = outputs

    def msg(self, event: Event) -> None:
        """Give ``event`` to every output."""
        for output in self.outputs:
            output(event)

    log = debug = info = warning = error = critical = msg


def _logger(outputs: list[Output]) -> Log:
    wrapped: Log = structlog.wrap_logger(
        _Fan(outputs),
        processors=[
            structlog.processors.add_log_level,
            _add_time,
            structlog.processors.format_exc_info,
            _as_argument,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        cache_logger_on_first_use=False,
    ).bind()
    return wrapped


def _outputs(log: Log) -> list[Output]:
    fan: Any = vars(log)["_logger"]  # structlog has no public way to what a logger wraps
    outputs: list[Output] = fan.outputs
    return outputs


def _add_time(_logger: Any, _method: str, event: Event) -> Event:
    return {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **event}


def _as_argument(_logger: Any, _method: str, event: Event) -> tuple[tuple[Event], dict[str, Any]]:
    return (event,), {}


def _human(event: Event) -> str:
    known = {"time", "level", "event", "exception"}
    values = "  ".join(f"{key}={_value(value)}" for key, value in event.items() if key not in known)
    line = "  ".join(part for part in (f"{event['level']:<7}", printable.line(event["event"]), values) if part)
    trace = event.get("exception")
    return line + ("\n" + printable.block(trace) if trace else "")


def _value(value: Any) -> str:
    text = printable.line(value)
    return f"'{text}'" if not text or " " in text else text
