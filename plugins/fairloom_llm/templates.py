"""``llm.templates``: the model writes templates, and the design fills them.

The design plans which template a row has, as a level of a factor, before there are any templates. What a level's
template says is asked once per level and combination of the axes ``by`` (say, per label): a pure function of these and
of the journal, the same in every worker. One call so makes thousands of rows, balanced by construction, with exact
spans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import ATTEMPT, LABEL, REASON, decoded, spans_of
from fairloom.components import Tools
from fairloom.draws import Ints
from fairloom.factors import Axis, Factor
from fairloom.models import Estimate
from fairloom.problems import RecipeError, did_you_mean
from fairloom_llm.asking import model_of
from fairloom_llm.brief import Facts
from fairloom_llm.checking import Check, text_axes, texts_of
from fairloom_llm.estimating import text_tokens
from fairloom_llm.filling import Template, filled
from fairloom_llm.mending import mending_of
from fairloom_llm.pool import Key, Pool, Refused, Rejected
from fairloom_llm.prompts import read_prompt
from fairloom_llm.settings import MendSettings, PromptSettings, ShotSettings
from fairloom_llm.shots import Shots, shots_of


@attrs.frozen(kw_only=True)
class TemplatesSettings(PromptSettings, MendSettings, ShotSettings):
    """Keys of a step with ``generate = "llm.templates"``."""

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
        metadata={
            "help": "axes whose values no template may say; if left out, all text columns of the slots' tables and of "
            "factors that a rule of the design ties to them"
        },
    )
    tries: int = attrs.field(
        default=5,
        metadata={"help": "how often a template is asked for until one passes"},
        validator=attrs.validators.in_(range(1, 101)),
    )
    max_characters: int = attrs.field(
        default=500, metadata={"help": "longest template"}, validator=attrs.validators.ge(1)
    )


@attrs.frozen(eq=False)
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

    @property
    def repairs(self) -> bool:
        """Whether rejected rows may be handed to ``repair``."""
        return self.pool.mending is not None

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The texts with their spans, the template of each, and why a row has none."""
        keys = list(self.pool.templates)
        return self._filled(rows, [self.pool.templates[key] for key in keys], self._chosen(rows, keys))

    def repair(self, rows: pa.RecordBatch, reasons: pa.Array) -> pa.RecordBatch:
        """The same from templates that are mended, each once per reason and attempt; rows that share these share it."""
        keys = list(self.pool.templates)
        chosen, attempts = self._chosen(rows, keys).tolist(), rows.column(ATTEMPT).to_pylist()
        wanted = [
            Rejected(keys[place], reason, attempt)
            for place, reason, attempt in zip(chosen, reasons.to_pylist(), attempts, strict=True)
        ]
        mended = self.pool.mended(wanted)
        places = {each: place for place, each in enumerate(dict.fromkeys(wanted))}
        numbers = np.array([places[each] for each in wanted], np.int64)
        return self._filled(rows, [mended[each] for each in places], numbers)

    def _filled(self, rows: pa.RecordBatch, found: Sequence[Template | Refused], chosen: Ints) -> pa.RecordBatch:
        """The columns of rows that have the template ``found[chosen]``, none where that is past the last one."""
        good = [each if isinstance(each, Template) else None for each in found]
        usable = np.array([each is not None for each in good] + [False])
        values = {str(axis): self._values(rows, axis) for axis in self.slots}
        made = filled(good, np.where(usable[chosen], chosen, -1), values)
        sources = pa.array([each.text if each else None for each in good] + [None], pa.string())
        why = pa.array(
            [f"no template: it {each.reason}" if isinstance(each, Refused) else None for each in found]
            + ["no template"]
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


NAMES = ("field", "slots", "shots", "number", "count")


def build(config: TemplatesSettings, tools: Tools) -> TemplatesWriter:
    """The generator.

    Raises:
        RecipeError: there is no such model, prompt, factor, slot or field.
    """
    field = tools.task.field_of(config.field)
    slots = _axes(config.slots, "slots", tools.factors, drawn=True)
    by = _axes(config.by if config.by is not None else _label(tools), "by", tools.factors)
    driver = _driver(config.factor, tools.factors)
    leaks = _leaks(config.leaks, slots, driver, tools)
    pool = Pool(
        model=model_of(tools, config.model),
        facts=Facts.of(tools),
        prompt=read_prompt(config.prompt, "templates", tools, names=NAMES),
        check=Check.of(config.slots, leaks, tools.factors, config.max_characters),
        by=by,
        factor=driver,
        allowed=tools.possible([*map(str, by), driver.name]),
        examples=_examples(slots, tools.factors),
        shots=_shots(config, by, tools),
        parameters=config.parameters,
        field=field,
        tries=config.tries,
        length=text_tokens(tools.task),
        mending=mending_of(config, tools, NAMES),
    )
    return TemplatesWriter(pool, slots, tools.factors)


def _leaks(given: Sequence[str] | None, slots: Sequence[Axis], driver: Factor, tools: Tools) -> Sequence[Axis]:
    """The axes whose values no template may say: those given, or all that might contradict a value filled in."""
    if given is not None:
        return _axes(given, "leaks", tools.factors)
    filling = dict.fromkeys(axis.factor for axis in slots if tools.factors[axis.factor].size)
    others = [name for name, each in tools.factors.items() if each.size and name not in {LABEL, driver.name, *filling}]
    tied = [name for name in others if any(_tied(name, slot, tools) for slot in filling)]
    return text_axes([*slots, *map(Axis, tied)], tools.factors)


def _tied(one: str, other: str, tools: Tools) -> bool:
    """Whether a rule forbids some combination of two factors."""
    cells = tools.possible((one, other))
    return cells is not None and not cells.all()


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
        axis.check(factors, key, index)
    return axes


def _shots(config: TemplatesSettings, by: Sequence[Axis], tools: Tools) -> Shots:
    """The seed rows to show: what they share with a template is known of it, so it is among the axes ``by``."""
    known = tuple(map(str, by))
    for index, name in enumerate(config.same or ()):
        if name not in known:
            way = f"by = {[*known, name]!r}".replace("'", '"')
            raise RecipeError.of(
                f"templates do not differ by {name!r}, so no example can", "same", index, suggestion=way
            )
    same = config.same if config.same is not None or LABEL in known else ()
    return shots_of(config.seeds, config.shots, same, tools)


def _examples(slots: Sequence[Axis], factors: Mapping[str, Factor]) -> list[dict[str, str]]:
    """Each slot with up to three values; a drawn one has none to show."""
    shown = []
    for axis in slots:
        values = texts_of(axis, factors).drop_null().unique().to_pylist() if factors[axis.factor].size else []
        shown.append({"name": str(axis), "example": ", ".join(values[:3]) or "a value that is drawn per row"})
    return shown
