"""The recipe as attrs classes: what a TOML recipe says, checked and with defaults filled in.

Tables that belong to a component (``[design]``, ``[[step]]``, ``[[gate]]``, ``[reference.x]``) keep the keys the
core does not own in ``settings``; the loader structures those with the component's own config class.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs

from fairloom.problems import Problem, RecipeError, nearest
from fairloom.reading.exportspec import ExportSpec
from fairloom.reading.factorspec import FactorSpec
from fairloom.reading.origins import Origin, Source, place
from fairloom.reading.structure import register
from fairloom.reading.validators import between, distinct, not_blank
from fairloom.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fairloom.reading.locate import KeyPath


@attrs.frozen(kw_only=True)
class About:
    """``[recipe]``: name, version, seed and size."""

    name: str = attrs.field(
        metadata={"help": "the name of the dataset; ids of rows begin with it"}, validator=not_blank
    )
    version: str = attrs.field(
        default="0.1.0", metadata={"help": "the version of the dataset, in quotes"}, validator=not_blank
    )
    description: str = attrs.field(default="", metadata={"help": "a sentence or two for the dataset card"})
    licence: str = attrs.field(default="", metadata={"help": "the licence of the generated data"})
    seed: int = attrs.field(
        default=0, metadata={"help": "the number all randomness comes from"}, validator=between(0, 2**63 - 1)
    )
    observers: tuple[str, ...] = attrs.field(
        default=(),
        metadata={"help": "plugins that no component names and that only observe the run"},
        validator=distinct,
    )
    rows: int | Literal["all"] = attrs.field(
        default="all", metadata={"help": "how many rows to make; 'all' for every combination"}, validator=between(1)
    )


@attrs.frozen(kw_only=True)
class DesignSpec:
    """``[design]``: the sampler, the axes that must be balanced, and the rules between factors."""

    use: str = attrs.field(
        default="design.balanced", metadata={"help": "the design sampler that plans the levels"}, validator=not_blank
    )
    cross: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "the axes whose combinations are the cells"}, validator=distinct
    )
    independent: tuple[tuple[str, ...], ...] = attrs.field(
        default=(), metadata={"help": "groups of axes that must say nothing about each other"}, validator=distinct
    )
    within: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "factors crossed inside a family of rows"}, validator=distinct
    )
    require: tuple[str, ...] = attrs.field(default=(), metadata={"help": "conditions that every row must meet"})
    forbid: tuple[str, ...] = attrs.field(default=(), metadata={"help": "conditions that no row may meet"})
    attempts: int = attrs.field(
        default=20, metadata={"help": "how often a row is tried before it is a shortfall"}, validator=between(1)
    )
    on_shortfall: Literal["stop", "trim", "hold"] = attrs.field(
        default="stop", metadata={"help": "what rows that could not be filled do to the run"}
    )
    settings: dict[str, Any] = attrs.field(factory=dict, metadata={"rest": True})

    @independent.validator
    def _groups(self, _field: object, value: tuple[tuple[str, ...], ...]) -> None:
        said = "names {} axis; independence takes two or more different axes"
        wrong = [(index, len(set(group))) for index, group in enumerate(value) if len(set(group)) < 2]
        problems = [Problem(said.format("one" if size else "no"), ("independent", index)) for index, size in wrong]
        problems += [
            Problem(f"{axis!r} stands here twice", ("independent", index, place))
            for index, group in enumerate(value)
            for place, axis in enumerate(group)
            if axis in group[:place] and len(set(group)) > 1
        ]
        if problems:
            raise RecipeError(problems)


@attrs.frozen(kw_only=True)
class StepSpec:
    """``[[step]]``: a generator or a filter. ``name`` keys its randomness and defaults to the component's."""

    kind: Literal["generate", "filter"]
    use: str
    name: str
    settings: dict[str, Any] = attrs.field(factory=dict)


def _way_out(keys: Iterable[str]) -> str | None:
    """What to write for a key of a step that stands where ``generate`` or ``filter`` should."""
    for key in keys:
        meant = "generate" if key == "use" else nearest(key, ("generate", "filter"))
        if meant is not None:
            return f"write {meant} = ... in place of {key} = ..."
    return None


@attrs.frozen(kw_only=True)
class StepTable:
    """``[[step]]`` as a recipe writes it: ``generate`` or ``filter`` name the component."""

    generate: str | None = attrs.field(
        default=None, metadata={"help": "the generator that writes"}, validator=not_blank
    )
    filter: str | None = attrs.field(default=None, metadata={"help": "the filter that judges"}, validator=not_blank)
    name: str | None = attrs.field(
        default=None,
        metadata={"help": "keys the randomness of the step; the component's name if not given"},
        validator=not_blank,
    )
    settings: dict[str, Any] = attrs.field(factory=dict, metadata={"rest": True})

    @filter.validator  # noqa: A003 - `filter` is the key of the recipe
    def _one_component(self, _field: object, _value: object) -> None:
        if (self.generate is None) == (self.filter is None):
            got = "neither" if self.filter is None else "both"
            message = f"a step needs exactly one of generate and filter, got {got}"
            raise RecipeError.of(message, suggestion=_way_out(self.settings))

    def spec(self) -> StepSpec:
        """The step it stands for."""
        kind: Literal["generate", "filter"] = "filter" if self.generate is None else "generate"
        use = self.generate or self.filter or ""
        return StepSpec(kind=kind, use=use, name=self.name or use, settings=self.settings)


register(StepSpec, StepTable, StepTable.spec)


@attrs.frozen(kw_only=True)
class GateSpec:
    """``[[gate]]``: a metric and the bounds its measurement must hold.

    Without bounds it asks only that the metric can be computed. ``name`` defaults to the metric's, with a number
    from the second on (``balance.gap-2``).
    """

    metric: str = attrs.field(metadata={"help": "the metric that measures the final rows"}, validator=not_blank)
    name: str = attrs.field(
        default=attrs.Factory(lambda self: self.metric, takes_self=True),
        metadata={"help": "what reports call the gate; the metric's name if not given"},
        validator=not_blank,
    )
    of: str | None = attrs.field(
        default=None, metadata={"help": "a secondary figure of the metric to bound"}, validator=not_blank
    )
    min: float | None = attrs.field(default=None, metadata={"help": "the smallest value that passes"})
    max: float | None = attrs.field(default=None, metadata={"help": "the largest value that passes"})
    on_fail: Literal["stop", "hold", "warn"] = attrs.field(
        default="stop", metadata={"help": "what a value out of bounds does to the run"}
    )
    settings: dict[str, Any] = attrs.field(factory=dict, metadata={"rest": True})

    @max.validator  # noqa: A003 - `max` is the key of the recipe
    def _ordered(self, _field: object, value: float | None) -> None:
        if value is not None and self.min is not None and value < self.min:
            msg = f"must not be below min = {self.min:g}, got {value:g}"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class ReferenceSpec:
    """``[reference.NAME]``: real rows to compare with. ``columns`` maps our column to the file's."""

    read: str = attrs.field(metadata={"help": "the reader of the rows"}, validator=not_blank)
    columns: dict[str, str] = attrs.field(factory=dict, metadata={"help": "new names of columns: ours = theirs"})
    settings: dict[str, Any] = attrs.field(factory=dict, metadata={"rest": True})


@attrs.frozen(kw_only=True)
class PredictorSpec:
    """``[predictors.NAME]``: a classifier that steps and gates ask about texts, and its budget."""

    use: str = attrs.field(metadata={"help": "the predictor component that answers"}, validator=not_blank)
    batch: int = attrs.field(
        default=256, metadata={"help": "how many texts the model gets at once"}, validator=between(1)
    )
    max_texts: int | None = attrs.field(
        default=None,
        metadata={"help": "the most different texts that one run may send; one more fails the run"},
        validator=between(1),
    )
    settings: dict[str, Any] = attrs.field(factory=dict, metadata={"rest": True})


@attrs.frozen(kw_only=True)
class PartsSpec:
    """``[parts]``: the part size belongs to the recipe, never to the workers."""

    rows: int = attrs.field(
        default=65_536, metadata={"help": "how many rows make a part; bounds the memory of a run"}, validator=between(1)
    )


@attrs.frozen(kw_only=True)
class ModelSpec:
    """``[models.NAME]``: a language model and the limits of one run.

    Tokens are counted as the server counts them, prompt and answer together; prices are for a million of them.
    """

    use: str = attrs.field(metadata={"help": "the model component that asks"}, validator=not_blank)
    max_calls: int | None = attrs.field(
        default=None, metadata={"help": "the most calls that one run may send, retries too"}, validator=between(0)
    )
    max_tokens: int | None = attrs.field(
        default=None, metadata={"help": "the most tokens that one run may use"}, validator=between(0)
    )
    max_cost: float | None = attrs.field(
        default=None, metadata={"help": "the most that one run may cost, by the prices"}, validator=between(0)
    )
    max_seconds: float | None = attrs.field(
        default=None,
        metadata={"help": "no call is sent later than this many seconds after the first"},
        validator=between(0),
    )
    prompt_price: float | None = attrs.field(
        default=None, metadata={"help": "what a million tokens of prompts cost"}, validator=between(0)
    )
    answer_price: float | None = attrs.field(
        default=None, metadata={"help": "what a million tokens of answers cost"}, validator=between(0)
    )
    settings: dict[str, Any] = attrs.field(factory=dict, metadata={"rest": True})

    @max_cost.validator
    def _priced(self, _field: object, value: float | None) -> None:
        if value is not None and (self.prompt_price is None or self.answer_price is None):
            raise RecipeError.of("needs the prices", "max_cost", suggestion="give prompt_price and answer_price")


@attrs.frozen(kw_only=True)
class JournalSpec:
    """``[journal]``: where the answers of models are kept, and whether a model may be asked at all."""

    path: str | None = attrs.field(
        default=None,
        metadata={"help": "a file that several runs share; journal.sqlite in the run folder if not given"},
        validator=not_blank,
    )
    recorded: str | None = attrs.field(
        default=None, metadata={"help": "a JSONL file of answers recorded earlier"}, validator=not_blank
    )
    replay: Literal["off", "only"] = attrs.field(
        default="off", metadata={"help": "'only' takes every answer from the journal and asks no model"}
    )


@attrs.frozen(kw_only=True)
class RecipeSpec:
    """A whole recipe. ``root`` is the folder its paths are relative to; ``resolved`` the merged TOML data.

    ``resolved`` can be kept as JSON (dates are strings, secrets stay references to the environment) and
    ``recipe_of`` makes the same recipe of it. ``source`` knows where each value was written; a recipe made
    of data has none.
    """

    recipe: About = attrs.field(metadata={"help": "name, version, seed and rows"})
    task: Task = attrs.field(default=Task(), metadata={"help": "what a row is and what the labels mean"})
    factors: dict[str, FactorSpec] = attrs.field(factory=dict, metadata={"help": "what varies from row to row"})
    design: DesignSpec = attrs.field(default=DesignSpec(), metadata={"help": "how levels are allocated to rows"})
    step: tuple[StepSpec, ...] = attrs.field(default=(), metadata={"help": "generators and filters, in order"})
    gate: tuple[GateSpec, ...] = attrs.field(default=(), metadata={"help": "bounds that the final rows must hold"})
    reference: dict[str, ReferenceSpec] = attrs.field(factory=dict, metadata={"help": "real rows to compare with"})
    models: dict[str, ModelSpec] = attrs.field(
        factory=dict, metadata={"help": "language models that steps and gates name"}
    )
    journal: JournalSpec = attrs.field(default=JournalSpec(), metadata={"help": "where answers of models are kept"})
    predictors: dict[str, PredictorSpec] = attrs.field(
        factory=dict, metadata={"help": "classifiers that steps and gates ask"}
    )
    export: ExportSpec = attrs.field(default=ExportSpec(), metadata={"help": "where the data go and their split"})
    parts: PartsSpec = attrs.field(default=PartsSpec(), metadata={"help": "how the work is cut into parts"})
    root: Path = attrs.field(default=Path(), metadata={"internal": True})
    path: Path | None = attrs.field(default=None, eq=False, metadata={"internal": True})
    resolved: dict[str, Any] = attrs.field(factory=dict, metadata={"internal": True})
    source: Source | None = attrs.field(default=None, eq=False, repr=False, metadata={"internal": True})

    @property
    def origins(self) -> Mapping[KeyPath, Origin]:
        """Where each key was written; empty for a recipe made of data."""
        return self.source.origins if self.source else {}

    def place(self, problems: Iterable[Problem]) -> list[Problem]:
        """Give problems found later, which know their key path only, the place in the file."""
        return place(problems, self.source) if self.source else list(problems)
