"""The working generator: texts with spans, and computed columns, for a batch of briefs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import FINAL, REASON, decoded, spans_of
from fairloom.design import Uses
from fairloom.edits import edits_of
from fairloom.factors import Factor
from fairloom.problems import RunError
from fairloom_template.assembly import MAX_BYTES, Gathered, Sheet, assemble, empty, gather, lengths, ragged
from fairloom_template.edits import edits_column
from fairloom_template.filters import TooLongError
from fairloom_template.layout import CONSTANT, Layout, Linker
from fairloom_template.logic import Logic, Reading
from fairloom_template.masks import masked
from fairloom_template.names import Slot, texts
from fairloom_template.pool import Growth, Ids, Index, Pool
from fairloom_template.settings import Column, Mask, Tagging
from fairloom_template.surface import Surface
from fairloom_template.tags import Tokens, tags
from fairloom_template.typed import item_of, typed
from fairloom_template.variants import Variants

NO_TEMPLATE = "no template"


@attrs.frozen(eq=False)
class Output:
    """One column to write.

    Template 0 of ``layout`` is empty, the others follow in order with their ``titles``. An
    ``inline`` column has one template for all rows; fields go by the level of the driving factor.
    """

    name: str
    layout: Layout
    logic: Logic
    titles: tuple[str, ...]
    inline: bool = False
    variants: Variants | None = None

    def templates(self, driver: Ids) -> Index:
        """The template of every row, given the level (from 1; 0 is none) of the driving factor."""
        return (np.minimum(driver, 1) if self.inline else driver).astype(np.int64)


@attrs.frozen(eq=False)
class Slots:
    """All slots of all templates, linked.

    ``sources`` is the row of every factor in the level matrix; ``bases`` the pool base of every open
    slot, or ``-1 - n`` for number ``n`` of ``drawn``, whose values change from batch to batch.
    ``readings`` has what logic reads of factors with levels, ``drawn_reads`` the slots it reads of others.
    """

    sources: Mapping[str, int]
    bases: Mapping[Slot, int]
    names: dict[str, int]
    readings: Mapping[Slot, Reading]
    drawn: tuple[Slot, ...] = ()
    drawn_reads: tuple[Slot, ...] = ()

    @property
    def drawing(self) -> frozenset[str]:
        """The factors whose values are drawn per row."""
        return frozenset(slot.factor for slot in (*self.drawn, *self.drawn_reads))


@attrs.frozen(eq=False)
class Further:
    """Columns made of those that were written: masked texts, tokens with tags (each with its field), typed columns."""

    masks: Mapping[str, tuple[str, tuple[Mask, ...]]] = attrs.field(factory=dict)
    tags: Mapping[str, tuple[str, Tagging]] = attrs.field(factory=dict)
    typed: Mapping[str, Column] = attrs.field(factory=dict)

    def tagged(self, field: str, text: Any, spans: Any, blank: Any) -> dict[str, Any]:
        """Tokens of a field, and their tags."""
        asked = {name: each for name, (of, each) in self.tags.items() if of == field}
        if not asked:
            return {}
        tokens = Tokens.of(text)
        columns = {each.tokens: tokens.column(blank) for each in asked.values()}
        return columns | {name: tags(tokens, spans, each.types, blank) for name, each in asked.items()}

    def read(self, columns: dict[str, Any], rows: pa.RecordBatch) -> dict[str, Any]:
        """The columns, those with a type read as what they are."""
        found = {name: typed(name, column, columns, rows) for name, column in self.typed.items()}
        parts = {item_of(name, at) for name, each in self.typed.items() for at in range(len(each.items or ()))}
        return {name: column for name, column in columns.items() if name not in parts} | found


@attrs.frozen(eq=False)
class TemplateWriter:
    """Writes rows; nothing in it changes by writing, so any order and size of batches gives the same rows."""

    factors: Mapping[str, Factor]
    outputs: tuple[Output, ...]
    slots: Slots
    pool: Pool
    max_characters: int
    uses: Uses
    surface: Surface | None = None
    further: Further = attrs.field(factory=Further)

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Fields with their spans, computed columns, and ``reason`` (null where the row was written).

        Raises:
            RunError: a text would be longer than ``max_characters``, or a template's logic fails.
        """
        drawn = {name: _encoded(rows.column(name)) for name in sorted(self.slots.drawing)}
        levels = self._levels(rows, drawn)
        growth, names = Growth(self.pool), dict(self.slots.names)
        bases = np.array([growth.vocabulary(self._texts(slot, drawn)) for slot in self.slots.drawn], dtype=np.int64)
        linker = Linker(growth, self.slots.bases, self.slots.sources, names)
        readings = {**self.slots.readings, **self._drawn_readings(drawn)}
        sheets = [self._sheet(output, readings, levels, linker).bound(bases) for output in self.outputs]
        return self._written(rows, sheets, levels, growth.done(), list(names))

    def _levels(self, rows: Any, drawn: Mapping[str, Any]) -> Ids:
        """The level of every factor in use for every row, from 1; line 0 is all 0."""
        lines = len(self.slots.sources) + 1
        levels = empty(lines * rows.num_rows).reshape(lines, rows.num_rows)
        levels[CONSTANT] = 0
        for name, source in self.slots.sources.items():
            indices = drawn[name].indices if name in drawn else _level_ids(rows.column(name), self.factors[name])
            np.add(indices.fill_null(-1).to_numpy(), 1, out=levels[source])
        return levels

    def _texts(self, slot: Slot, drawn: Mapping[str, Any]) -> Any:
        try:
            return texts(drawn[slot.factor].dictionary, slot.calls, self.max_characters)
        except TooLongError:
            raise RunError(f"the filters on {slot} make more than {self.max_characters:,} characters") from None

    def _drawn_readings(self, drawn: Mapping[str, Any]) -> dict[Slot, Reading]:
        return {
            slot: Reading.of(slot, self.slots.sources[slot.factor], drawn[slot.factor].dictionary)
            for slot in self.slots.drawn_reads
        }

    def _sheet(self, output: Output, readings: Mapping[Slot, Reading], levels: Ids, linker: Linker) -> Sheet:
        sheet = Sheet(output.layout, output.templates(self._driver(levels)))
        sheet = output.logic.expanded(sheet, readings, levels, linker)
        return sheet if output.variants is None else Sheet(sheet.layout, output.variants.chosen(sheet.template, levels))

    def _driver(self, levels: Ids) -> Ids:
        driver: Ids = levels[self.slots.sources[self.uses.driver]]
        return driver

    def _written(self, rows: Any, sheets: Sequence[Sheet], levels: Ids, pool: Pool, names: list[str]) -> Any:
        gathered = [gather(sheet, levels, pool) for sheet in sheets]
        reasons, blank = _reasons(self._driver(levels), gathered, names), None
        if reasons.null_count < len(reasons):
            blank = reasons.is_valid()
            empty = blank.to_numpy(zero_copy_only=False)
            sheets = [sheet.without(empty) for sheet in sheets]
            gathered = [gather(sheet, levels, pool) for sheet in sheets]
        shown, columns = pa.array(names, pa.string()), {}
        for output, sheet, each in zip(self.outputs, sheets, gathered, strict=True):
            final, grown = each, pool
            if self.surface is not None and not output.inline:
                left = None if output.variants is None else output.variants.rows_left(sheet.template)
                polishing = _Polishing(self.surface, pool, names)
                if left is None or len(left) == len(sheet.template):
                    final, grown, columns[edits_of(output.name)] = polishing.all(each, blank)
                elif len(left):
                    final, grown = polishing.some(left, sheet, each, levels)
            self._check_size(output, final, grown, self._driver(levels))
            text, spans = assemble(final, grown, None if output.inline else shown, blank)
            columns[output.name] = text
            if spans is not None:
                columns[spans_of(output.name)] = spans
                columns |= self.further.tagged(output.name, text, spans, blank)
            for name, (field, masks) in self.further.masks.items():
                if field == output.name:
                    numbers = {slot: place for place, slot in enumerate(names)}
                    columns[name] = masked(final, grown, numbers, masks, blank)
        columns = self.further.read({name: each for name, each in columns.items() if each is not None}, rows)
        if blank is not None:
            columns[FINAL] = self._final(reasons)
        return pa.RecordBatch.from_pydict({**columns, REASON: reasons})

    def _final(self, reasons: Any) -> Any:
        """Whether a form is missing for good: not where it was a drawn value."""
        drawn = [f"missing form {slot}" for slot in (*self.slots.drawn, *self.slots.drawn_reads)]
        return pc.and_(reasons.is_valid(), pc.invert(pc.is_in(reasons, value_set=pa.array(drawn, pa.string()))))

    def _check_size(self, output: Output, gathered: Gathered, pool: Pool, driver: Ids) -> None:
        """Refuse texts that are too long before they are made."""
        segments = int(np.diff(gathered.offsets).max(initial=0))
        most = segments * pool.longest
        if most <= self.max_characters and most * len(driver) <= MAX_BYTES:
            return
        characters = lengths(gathered, pool.characters)
        if characters.max(initial=0) > self.max_characters:
            row = int(characters.argmax())
            raise RunError(
                f"{output.titles[output.templates(driver)[row]]}: makes {characters[row]:,} characters for one row, "
                f"more than max_characters = {self.max_characters:,}"
            )
        if (size := int(lengths(gathered, pool.bytes).sum())) > MAX_BYTES:
            raise RunError(f"a part has {size:,} bytes of {output.name!r}, more than 2 GiB; make [parts] rows smaller")


@attrs.frozen(eq=False)
class _Polishing:
    """A batch under the surface rules."""

    surface: Surface
    pool: Pool
    names: list[str]

    @property
    def _numbers(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def all(self, gathered: Gathered, blank: Any) -> tuple[Gathered, Pool, Any]:
        """All rows, and the column of edits where it is asked for."""
        final, grown, pieces = self.surface.polished(gathered, self.pool, self._numbers)
        edits = edits_column(gathered.ids, pieces, grown, self.surface, blank) if self.surface.edits else None
        return (final if self.surface.correct else gathered), grown, edits

    def some(self, rows: Index, sheet: Sheet, gathered: Gathered, levels: Ids) -> tuple[Gathered, Pool]:
        """Some rows; the others are finished."""
        chosen = Sheet(sheet.layout, sheet.template[rows])
        before = gather(chosen, np.ascontiguousarray(levels[:, rows]), self.pool)
        after, grown, _ = self.surface.polished(before, self.pool, self._numbers)
        ids, counts = gathered.ids.copy(), np.diff(gathered.offsets)
        ids[ragged(gathered.offsets[rows], counts[rows], after.offsets[:-1])] = after.ids
        return attrs.evolve(gathered, ids=ids, value=ids.take(gathered.at)), grown


def _encoded(column: Any) -> Any:
    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()


def _level_ids(column: Any, factor: Factor) -> Any:
    """The level of every row; looked up by name where a column's dictionary is not the factor's own."""
    names = pa.array(factor.names, pa.string())
    if pa.types.is_dictionary(column.type) and column.dictionary.equals(names):
        return column.indices
    return pc.index_in(decoded(column), value_set=names)


def _reasons(driver: Ids, gathered: Sequence[Gathered], names: Sequence[str]) -> Any:
    """Why rows cannot be written: the first form they miss, in the order of outputs and text; else null."""
    codes = np.where(driver == 0, 0, -1)
    for each in gathered:
        missing = each.value < 0
        if missing.any():
            rows, first = np.unique(each.rows_of_slots[missing], return_index=True)
            codes[rows] = np.where(codes[rows] < 0, 1 + each.name[missing][first], codes[rows])
    texts_of_codes = pa.array([NO_TEMPLATE, *(f"missing form {name}" for name in names)], pa.string())
    return texts_of_codes.take(pa.array(codes, mask=codes < 0))
