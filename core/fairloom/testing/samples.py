"""Rows, factors and tools to try a component on: small, deterministic, and awkward on purpose.

Names come in several scripts, one of them outside the Basic Multilingual Plane, so that code which
counts bytes or UTF-16 units instead of code points is found out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from fairloom.batch import NAMES, SPANS, row_ids
from fairloom.components import Audit, Tools
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.problems import RecipeError
from fairloom.task import Label, Task

_LABELS = {"card_lost": "lost", "card_broken": "broke"}
_PEOPLE = (
    ("Zoë", "female", "french", "her"),
    ("Paul", "male", "french", "his"),
    ("مريم", "female", "arabic", "her"),
    ("عمر", "male", "arabic", "his"),
    ("O'Neill", "male", "irish", "his"),
    ("\U0001d49cda", "female", "irish", "her"),
    ("李娜", "female", "chinese", "her"),
    ("Łukasz", "male", "polish", "his"),
)
_CITIES = (("Lyon", "france"), ("Oslo", "norway"), ("القاهرة", "egypt"), ("São Paulo", "brazil"))
_AUDITED = {
    "step": "sample",
    "use": "text.length",
    "axis": "label",
    "groups": [
        {"name": "card_lost", "seen": 20, "rejected": 2, "rate": 0.9},
        {"name": "card_broken", "seen": 20, "rejected": 5, "rate": 0.75},
    ],
    "ratio": 0.75 / 0.9,
    "p": 0.2057,
}


def sample_task() -> Task:
    """Two labels, one text field."""
    return Task(
        unit="one message to a bank",
        labels={name: Label(definition=f"the customer {verb} the card") for name, verb in _LABELS.items()},
    )


def sample_factors() -> dict[str, Factor]:
    """The factors ``label``, ``person`` (with a gender, an origin and a pronoun) and ``city``."""
    given, gender, origin, their = zip(*_PEOPLE, strict=True)
    city, country = zip(*_CITIES, strict=True)
    return {
        "label": Factor("label", "label", pa.table({"label": list(_LABELS)}), tuple(_LABELS)),
        "person": Factor(
            "person",
            "protected",
            pa.table({"given": given, "gender": gender, "origin": origin, "their": their}),
            tuple(given),
            balance=("gender", "origin"),
        ),
        "city": Factor("city", "nuisance", pa.table({"city": city, "country": country}), tuple(city)),
    }


def sample_tools(root: Path | None = None, seed: int = 20260411) -> Tools:
    """What ``build`` gets: sample task and factors, a stream of draws, sample rows as ``real``, an audit of one filter.

    Args:
        root: the folder that ``open_path`` opens files below; without it every path is refused.
        seed: of the draws.
    """
    return Tools(
        task=sample_task(),
        factors=sample_factors(),
        draws=Draws(seed).stream("step", "sample"),
        open_path=_opener(root),
        references={"real": lambda: pa.Table.from_batches([sample_rows(32, start=1000)])},
        audit=Audit(steps=("sample",), axes=("label",), entries=(_AUDITED,)),
    )


def sample_rows(n: int = 24, start: int = 0) -> pa.RecordBatch:
    """Rows ``start`` to ``start + n`` of an endless dataset: two members a family, texts with spans.

    Columns are those of ``fairloom.batch``: the system columns, ``label``, ``person``,
    ``person.gender``, ``person.origin``, ``city``, ``text``, ``text.spans``, ``id``.
    """
    numbers = range(start, start + n)
    levels = [_levels(number) for number in numbers]
    written = [_write(*each) for each in levels]
    addresses = pa.array(numbers, pa.int64())
    columns = {
        "address": addresses,
        "family": pa.array([number // 2 for number in numbers], pa.int64()),
        "member": pa.array([number % 2 for number in numbers], pa.int64()),
        "attempt": pa.array([int(number % 5 == 3) for number in numbers], pa.int64()),
        "cell": pa.array([number // 2 % 4 for number in numbers], pa.int64()),
        "label": _names([label for label, _, _ in levels]),
        "person": _names([_PEOPLE[person][0] for _, person, _ in levels]),
        "person.gender": _names([_PEOPLE[person][1] for _, person, _ in levels]),
        "person.origin": _names([_PEOPLE[person][2] for _, person, _ in levels]),
        "city": _names([_CITIES[city][0] for _, _, city in levels]),
        "text": pa.array([text for text, _ in written], pa.string()),
        "text.spans": pa.array([spans for _, spans in written], SPANS),
        "id": row_ids("sample", addresses),
    }
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def briefs_of(rows: pa.RecordBatch, fields: tuple[str, ...]) -> pa.RecordBatch:
    """The rows as a generator gets them first: without their fields, spans and ids."""
    written = {name for field in fields for name in (field, f"{field}.spans")} | {"id"}
    return rows.select([name for name in rows.schema.names if name not in written])


def _levels(number: int) -> tuple[str, int, int]:
    """Label, person and city of a row: every person and city meets both labels."""
    family = number // 2
    return list(_LABELS)[family % 2], (number * 3 + number // 8) % len(_PEOPLE), (number // 3) % len(_CITIES)


def _write(label: str, person: int, city: int) -> tuple[str, list[Mapping[str, Any]]]:
    given, _, _, their = _PEOPLE[person]
    pieces = (
        (given, "person.given"),
        (f" {_LABELS[label]} ", None),
        (their, "person.their"),
        (" card in ", None),
        (_CITIES[city][0], "city"),
        (".", None),
    )
    text = ""
    spans: list[Mapping[str, Any]] = []
    for piece, slot in pieces:
        if slot:
            spans.append({"start": len(text), "end": len(text) + len(piece), "slot": slot, "value": piece})
        text += piece
    return text, spans


def _names(values: list[str]) -> pa.Array:
    return pa.array(values, pa.string()).dictionary_encode().cast(NAMES)


def _opener(root: Path | None) -> Callable[[str], Path]:
    def open_path(path: str) -> Path:
        if root is None:
            raise RecipeError.of(f"{path!r} cannot be opened: these sample tools have no folder; give them a root")
        return root / path

    return open_path
