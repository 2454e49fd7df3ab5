"""What can be wrong, and how it is said: one problem, one line, one way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import attrs


@attrs.frozen(order=False)
class Problem:
    """One thing that is wrong, where it stands and what would mend it.

    ``path`` is the key path in the recipe (``("step", 0, "threshold")``); ``file``, ``line`` and
    ``column`` (both from 1) are filled in as far as they are known.
    """

    message: str
    path: tuple[str | int, ...] = ()
    file: str | None = None
    line: int | None = None
    column: int | None = None
    suggestion: str | None = None

    def render(self) -> str:
        """``file:line:col: key.path: what is wrong; what to do``."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        key = dotted(self.path)
        said = "; ".join(part for part in (self.message, self.suggestion) if part)
        return ": ".join(part for part in (place, key, said) if part)


def dotted(path: Iterable[str | int]) -> str:
    """``("step", 0, "max")`` as ``step[0].max``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A suggestion for a misspelt ``word``, or the list of what is known when it is short."""
    names = sorted(known)
    close = nearest(word, names)
    if close is not None:
        return f"did you mean {close!r}?"
    if names and len(names) <= 12:
        return "known: " + ", ".join(names)
    return None


def nearest(word: str, known: Iterable[str], *, alike: float = 0.6) -> str | None:
    """The one of ``known`` that ``word`` may be a misspelling of: at least so much ``alike`` (0 to 1, ``difflib``)."""
    return next(iter(difflib.get_close_matches(word, sorted(known), n=1, cutoff=alike)), None)


def unknown_key(key: str, known: Iterable[str], path: tuple[str | int, ...] = ()) -> Problem:
    """The problem of a key that nothing reads, in the table at ``path``."""
    return Problem(f"unknown key {key!r}", (*path, key), suggestion=did_you_mean(key, known))


class FairloomError(Exception):
    """Any error fairloom raises on purpose. ``exit_code`` is what the command line ends with."""

    exit_code = 3


class RecipeError(FairloomError):
    """The recipe or the call is wrong; carries every problem found, in file order."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems sorted by place, each once."""
        self.problems = tuple(sorted(dict.fromkeys(problems), key=_place))
        super().__init__("\n".join(problem.render() for problem in self.problems))

    @classmethod
    def of(cls, message: str, *path: str | int, suggestion: str | None = None) -> RecipeError:
        """A recipe error with one problem at ``path``."""
        return cls([Problem(message, path=path, suggestion=suggestion)])


class PluginError(FairloomError):
    """A plugin is missing, broken, in conflict or misbehaves; the message names it and its version."""

    exit_code = 3


class RunError(FairloomError):
    """The run could not go on; the message says what was kept and how to go on."""

    exit_code = 3


class ModelError(RunError):
    """A language model or its limits stopped the run: no fault of the component that asked."""


class BudgetError(RunError):
    """A limit that the recipe sets is reached. No component is to blame; the same call goes on with a larger limit."""


def _place(problem: Problem) -> tuple[str, int, int, str]:
    return (problem.file or "", problem.line or 0, problem.column or 0, dotted(problem.path))
