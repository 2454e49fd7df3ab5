"""Validators of single recipe values. Each raises ``ValueError`` in the words of the recipe."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from fairloom.problems import Problem, RecipeError

Validator = Callable[[Any, Any, Any], None]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
NAME_RULE = "names are made of letters, digits and _, and do not begin with a digit"


def between(low: int, high: int | None = None) -> Validator:
    """``low <= value <= high``, for integers; other values (``"all"``, none) are not its business."""

    def check(_instance: object, _field: object, value: Any) -> None:
        if not isinstance(value, int | float):
            return
        if value < low:
            msg = f"must be at least {low}, got {value}"
            raise ValueError(msg)
        if high is not None and value > high:
            msg = f"must be at most {high}, got {value}"
            raise ValueError(msg)

    return check


def not_blank(_instance: object, _field: object, value: Any) -> None:
    """Text, if it is given, must say something, on one line."""
    if value is not None and (not value.strip() or not value.isprintable()):
        msg = f"must be text on one line, got {value!r}"
        raise ValueError(msg)


def not_empty(_instance: object, _field: object, value: Any) -> None:
    """An array or table, if it is given, must have something in it."""
    if value is not None and not value:
        msg = "must not be empty"
        raise ValueError(msg)


def distinct(_instance: object, _field: object, value: Any) -> None:
    """No item twice."""
    twice = [item for item, count in Counter(value).items() if count > 1]
    if twice:
        msg = f"holds {twice[0]!r} twice"
        raise ValueError(msg)


def names(_instance: object, field: Any, value: Any) -> None:
    """Every item can be used in conditions, axes and templates."""
    problems = [
        Problem(f"{name!r} is no usable name", (field.name, index), suggestion=NAME_RULE)
        for index, name in enumerate(value)
        if not NAME.match(name)
    ]
    if problems:
        raise RecipeError(problems)
