"""What a prompt sees: facts of the task, the levels of a row, and nothing that can be run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import pyarrow as pa

from fairloom.batch import LABEL, decoded
from fairloom.components import Tools
from fairloom.factors import Factor
from fairloom.task import Between, Task


class Level(Mapping[str, Any]):
    """One level: ``{{ person }}`` writes its first form, ``{{ person.they }}`` one of its attributes."""

    def __init__(self, form: str, attributes: Mapping[str, Any]) -> None:
        """Keep what it writes and its attributes."""
        self._form = form
        self._attributes = attributes

    def __getitem__(self, key: str) -> Any:
        return self._attributes[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def __str__(self) -> str:
        return self._form


def facts(task: Task) -> dict[str, Any]:
    """The task as prompts see it under ``task``."""
    bounds = task.constraints
    return {
        "kind": task.kind,
        "unit": task.unit or "one text",
        "labels": [{"name": name, "definition": label.definition} for name, label in task.labels.items()],
        "never": list(task.never.values()),
        "must": list(bounds.must),
        "must_not": list(bounds.must_not),
        "words": _said(bounds.words, "words"),
        "characters": _said(bounds.characters, "characters"),
    }


def _said(bound: Between | None, unit: str) -> str:
    if bound is None:
        return ""
    if bound.min is not None and bound.max is not None:
        return f"{bound.min} to {bound.max} {unit}"
    return f"at least {bound.min} {unit}" if bound.min is not None else f"at most {bound.max} {unit}"


@attrs.frozen(eq=False)
class Facts:
    """Everything about rows that does not depend on what a model wrote."""

    task: Mapping[str, Any]
    definitions: Mapping[str, str]
    factors: Mapping[str, Factor]
    levels: Mapping[str, Mapping[str, Level]]

    @classmethod
    def of(cls, tools: Tools) -> Facts:
        """The facts of a recipe."""
        levels = {name: levels_of(factor) for name, factor in tools.factors.items() if factor.size}
        definitions = {name: label.definition for name, label in tools.task.labels.items()}
        return cls(facts(tools.task), definitions, tools.factors, levels)

    def of_levels(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What a prompt sees for levels given by name: those factors, ``brief``, ``row`` and ``task``."""
        return self._of(row)

    def of_rows(self, rows: pa.RecordBatch) -> list[dict[str, Any]]:
        """Per row: each factor under its name, all of them under ``brief``, the other columns under ``row``."""
        columns = {name: decoded(rows.column(name)).to_pylist() for name in rows.schema.names}
        return [self._of({name: values[at] for name, values in columns.items()}) for at in range(rows.num_rows)]

    def _of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        known = {name: self._level(name, row.get(name)) for name in self.factors}
        brief = [
            {"name": name, "role": self.factors[name].role, "value": level, "attributes": _attributes(level)}
            for name, level in known.items()
            if name != LABEL and level is not None
        ]
        return {
            LABEL: None,
            **known,
            "definition": self.definitions.get(str(row.get(LABEL)), ""),
            "brief": brief,
            "row": dict(row),
            "task": self.task,
        }

    def _level(self, name: str, value: Any) -> Any:
        """The level of that name; a drawn value as it is."""
        return self.levels[name].get(value) if name in self.levels else value


def levels_of(factor: Factor) -> dict[str, Level]:
    """The levels of a factor by their names."""
    records = factor.table.to_pylist()
    forms = factor.forms.to_pylist()
    return {name: Level(forms[at] or "", records[at]) for at, name in enumerate(factor.names)}


def _attributes(level: Any) -> list[dict[str, Any]]:
    """The attributes of a level that say more than its form does."""
    if not isinstance(level, Level):
        return []
    pairs = [(key, value) for key, value in level.items() if isinstance(value, str) and value != str(level)]
    return [{"name": key, "value": value} for key, value in pairs]
