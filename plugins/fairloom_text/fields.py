"""Which text columns a component looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairloom.task import Task


def every_field(named: str | None, task: Task) -> tuple[str, ...]:
    """The one field a setting names, or all fields of the task."""
    return task.fields if named is None else (task.field_of(named),)
