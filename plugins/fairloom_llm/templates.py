"""``llm.templates``: the model writes templates, and the design fills them.

The design plans which template a row has, as a level of a factor, before there are any templates. What a level's
template says is asked once per level and combination of the axes ``by`` (say, per label): a pure function of these and
of the journal, the same in every worker. One call so makes thousands of rows, balanced by construction, with exact
spans.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import LABEL, REASON, decoded, spans_of
from fairloom.components import Tools
from fairloom.draws import Ints
from fairloom.factors import Axis, Factor
from fairloom.models import Estimate, OpenModel, Request
from fairloom.problems import RecipeError, did_you_mean
from fairloom_llm.asking import Said, ask, model_of
from fairloom_llm.brief import Facts
from fairloom_llm.checking import Check, text_axes, texts_of, words
from fairloom_llm.estimating import estimate, text_tokens
from fairloom_llm.filling import Template, filled
from fairloom_llm.prompts import Prompt, read_prompt


@attrs.frozen(kw_only=True)
class TemplatesSettings:
    """Keys of a step with ``generate = "llm.templates"``."""

    model: str = attrs.field(metadata={"help": "the [models.NAME] that writes templates"})
    slots: tuple[str, ...] = attrs.field(
        metadata={"help": "the axes that fill a template, each exactly once: `person.given`, `city`"},
        validator=attrs.validators.min_len(1),
    )
    factor: str = attrs.field(
        default="template", metadata={"help": "the factor whose levels are templates yet to be written"}
    )
    by: tuple[str, ...] | None = attrs.field(
        default=None,
        metadata={"help": "axes of which each combination has templates of its own; the label if left out"},
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to write; the task's first field when left out"}
    )
    leaks: tuple[str, ...] | None = attrs.field(
        default=None,
        metadata={"help": "axes whose values no template may say; all text columns of the slots' tables if left out"},
    )
    prompt: str | None = attrs.field(
        default=None, metadata={"help": "the prompt file (Jinja, blocks system and user); the built-in one if left out"}
    )
    parameters: dict[str, Any] = attrs.field(
        factory=dict, metadata={"help": "parameters of the model for this step, such as temperature"}
    )
    tries: int = attrs.field(
        default=5,
        metadata={"help": "how often a template is asked for until one passes"},
        validator=attrs.validators.in_(range(1, 101)),
    )
    max_characters: int = attrs.field(
        default=500, metadata={"help": "longest template"}, validator=attrs.validators.ge(1)
    )


Key = tuple[str, ...]
"""One template: the level of each axis of ``by``, then the level of the template factor."""


@attrs.frozen(eq=False)
class Pool:
    """Asks for all templates of a step: those that fail, or repeat an earlier one, are asked for again."""

    model: OpenModel
    facts: Facts
    prompt: Prompt
    check: Check
    by: tuple[Axis, ...]
    factor: Factor
    examples: Sequence[Mapping[str, str]]
    parameters: Mapping[str, Any]
    field: str
    tries: int
    length: float

    def estimate(self) -> Estimate:
        """One call per template, however many rows there are."""
        requests = [self._request(key, 0, None) for key in self.keys()]
        return estimate(self.model, requests, self.length, whole=True)

    def fill(self) -> dict[Key, Template | str]:
        """Every template, or why there is none; in order of the keys, so that a repetition is always the later one."""
        found: dict[Key, Template | str] = {}
        seen: set[tuple[str, ...]] = set()
        open_keys = list(self.keys())
        for attempt in range(self.tries):
            said = ask(self.model, [self._request(key, attempt, found.get(key)) for key in open_keys])
            for key, each in zip(open_keys, said, strict=True):
                found[key] = self._read(each, seen)
            open_keys = [key for key in open_keys if isinstance(found[key], str)]
        return found

    def keys(self) -> Iterator[Key]:
        """Every combination that a row may have, as far as ``match`` says."""
        names = [axis.codes(self.facts.factors)[1] for axis in self.by]
        for level, name in enumerate(self.factor.names):
            for combination in itertools.product(*names):
                if self._matches(combination, level):
                    yield (*combination, name)

    def _matches(self, combination: Sequence[str], level: int) -> bool:
        pairs = dict(zip(map(str, self.by), combination, strict=True))
        tied = [
            (self.factor.column(column)[level].as_py(), pairs.get(axis)) for column, axis in self.factor.match.items()
        ]
        return all(theirs is None or str(mine) == theirs for mine, theirs in tied)

    def _request(self, key: Key, attempt: int, before: Template | str | None) -> Request:
        values = self.facts.of_levels(self._levels(key))
        parts = [
            {"name": str(axis), "role": "attribute", "value": name, "attributes": []}
            for axis, name in zip(self.by, key, strict=False)
            if axis.attribute is not None
        ]
        own = {
            "brief": [*values["brief"], *parts],
            "field": self.field,
            "slots": self.examples,
            "shots": [],
            "number": self.factor.names.index(key[-1]) + 1,
            "count": self.factor.size,
            "complaint": before if isinstance(before, str) else "",
        }
        return Request(messages=self.prompt.messages({**values, **own}), parameters=self.parameters, attempt=attempt)

    def _levels(self, key: Key) -> dict[str, str]:
        """The levels that a prompt may see: of the axes that are whole factors, and the template's own."""
        known = {axis.factor: name for axis, name in zip(self.by, key, strict=False) if axis.attribute is None}
        return {**known, self.factor.name: key[-1]}

    def _read(self, said: Said, seen: set[tuple[str, ...]]) -> Template | str:
        if said.text is None:
            return f"was not given: {said.reason}"
        template = self.check.read(said.text)
        if isinstance(template, Template):
            if words(template.text) in seen:
                return "says what another one says"
            seen.add(words(template.text))
        return template


@attrs.define(eq=False, slots=False)
class TemplatesWriter:
    """Fills templates that are asked for when the first row is written."""

    pool: Pool
    slots: tuple[Axis, ...]
    factors: Mapping[str, Factor]

    @property
    def asks(self) -> frozenset[str]:
        """The names of the models that write."""
        return frozenset([self.pool.model.name])

    def estimate(self, rows: pa.RecordBatch) -> list[Estimate]:  # noqa: ARG002 - rows make no difference
        """What the templates take, if each passes at once."""
        return [self.pool.estimate()]

    @property
    def reads(self) -> frozenset[str]:
        """Every row needs its slots and what decides its template."""
        return frozenset(axis.factor for axis in (*self.slots, *self.pool.by)) | {self.pool.factor.name}

    @cached_property
    def templates(self) -> dict[Key, Template | str]:
        """All templates of the step."""
        return self.pool.fill()

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The texts with their spans, the template of each, and why a row has none."""
        keys = list(self.templates)
        found = [self.templates[key] for key in keys]
        chosen = self._chosen(rows, keys)
        good = [each if isinstance(each, Template) else None for each in found]
        usable = np.array([each is not None for each in good] + [False])
        values = {str(axis): self._values(rows, axis) for axis in self.slots}
        made = filled(good, np.where(usable[chosen], chosen, -1), values)
        sources = pa.array([each.text if each else None for each in good] + [None], pa.string())
        why = pa.array(
            [f"no template: it {each}" if isinstance(each, str) else None for each in found] + ["no template"]
        )
        reasons = why.cast(pa.string()).take(pa.array(chosen))
        blank = pc.and_(pc.is_null(made.texts), pc.is_null(reasons))
        field = self.pool.field
        columns = {
            field: made.texts,
            spans_of(field): made.spans,
            f"{field}.template": sources.take(pa.array(chosen)).dictionary_encode(),
            REASON: pc.if_else(blank, pa.scalar("missing form"), reasons),
        }
        return pa.RecordBatch.from_pydict(columns)

    def _chosen(self, rows: pa.RecordBatch, keys: Sequence[Key]) -> Ints:
        """The number of each row's template, ``len(keys)`` where it has none."""
        columns = [self._names(rows, axis) for axis in (*self.pool.by, Axis(self.pool.factor.name))]
        joined = pc.binary_join_element_wise(*columns, "\x1f")
        numbers = pc.index_in(joined, value_set=pa.array(["\x1f".join(key) for key in keys], pa.string()))
        found: Ints = numbers.fill_null(len(keys)).to_numpy().astype(np.int64)
        return found

    def _names(self, rows: pa.RecordBatch, axis: Axis) -> pa.Array:
        codes, names = axis.codes(self.factors)
        return pa.array(names, pa.string()).take(pa.array(codes)).take(self._level(rows, axis.factor))

    def _level(self, rows: pa.RecordBatch, factor: str) -> pa.Array:
        names = pa.array(self.factors[factor].names, pa.string())
        return pc.index_in(decoded(rows.column(factor)), value_set=names)

    def _values(self, rows: pa.RecordBatch, axis: Axis) -> pa.Array:
        if not self.factors[axis.factor].size:
            return decoded(rows.column(axis.factor)).cast(pa.string())
        return texts_of(axis, self.factors).take(self._level(rows, axis.factor))


NAMES = ("field", "slots", "shots", "number", "count", "complaint")


def build(config: TemplatesSettings, tools: Tools) -> TemplatesWriter:
    """The generator.

    Raises:
        RecipeError: there is no such model, prompt, factor, slot or field.
    """
    field = config.field or tools.task.fields[0]
    if field not in tools.task.fields:
        hint = did_you_mean(field, tools.task.fields)
        raise RecipeError.of(f"the task has no field {field!r}", "field", suggestion=hint)
    slots = _axes(config.slots, "slots", tools.factors, drawn=True)
    by = _axes(config.by if config.by is not None else _label(tools), "by", tools.factors)
    leaks = text_axes(slots, tools.factors) if config.leaks is None else _axes(config.leaks, "leaks", tools.factors)
    pool = Pool(
        model=model_of(tools, config.model),
        facts=Facts.of(tools),
        prompt=read_prompt(config.prompt, "templates", tools, names=NAMES),
        check=Check.of(config.slots, leaks, tools.factors, config.max_characters),
        by=by,
        factor=_driver(config.factor, tools.factors),
        examples=_examples(slots, tools.factors),
        parameters=config.parameters,
        field=field,
        tries=config.tries,
        length=text_tokens(tools.task),
    )
    return TemplatesWriter(pool, slots, tools.factors)


def _label(tools: Tools) -> tuple[str, ...]:
    return (LABEL,) if LABEL in tools.factors else ()


def _driver(name: str, factors: Mapping[str, Factor]) -> Factor:
    factor = factors.get(name)
    if factor is None or not factor.size:
        way = f'declare it: [factors.{name}] table = "llm.numbered", count = 20'
        raise RecipeError.of(f"there is no factor {name!r} whose levels could be templates", "factor", suggestion=way)
    return factor


def _axes(texts: Sequence[str], key: str, factors: Mapping[str, Factor], *, drawn: bool = False) -> tuple[Axis, ...]:
    axes = tuple(map(Axis.parse, texts))
    for index, axis in enumerate(axes):
        factor = factors.get(axis.factor)
        if factor is None:
            hint = did_you_mean(axis.factor, factors)
            raise RecipeError.of(f"there is no factor {axis.factor!r}", key, index, suggestion=hint)
        if not factor.size and not (drawn and axis.attribute is None):
            raise RecipeError.of(f"factor {axis.factor!r} draws its values and has no levels", key, index)
        if axis.attribute and axis.attribute not in factor.attributes:
            hint = did_you_mean(axis.attribute, factor.attributes)
            message = f"factor {axis.factor!r} has no attribute {axis.attribute!r}"
            raise RecipeError.of(message, key, index, suggestion=hint)
    return axes


def _examples(slots: Sequence[Axis], factors: Mapping[str, Factor]) -> list[dict[str, str]]:
    """Each slot with up to three values; a drawn one has none to show."""
    shown = []
    for axis in slots:
        values = texts_of(axis, factors).drop_null().unique().to_pylist() if factors[axis.factor].size else []
        shown.append({"name": str(axis), "example": ", ".join(values[:3]) or "a value that is drawn per row"})
    return shown
