"""How one row came about: read from the run folder, made again from its recipe, and the two compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fairloom.batch import ATTEMPT, FAMILY, MEMBER, REASON, STEP, spans_of
from fairloom.components import Generator
from fairloom.edits import edits_of
from fairloom.factors import Factor
from fairloom.problems import RecipeError, RunError
from fairloom.reading.keys import keys
from fairloom.reading.load import recipe_of
from fairloom.results import Run
from fairloom.showing import papers
from fairloom.verify import recipe_root
from fairloom.weaving.finish import Shape
from fairloom.weaving.loom import Loom
from fairloom.weaving.manifest import identity
from fairloom.weaving.prepare import prepare

Row = dict[str, Any]


@attrs.frozen(kw_only=True)
class Level:
    """The level of one factor: its name, the attributes that the row shows or its text uses, and all it has."""

    factor: str
    role: str
    name: str | None
    shown: Mapping[str, Any]
    attributes: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Explanation:
    """A row and what led to it.

    ``split`` is empty without splits. ``row`` is as stored, ``family`` the stored rows of its family in order,
    ``ledger`` the rejected candidates of the family. ``template`` has ``name`` and the ``text`` it was written from.
    ``edits`` are the changes that rules made to the texts, each with ``field``, ``start``, ``end``, ``old``, ``new``
    and ``rule``. ``changed`` names what is not as it was when the run was made, ``differences`` the columns that come
    out otherwise now. Where the recipe cannot be read again, ``why_not`` says why, and what comes from it is empty.
    """

    address: int
    split: str
    row: Row
    fields: tuple[str, ...]
    family: tuple[Row, ...]
    ledger: tuple[Row, ...]
    steps: tuple[Mapping[str, Any], ...]
    cell: Mapping[str, str] = attrs.field(factory=dict)
    template: Mapping[str, str] | None = None
    levels: tuple[Level, ...] = ()
    edits: tuple[Mapping[str, Any], ...] = ()
    changed: tuple[str, ...] = ()
    differences: tuple[Mapping[str, Any], ...] = ()
    why_not: str | None = None

    @property
    def same(self) -> bool:
        """Whether the recipe makes the row as it is stored."""
        return self.why_not is None and not self.differences


def explain(
    folder: str | Path, row: str, *, recipe: str | Path | None = None, allow: Iterable[str | Path] = ()
) -> Explanation:
    """Explain a row of a finished run.

    Args:
        folder: The run folder.
        row: An id (``name-00000042``), an address (``42``) or a place in the data from 1 (``#43``).
        recipe: Where the recipe is now; where it was run from if ``None``.
        allow: Folders outside the recipe's own that it may read.

    Raises:
        RunError: There is no finished run, or it has no such row.
        RecipeError: ``row`` is none of the three.
    """
    run = Run.open(folder)
    members = int(run.manifest["members"])
    with papers.rows_read(run.path):
        address = _address(run, row, members)
        if address >= int(run.manifest["asked"]):
            raise RunError(_missing(run, address, ()))
        family, member = divmod(address, members)
        found = _family(run, family)
        ledger = tuple(_ledger(papers.files(run.path, run.manifest, "rejected"), family))
    stored = next(((split, each) for split, each in found if each[MEMBER] == member), None)
    if stored is None:
        raise RunError(_missing(run, address, ledger))
    split, mine = stored
    facts: dict[str, Any] = {
        "address": address,
        "split": split,
        "row": mine,
        "family": tuple(each for _, each in found),
        "ledger": ledger,
        "steps": tuple(run.manifest["counts"]["steps"]),
    }
    try:
        root = recipe_root(run.path.resolve(), run.manifest, recipe)
        loom = prepare(recipe_of(run.manifest["recipe"], root), allow)
    except (RunError, RecipeError) as error:
        fields = tuple(recipe_of(run.manifest["recipe"], run.path).task.fields)
        return Explanation(**facts, fields=fields, why_not=str(error))
    made = _made_again(loom, mine)
    return Explanation(
        **facts,
        fields=loom.recipe.task.fields,
        cell=_cell(loom, family),
        template=_template(loom, mine),
        levels=tuple(_levels(loom, mine)),
        edits=tuple(_edits(loom, mine, root, allow)),
        changed=tuple(_changed(run.manifest["identity"], identity(loom))),
        differences=tuple(_differences(mine, made)),
    )


def _address(run: Run, row: str, members: int) -> int:
    name = run.manifest["identity"]["name"]
    text = row.removeprefix(f"{name}-")
    if text.isdecimal():
        return int(text)
    if row.startswith("#") and row[1:].isdecimal():
        places = pa.concat_tables(
            pq.read_table(file, columns=[FAMILY, MEMBER], partitioning=None) for file in run.files
        )
        addresses = np.sort(places[FAMILY].to_numpy() * members + places[MEMBER].to_numpy())
        place = int(row[1:])
        if not 1 <= place <= len(addresses):
            raise RunError(f"there is no row {place:,}: the data have {len(addresses):,}")
        return int(addresses[place - 1])
    way = f"give an id ({name}-00000042), an address (42) or a place in the data (#43)"
    raise RecipeError.of(f"{row!r} is no row of {name}", suggestion=way)


def _family(run: Run, family: int) -> list[tuple[str, Row]]:
    """The stored rows of a family with their split, in order of member."""
    found = [(file, each) for file in run.files for each in _rows(file, family)]
    named = [(file.parent.name if run.manifest.get("splits") else "", each) for file, each in found]
    return sorted(named, key=lambda entry: int(entry[1][MEMBER]))


def _ledger(rejected: list[Path], family: int) -> Iterator[Row]:
    rows = [each for file in rejected for each in _rows(file, family)]
    yield from sorted(rows, key=lambda each: (each[ATTEMPT], each[MEMBER]))


def _rows(file: Path, family: int) -> list[Row]:
    table = pq.read_table(file, partitioning=None, filters=[(FAMILY, "==", family)])
    found: list[Row] = table.to_pylist()
    return found


def _missing(run: Run, address: int, ledger: tuple[Row, ...]) -> str:
    asked = int(run.manifest["asked"])
    if not 0 <= address < asked:
        return f"there is no address {address:,}: the plan has 0 to {asked - 1:,}"
    reasons = ", ".join(dict.fromkeys(f"{each[STEP]}: {each[REASON]}" for each in ledger))
    return f"address {address:,} has no row in the data; its attempts were rejected ({reasons or 'no entry'})"


def _made_again(loom: Loom, row: Row) -> Row | None:
    """The row of the same address and attempt as the recipe makes it now; ``None`` where filters refuse it."""
    woven = loom.weaver().weave(np.array([row[FAMILY]]), np.array([row[ATTEMPT]]))
    table = woven.rows()
    if table is None:
        return None
    finished = Shape(loom.recipe.recipe.name, loom.recipe.task.fields).finish(table).to_pylist()
    same = (MEMBER, ATTEMPT)
    return next((each for each in finished if all(each[key] == row[key] for key in same)), None)


def _edits(loom: Loom, row: Row, root: Path, allow: Iterable[str | Path]) -> Iterator[dict[str, Any]]:
    """The edits of the row's texts: those it carries, or those its generators tell when asked for them."""
    fields = loom.recipe.task.fields
    told: Row | None = row
    if not any(edits_of(field) in row for field in fields):
        told = _with_edits(loom, row, root, allow)
    for field in fields:
        yield from ({"field": field, **edit} for edit in (told or {}).get(edits_of(field)) or ())


def _with_edits(loom: Loom, row: Row, root: Path, allow: Iterable[str | Path]) -> Row | None:
    """The row made again with its edits; ``None`` where there is nothing that could make some."""
    asked = _asked_for_edits(loom)
    try:
        return None if asked is None else _made_again(prepare(recipe_of(asked, root), allow), row)
    except RecipeError:  # no rules, no edits: a generator may refuse to be asked
        return None


def _asked_for_edits(loom: Loom) -> dict[str, Any] | None:
    """The recipe with ``edits = true`` in each step whose generator has such a setting; ``None`` where none has."""
    steps = [dict(step) for step in loom.recipe.resolved.get("step", ())]
    able = [
        index
        for index, spec in enumerate(loom.recipe.step)
        if spec.kind == "generate" and "edits" in keys(loom.plugins.find(Generator, spec.use)[0].config)
    ]
    for index in able:
        steps[index]["edits"] = True
    return {**loom.recipe.resolved, "step": steps} if able else None


def _differences(stored: Row, made: Row | None) -> Iterator[dict[str, Any]]:
    if made is None:
        yield {"column": "(the row)", "stored": "kept", "made": "rejected by the filters"}
        return
    for name in dict.fromkeys([*stored, *made]):
        if stored.get(name) != made.get(name) or (name in stored) != (name in made):
            yield {"column": name, "stored": stored.get(name), "made": made.get(name)}


def _cell(loom: Loom, family: int) -> dict[str, str]:
    if family >= loom.plan.families:
        return {}
    cell = int(loom.plan.cells(np.array([family]))[0])
    names, _ = loom.summary.cells[cell]
    return dict(zip(loom.summary.axes, names, strict=True))


def _template(loom: Loom, row: Row) -> dict[str, str] | None:
    uses = loom.briefs.uses
    if uses is None or row.get(uses.driver) is None:
        return None
    attributes = _attributes(loom.factors[uses.driver], str(row[uses.driver]))
    text = next((attributes[name] for name in (*loom.recipe.task.fields, "text") if name in attributes), "")
    return {"name": str(row[uses.driver]), "text": str(text)}


def _levels(loom: Loom, row: Row) -> Iterator[Level]:
    slots = {span["slot"] for field in loom.recipe.task.fields for span in row.get(spans_of(field)) or ()}
    shown = {*slots, *row}
    for name, factor in loom.factors.items():
        value = row.get(name)
        attributes = {} if value is None or not factor.size else _attributes(factor, str(value))
        used = {key: each for key, each in attributes.items() if f"{name}.{key}" in shown}
        said = None if value is None else str(value)
        yield Level(factor=name, role=factor.role, name=said, shown=used, attributes=attributes)


def _attributes(factor: Factor, name: str) -> dict[str, Any]:
    """Every attribute of a level; none where the table has no such level any more."""
    if name not in factor.names:
        return {}
    found: dict[str, Any] = factor.table.slice(factor.names.index(name), 1).to_pylist()[0]
    return found


def _changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What decides the data and is not as it was."""
    if then["fairloom"] != now["fairloom"]:
        yield f"fairloom {then['fairloom']} made the run, this is {now['fairloom']}"
    for key, name, what in (
        ("inputs", "path", "input"),
        ("tables", "factor", "table of"),
        ("plugins", "name", "plugin"),
    ):
        before, after = ({each[name]: each for each in side.get(key, ())} for side in (then, now))
        for each in sorted({*before, *after}):
            if before.get(each) != after.get(each):
                yield f"the {what} {each} changed since the run"
