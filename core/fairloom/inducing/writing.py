"""The folder of an induced recipe: templates, value tables, the recipe, and what could not be used."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from fairloom.inducing.induce import Induced
from fairloom.problems import RecipeError
from fairloom.reading.inline import toml_inline, toml_key

TEMPLATES, VALUES, RECIPE, ABOUT, REPLAY = "templates.jsonl", "values", "recipe.toml", "induced.json", "replay.jsonl"
AGAIN = "replay.toml"

_SHORT = 500
_REPLAY_RECIPE = f"""\
# The real rows themselves, written again by the induced templates from their own values.

gate = []

[recipe]
extends = "{RECIPE}"
rows = "all"

[design]
use = "design.replay"
from = "{REPLAY}"
cross = []
forbid = []

[[step]]
generate = "template"
"""


def write(found: Induced, folder: str | Path, *, name: str, replay: bool = False) -> list[Path]:
    """Write everything below ``folder``, which must not be there yet.

    Args:
        found: What was induced.
        folder: Where to.
        name: The name of the dataset in the recipe.
        replay: Also write the levels of every usable row, which give back the rows themselves.

    Raises:
        RecipeError: There is such a folder.
    """
    target = Path(folder)
    if target.exists():
        raise RecipeError.of(f"{target} exists already", suggestion="choose another folder with -o")
    (target / VALUES).mkdir(parents=True)
    written = [_lines(target / TEMPLATES, templates(found))]
    for slot, values in found.values.items():
        if slot in set(found.factors.values()):
            path = target / VALUES / f"{slot}.csv"
            pyarrow.csv.write_csv(values.table(), path)
            written.append(path)
    written.append(_text(target / RECIPE, recipe(found, name)))
    written.append(_text(target / ABOUT, json.dumps(about(found), indent=2, ensure_ascii=False) + "\n"))
    if replay:
        written.append(_lines(target / REPLAY, replayed(found)))
        written.append(_text(target / AGAIN, _REPLAY_RECIPE))
    return written


def templates(found: Induced) -> pa.Table:
    """The templates in use: ``name``, ``label`` (where there are labels), ``text``, ``count``."""
    columns: dict[str, Any] = {"name": found.template_names()}
    if found.patterns.label is not None:
        columns["label"] = found.patterns.label
    columns |= {"text": found.patterns.text, "count": pa.array(found.patterns.counts)}
    return pa.table(columns).filter(pa.array(found.kept))


def replayed(found: Induced) -> pa.Table:
    """The level of every factor for each usable row: a null where its template has no such slot."""
    rows = np.flatnonzero(found.usable)
    spans = found.rows.spans
    columns: dict[str, Any] = {"template": found.template_names().take(pa.array(found.patterns.of[rows]))}
    if found.rows.label is not None:
        columns = {"label": found.rows.label.take(pa.array(rows)), **columns}
    factor = found.patterns.factor.to_numpy(zero_copy_only=False)
    for name, slot in found.factors.items():
        at = np.full(len(found.rows), -1, dtype=np.int64)
        here = np.flatnonzero(factor == name)
        at[spans.row[here]] = here
        at = at[rows]
        columns[name] = _levels(found, slot, at)
    return pa.table(columns)


def _levels(found: Induced, slot: str, at: Any) -> pa.Array:
    """The name of the level that the spans ``at`` hold; null for -1."""
    spans, table = found.rows.spans, found.values[slot]
    value = spans.value.take(pa.array(at, mask=at < 0))
    if table.label is None or found.rows.label is None:
        return value
    label = found.rows.label.take(pa.array(np.where(at < 0, 0, spans.row[at])))
    keys = zip(table.value.to_pylist(), table.label.to_pylist(), strict=True)
    names = dict(zip(keys, table.name.to_pylist(), strict=True))
    return pa.array([names.get(key) for key in zip(value.to_pylist(), label.to_pylist(), strict=True)], pa.string())


def about(found: Induced) -> dict[str, Any]:
    """What was read, used and refused, as plain data: counts and row numbers, no text of a row."""
    refused = {**found.rows.refused, **found.refused}
    return {
        "files": list(found.files),
        "rows": found.read,
        "usable": int(found.usable.sum()),
        "refused": {
            reason: {"rows": len(numbers), "first": numbers[:20].tolist()} for reason, numbers in refused.items()
        },
        "spans": len(found.rows.spans),
        "spans_trimmed": found.rows.trimmed,
        "templates": int(found.kept.sum()),
        "templates_refused": int((~found.kept).sum()),
        "labels": list(found.labels),
        "slots": {
            slot: {
                "values": len(values.value),
                "left_out": values.left_out,
                "largest_share": round(values.largest, 6),
                "effective_number": round(values.effective, 3),
            }
            for slot, values in found.values.items()
        },
    }


def recipe(found: Induced, name: str) -> str:
    """A recipe that draws templates evenly within each label and values evenly within each slot."""
    return "\n".join(_recipe(found, name)) + "\n"


def _recipe(found: Induced, name: str) -> Iterator[str]:
    yield f"# {name}: induced from annotated rows. Read the templates and value tables before you use what they make,"
    yield "# and say what the labels mean: a definition is what reviewers and models are held to."
    yield ""
    yield from _table("recipe", {"name": name, "version": "0.1.0", "seed": 1, "rows": int(found.usable.sum())})
    yield from _table("task", {"kind": "classification" if found.labels else "spans", "fields": ["text"]})
    if found.labels:
        yield "[task.labels]"
        yield from (
            f"{toml_key(label)} = {{ definition = {toml_inline('what ' + label + ' means')} }}"
            for label in found.labels
        )
        yield ""
    same = {"match": {"label": "label"}} if found.labels else {}
    yield from _table("factors.template", {"from": TEMPLATES, "role": "surface", "key": "name", **same})
    for factor, slot in found.factors.items():
        table = found.values[slot]
        shared = {"key": "name", "match": {"label": "label"}} if table.label is not None else {"key": "value"}
        yield from _table(f"factors.{factor}", {"from": f"{VALUES}/{slot}.csv", "role": "nuisance", **shared})
    cross: Mapping[str, Any] = {"cross": ["label"]} if found.labels else {}
    forbid = list(_different(found))
    yield from _table("design", {"use": "design.balanced", **cross, **({"forbid": forbid} if forbid else {})})
    yield "[[step]]"
    yield 'generate = "template"'
    for use in ("text.structure", "text.duplicates"):
        yield ""
        yield "[[step]]"
        yield f'filter = "{use}"'
    if found.labels:
        yield ""
        yield "[[gate]]"
        yield 'metric = "balance.gap"\nover = ["label"]\nmax = 1'


def _different(found: Induced) -> Iterator[str]:
    """Two factors of one slot stood for two things, so they never hold the same.

    In a long table that is rare anyway, and the rule would relate too many pairs of levels.
    """
    for one, other in itertools.combinations(found.factors, 2):
        slot = found.factors[one]
        if slot == found.factors[other] and len(found.values[slot].value) <= _SHORT:
            yield f"{one} == {other}"


def _table(name: str, keys: Mapping[str, Any]) -> Iterator[str]:
    yield f"[{name}]"
    yield from (f"{key} = {toml_inline(value)}" for key, value in keys.items())
    yield ""


def _lines(path: Path, table: pa.Table) -> Path:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in table.to_pylist():
            json.dump({key: value for key, value in row.items() if value is not None}, file, ensure_ascii=False)
            file.write("\n")
    return path


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
