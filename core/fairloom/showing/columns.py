"""What the columns of a run hold, for whoever meets the data without the recipe; and one row of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fairloom.batch import ANSWER, ATTEMPT, FAMILY, ID, LABEL, MEMBER, MESSAGES, OPTIONS, PLANNED_LABEL
from fairloom.showing import printable
from fairloom.showing.presented import data_files

Tree = Mapping[str, Any]

LONGEST = 400
"""Characters of a text that the example shows."""
_SAID = {
    ID: "the name of the row",
    LABEL: "what the row is, by the plan",
    PLANNED_LABEL: "the label before the rules of the task changed it",
    FAMILY: "the rows with one number were drawn together and differ on purpose only",
    MEMBER: "the place of the row in its family",
    ATTEMPT: "how often the family was rejected and made again before",
    OPTIONS: "the answers to choose from",
    ANSWER: "the place of the right one, from 0",
    MESSAGES: "the turns of a conversation",
}

_OF_FIELDS = {
    "spans": "where slots stand in {}: from start up to end, counted in code points",
    "edits": "what was changed in {}, in order: old became new, which then stood from start up to end",
    "expect": "where an edit of {} may move the probability of a label",
}


def described(folder: Path, manifest: Tree) -> list[tuple[str, str, str]]:
    """Name, type and meaning of every column."""
    parts = _parts(folder, manifest)
    if not parts:
        return []
    recipe = manifest["recipe"]
    fields = recipe.get("task", {}).get("fields", ["text"])
    kinds = {name: _kind(factor) for name, factor in recipe.get("factors", {}).items()}
    schema = pq.read_schema(parts[0])
    return [(column.name, _type(column.type), _meaning(column.name, fields, kinds)) for column in schema]


def example(folder: Path, manifest: Tree) -> str | None:
    """The first row as JSON, long texts cut; ``None`` where there is none."""
    for part in _parts(folder, manifest):
        batch = next(pq.ParquetFile(part).iter_batches(batch_size=1), None)
        if batch is not None and batch.num_rows:
            row = {key: _cut(value) for key, value in batch.to_pylist()[0].items()}
            lines = ",\n".join(f"  {_json(key)}: {_json(value)}" for key, value in row.items())
            return printable.block("{\n" + lines + "\n}")
    return None


def _parts(folder: Path, manifest: Tree) -> list[Path]:
    paths = [folder / file["path"] for file in data_files(manifest) if file["path"].startswith("data/")]
    return [path for path in paths if path.suffix == ".parquet" and path.is_file()]


def _kind(factor: Tree) -> str:
    drawn = "sample" in factor
    return "a value drawn for the row" if drawn else f"the planned level of a {factor.get('role', 'nuisance')} factor"


def _meaning(name: str, fields: list[str], kinds: Mapping[str, str]) -> str:
    owner, _, rest = name.partition(".")
    if name in _SAID:
        return _SAID[name]
    if name in fields:
        return "a text"
    if owner in fields and rest in _OF_FIELDS:
        return _OF_FIELDS[rest].format(owner)
    if name in kinds:
        return kinds[name]
    return f"the attribute {rest} of the planned level of {owner}" if owner in kinds else "written by a step"


def _type(kind: Any) -> str:
    if pa.types.is_dictionary(kind):
        return _type(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list of {_type(kind.value_type)}"
    if pa.types.is_struct(kind):
        return f"record ({', '.join(field.name for field in kind)})"
    return "text" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else str(kind)


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + " ..."
    return [_cut(each) for each in value] if isinstance(value, list) else value


def _json(value: Any) -> str:
    """As JSON that can stand in a page: no tag begins in it."""
    return json.dumps(value, ensure_ascii=False, default=str).replace("<", "\\u003c")
