"""Which text columns a component looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.problems import RecipeError, did_you_mean

if TYPE_CHECKING:
    from fairloom.task import Task


def main_field(named: str | None, task: Task) -> str:
    """The field a setting names, or the first field of the task."""
    return every_field(named, task)[0]


def every_field(named: str | None, task: Task) -> tuple[str, ...]:
    """The one field a setting names, or all fields of the task."""
    if named is None:
        return task.fields
    if named not in task.fields:
        message = f"{named!r} is not a field of the task"
        raise RecipeError.of(message, "field", suggestion=did_you_mean(named, task.fields))
    return (named,)
