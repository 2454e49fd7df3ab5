"""Edits as data: what is to change in the texts of a batch, why, and what that does to labels.

A perturbation proposes ``Edits`` over the texts as they are; ``fairloom.editing.apply`` makes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import NAMES, decoded
from fairloom.draws import Draws, Ints
from fairloom.problems import Problem, RecipeError, nearest
from fairloom.utf8 import named as named  # noqa: PLC0414 - public here
from fairloom.utf8 import plain

if TYPE_CHECKING:
    from fairloom.factors import Factor

EDIT = pa.struct(
    [
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("old", NAMES),
        pa.field("new", NAMES),
        pa.field("rule", NAMES),
    ]
)
EDITS = pa.list_(EDIT)
"""What was done to a text, in order. ``start`` and ``end`` are where ``new`` stands once the edit, and those listed
before it, are made. So a text is led back by taking its edits from the last to the first: ``text[start:end]`` is
``new``, and becomes ``old``."""

LabelKind = Literal["INV", "FLIP", "DIR", "CHK"]
Flags = npt.NDArray[np.bool_]


def edits_of(field: str) -> str:
    """The name of the edits column of a text field."""
    return f"{field}.edits"


def expect_of(field: str) -> str:
    """The name of the column that says where the probability of a label may go (``fairloom.suites``): ``up spam``."""
    return f"{field}.expect"


@attrs.frozen(kw_only=True)
class LabelRule:
    """What an edit does to the label of a row.

    ``INV``: the label stays. ``FLIP``: it changes as ``map`` says. ``DIR``: it stays, and its
    probability may move in one direction (``up``, ``down``) only. ``CHK``: nobody knows before ``verifier`` has looked.
    """

    kind: LabelKind = "INV"
    map: Mapping[str, str] = attrs.field(factory=dict)
    direction: Literal["up", "down"] | None = None
    verifier: str | None = None

    def __attrs_post_init__(self) -> None:
        """Each kind with what it needs, and nothing else."""
        asked = {"FLIP": ("map", self.map), "DIR": ("direction", self.direction), "CHK": ("verifier", self.verifier)}
        for kind, (key, value) in asked.items():
            if kind == self.kind and not value:
                raise RecipeError.of(f"label rule {kind} needs {key}", key, suggestion=_WAYS[kind])
            if kind != self.kind and value:
                raise RecipeError.of(f"{key} is for label rule {kind}, this one is {self.kind}", key)


_WAYS = {
    "FLIP": "say which label becomes which",
    "DIR": "say up or down",
    "CHK": "name what decides whether the label still holds, or vouch for it with label = 'INV'",
}


@attrs.frozen(eq=False)
class FlatSpans:
    """A spans column taken apart: one entry per span, ``row`` is its text."""

    row: Ints
    start: Ints
    end: Ints
    slots: pa.Array
    values: pa.Array

    @classmethod
    def of(cls, spans: Any) -> FlatSpans:
        """The spans of a column."""
        flat = pc.list_flatten(spans)
        start, end = (
            pc.struct_field(flat, bound).to_numpy(zero_copy_only=False).astype(np.int64) for bound in ("start", "end")
        )
        row = pc.list_parent_indices(spans).to_numpy(zero_copy_only=False).astype(np.int64)
        return cls(row, start, end, pc.struct_field(flat, "slot"), pc.struct_field(flat, "value"))


@attrs.frozen(eq=False)
class Ranges:
    """Stretches of texts: ``text[row][start:end]`` in code points, in any order, overlapping or not."""

    row: Ints
    start: Ints
    end: Ints

    @classmethod
    def none(cls) -> Ranges:
        """No stretch at all."""
        return cls(*(np.zeros(0, np.int64) for _ in range(3)))

    @classmethod
    def of_spans(cls, spans: Any, slots: Iterable[str] | None = None) -> Ranges:
        """Where the spans of these slots (or of their attributes) are; of all slots where ``slots`` is ``None``."""
        found = FlatSpans.of(spans)
        chosen = np.ones(found.row.size, np.bool_) if slots is None else named(found.slots, slots)
        return cls(found.row[chosen], found.start[chosen], found.end[chosen])

    @classmethod
    def joined(cls, parts: Sequence[Ranges]) -> Ranges:
        """The stretches of all parts."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "start", "end")))


@attrs.frozen(eq=False)
class Edits:
    """Edits over a batch of texts, one entry each, sorted by row and start.

    Within a row ``text[start:end]`` (code points of the text before any edit; ``start == end`` inserts) becomes
    ``new``. Edits do not overlap and no two begin at one place. ``rule`` names what made the edit. Edits of one
    ``group`` are made together or refused together: two words that change places, the pronouns of one person.
    """

    row: Ints
    start: Ints
    end: Ints
    new: pa.Array
    rule: pa.Array
    group: Ints

    @classmethod
    def of(  # noqa: PLR0913, PLR0917 - the columns of an edit
        cls,
        row: npt.ArrayLike,
        start: npt.ArrayLike,
        end: npt.ArrayLike,
        new: Any,
        rule: Any,
        group: npt.ArrayLike | None = None,
    ) -> Edits:
        """Edits from columns in any order. ``rule`` may be one text for all; without groups each stands alone.

        Raises:
            ValueError: Two edits of a row overlap or begin at one place, or one ends before it starts.
        """
        rows, starts, ends = (np.asarray(each, dtype=np.int64) for each in (row, start, end))
        order = np.lexsort((starts, rows))
        rules = [rule] * rows.size if isinstance(rule, str) else rule
        groups = np.arange(rows.size) if group is None else np.asarray(group, dtype=np.int64)
        made = cls(rows, starts, ends, text_column(new), text_column(rules), groups).take(order)
        made.check()
        return made

    @classmethod
    def none(cls) -> Edits:
        """No edit at all."""
        return cls.of([], [], [], [], [])

    @classmethod
    def joined(cls, parts: Sequence[tuple[Edits, int]]) -> Edits:
        """The edits of all parts as those of one batch; beside each part, the row of the batch where it begins."""
        if not parts:
            return cls.none()
        groups = np.cumsum([0, *(int(part.group.max(initial=-1)) + 1 for part, _ in parts)])
        start, end = (np.concatenate([getattr(part, name) for part, _ in parts]) for name in ("start", "end"))
        new, rule = (pa.concat_arrays([getattr(part, name) for part, _ in parts]) for name in ("new", "rule"))
        row = np.concatenate([part.row + first for part, first in parts])
        group = np.concatenate([part.group + first for (part, _), first in zip(parts, groups, strict=False)])
        return cls(row, start, end, new, rule, group)

    def __len__(self) -> int:
        return self.row.size

    def take(self, places: Ints | Flags) -> Edits:
        """Those at ``places``, in that order, or those that are marked."""
        at = np.flatnonzero(places) if places.dtype == np.bool_ else places
        chosen = pa.array(at, pa.int64())
        return Edits(
            self.row[at], self.start[at], self.end[at], self.new.take(chosen), self.rule.take(chosen), self.group[at]
        )

    def check(self) -> None:
        """Raise ``ValueError`` if edits of a row overlap, begin at one place, or end before they start."""
        if (self.end < self.start).any() or (self.start < 0).any():
            raise ValueError("an edit ends before it starts, or starts before the text")
        near = self.row[1:] == self.row[:-1]
        wrong = near & ((self.start[1:] < self.end[:-1]) | (self.start[1:] == self.start[:-1]))
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise ValueError(f"two edits of row {self.row[at]} overlap or begin at one place, {self.start[at + 1]}")


class Perturbs(Protocol):
    """What a perturbation builds, beside the ``write`` of a generator: edits to look at before they are made."""

    label: LabelRule

    def propose(self, rows: pa.RecordBatch, field: str, draws: Draws) -> Edits:
        """Edits over ``rows[field]``: a pure function of each row's text, address and attempt, and of ``draws``.

        A search asks again with another stream for other edits of the same rows.
        """


def slots_of(said: Iterable[str], factors: Mapping[str, Factor], *key: str | int) -> tuple[str, ...]:
    """The slots that a setting names.

    A generator may write slots of its own, so an unknown one is refused only where it is near a known one.

    Raises:
        RecipeError: With every one that is misspelt.
    """
    slots = tuple(said)
    known = [*factors, *(f"{name}.{each}" for name, factor in factors.items() for each in factor.attributes)]
    problems = [
        Problem(f"no factor has the slot {slot!r}", (*key, place), suggestion=f"did you mean {near!r}?")
        for place, slot in enumerate(slots)
        if slot not in known and (near := nearest(slot, known, alike=0.8)) is not None
    ]
    if problems:
        raise RecipeError(problems)
    return slots


# Measures -------------------------------------------------------------------------------------------


def counts(edits: Edits, rows: int) -> Ints:
    """How many edits each of the rows has."""
    return np.bincount(edits.row, minlength=rows).astype(np.int64)


def edited_share(texts: Any, edits: Edits) -> npt.NDArray[np.float64]:
    """Edited characters by the length of the text before, per row: 0 is untouched, 1 as much as all of it.

    An edit costs the longer of its two sides, so that replacing costs what deleting and inserting together would save.
    A row without characters has 0 where nothing was inserted, else infinity.
    """
    length = pc.utf8_length(plain(texts)).to_numpy(zero_copy_only=False).astype(np.float64)
    new = pc.utf8_length(edits.new).to_numpy(zero_copy_only=False).astype(np.int64)
    return _share(
        np.bincount(edits.row, weights=np.maximum(new, edits.end - edits.start), minlength=length.size), length
    )


def lineage_share(texts: Any, column: Any) -> npt.NDArray[np.float64]:
    """The same from finished rows and their ``<field>.edits``: edits of all steps by the length before them."""
    flat, row = pc.list_flatten(column), pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
    old, new = (
        pc.utf8_length(decoded(pc.struct_field(flat, side))).to_numpy(zero_copy_only=False) for side in ("old", "new")
    )
    after = pc.utf8_length(plain(texts)).to_numpy(zero_copy_only=False).astype(np.float64)
    length = after - np.bincount(row, weights=new - old.astype(np.float64), minlength=after.size)
    return _share(np.bincount(row, weights=np.maximum(old, new), minlength=after.size), length)


def _share(cost: npt.NDArray[Any], length: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(cost == 0, 0.0, cost / length)


def text_column(values: Any) -> pa.Array:
    """Any column or list of texts as large strings without nulls."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return plain(values).cast(pa.large_string())
    return pa.array(list(values), pa.large_string())
