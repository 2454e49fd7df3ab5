"""Descriptors: what a plugin offers, and the protocols of the objects that descriptors build.

A hook yields descriptors. A descriptor names a component, describes its settings by an attrs class
and builds the working object from settings and tools. Working objects need no base class; the
protocols below say what the core calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import attrs
import pyarrow as pa

from fairloom.design import Bools, DesignTask, Plan, Uses
from fairloom.draws import Draws, Ints
from fairloom.factors import Factor
from fairloom.models import OpenModel
from fairloom.predictors import OpenPredictor
from fairloom.problems import RecipeError, did_you_mean
from fairloom.task import Task

API = 1
"""The component API this core speaks. A descriptor with a larger ``api`` is refused."""

Scope = Literal["row", "family", "dataset"]


@attrs.frozen(kw_only=True)
class Audit:
    """The filter audit: what each step kept of each label and protected group, all attempts together.

    ``steps`` are the names of the recipe's steps and ``axes`` the columns compared. ``entries`` holds one
    mapping per step and axis, ``step``, ``use``, ``axis``, ``groups`` (each ``name``, ``seen``,
    ``rejected``, ``rate``), ``ratio`` (smallest rate over largest) and ``p`` (of a G-test); none before
    the steps have worked.
    """

    steps: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    entries: tuple[Mapping[str, Any], ...] = ()


def _alone(kind: type[Component], use: str, *_: Any) -> Any:
    """``Tools.make`` where there is no recipe that could name another component."""
    raise RecipeError.of(f"there is no recipe here that could name the {kind.kind} {use!r}")


def _unknown(_axes: Sequence[str]) -> Bools | None:
    """``Tools.possible`` where there is no design."""
    return None


@attrs.frozen(kw_only=True)
class Tools:
    """What a component may use, handed to ``build``.

    ``open_path`` turns a path of the recipe into a checked absolute path (it may not leave the
    recipe's folder unless the caller allowed it) and records the file as an input of the run.
    ``version_of(distribution)`` gives the version of an installed package that decides what the component does, and
    makes it a part of the run's identity; ``importlib.metadata.PackageNotFoundError`` where it is not installed.
    ``draws`` is the component's own stream of randomness. ``references`` opens named reference rows.
    ``audit`` tells a metric what the steps kept. ``models`` are the recipe's ``[models.NAME]``, opened, and
    ``predictors`` its ``[predictors.NAME]``. ``make(kind, use, settings, *key)`` gives the working object of another
    component, ``make(Generator, "edits.typo", {"rate": 0.1}, "transformations", 0)``: found, checked and recorded
    like one that the recipe names itself, with draws of its own. ``key`` is the path of the setting that names it. A
    filter made so has scope ``row``.
    ``judges`` tells a step the names of the filter steps that come after it. ``possible(axes)`` tells a step which
    cells of some axes the rules of the design allow: a boolean array with a dimension per axis, ``None``
    where it is not known. ``attempts`` tells a step how often a place may be filled, ``None`` where nothing is filled.
    """

    task: Task
    factors: Mapping[str, Factor]
    draws: Draws
    open_path: Callable[[str], Path]
    version_of: Callable[[str], str] = version
    references: Mapping[str, Callable[[], pa.Table]] = attrs.field(factory=dict)
    audit: Audit = Audit()
    models: Mapping[str, OpenModel] = attrs.field(factory=dict)
    predictors: Mapping[str, OpenPredictor] = attrs.field(factory=dict)
    make: Callable[..., Any] = _alone
    judges: tuple[str, ...] = ()
    possible: Callable[[Sequence[str]], Bools | None] = _unknown
    attempts: int | None = None

    def predictor(self, name: str, *key: str | int) -> OpenPredictor:
        """The predictor that a setting names.

        Raises:
            RecipeError: The recipe has none of that name; at ``key``, which is ``model`` when left out.
        """
        if name not in self.predictors:
            hint = did_you_mean(name, self.predictors) or f"add [predictors.{name}]"
            raise RecipeError.of(f"the recipe has no predictor {name!r}", *(key or ("model",)), suggestion=hint)
        return self.predictors[name]

    def reference(self, name: str, *key: str | int) -> Callable[[], pa.Table]:
        """What opens the reference rows that a setting names.

        Raises:
            RecipeError: The recipe has none of that name; at ``key``, which is ``against`` when left out.
        """
        if name not in self.references:
            hint = did_you_mean(name, self.references) or f"add [reference.{name}]"
            raise RecipeError.of(f"the recipe has no reference {name!r}", *(key or ("against",)), suggestion=hint)
        return self.references[name]


@attrs.frozen(kw_only=True)
class Component:
    """A named part of a plugin. ``kind`` is the word the recipe and messages use."""

    kind: ClassVar[str] = "component"
    hook: ClassVar[str] = ""

    name: str
    summary: str
    config: type
    build: Callable[[Any, Tools], Any]
    scope: Scope = "row"
    needs: tuple[str, ...] = ()
    api: int = API


@attrs.frozen(kw_only=True)
class Sampler(Component):
    """Allocates levels (``plans="design"``) or draws one factor's values (``plans="value"``)."""

    kind: ClassVar[str] = "sampler"
    hook: ClassVar[str] = "fairloom_samplers"
    plans: Literal["design", "value"] = "design"


@attrs.frozen(kw_only=True)
class ValueTable(Component):
    """Offers the levels of a factor: a curated list, or levels made by rule.

    ``groups`` are the columns balanced before a level is chosen where the recipe says nothing of ``balance``.
    ``source``, ``licence`` and ``version`` go to the manifest, beside the digest of the table.
    """

    kind: ClassVar[str] = "value table"
    hook: ClassVar[str] = "fairloom_tables"
    scope: Scope = "dataset"
    groups: tuple[str, ...] = ()
    source: str = ""
    licence: str = ""
    version: str = ""


@attrs.frozen(kw_only=True)
class Generator(Component):
    """Writes the task's fields from briefs, or from rows that an earlier step wrote."""

    kind: ClassVar[str] = "generator"
    hook: ClassVar[str] = "fairloom_generators"


@attrs.frozen(kw_only=True)
class Filter(Component):
    """Judges rows: keep, or reject with a reason. It never drops a row itself."""

    kind: ClassVar[str] = "filter"
    hook: ClassVar[str] = "fairloom_filters"


@attrs.frozen(kw_only=True)
class Metric(Component):
    """Measures the final rows, alone or against reference rows."""

    kind: ClassVar[str] = "metric"
    hook: ClassVar[str] = "fairloom_metrics"
    scope: Scope = "dataset"


@attrs.frozen(kw_only=True)
class Reader(Component):
    """Reads a file into a table.

    ``suffixes`` are the endings of file names, ``(".csv",)``, for which ``fairloom profile`` takes this reader
    when the call names none. A reader found that way is built with ``path`` and whatever ``--set`` gives.
    """

    kind: ClassVar[str] = "reader"
    hook: ClassVar[str] = "fairloom_readers"
    scope: Scope = "dataset"
    suffixes: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Writer(Component):
    """Writes the final rows in one format, batch by batch."""

    kind: ClassVar[str] = "writer"
    hook: ClassVar[str] = "fairloom_writers"
    scope: Scope = "dataset"


@attrs.frozen(kw_only=True)
class Model(Component):
    """Opens a language model for generators, filters and metrics."""

    kind: ClassVar[str] = "model"
    hook: ClassVar[str] = "fairloom_models"


@attrs.frozen(kw_only=True)
class Predictor(Component):
    """Opens a classifier for generators, filters, metrics and ``fairloom probe``: texts in, probabilities out."""

    kind: ClassVar[str] = "predictor"
    hook: ClassVar[str] = "fairloom_predictors"


@attrs.frozen(kw_only=True)
class Goal(Component):
    """Says how far a candidate of an attack is from what the attack wants (``attacks.Scores``)."""

    kind: ClassVar[str] = "goal"
    hook: ClassVar[str] = "fairloom_goals"


@attrs.frozen(kw_only=True)
class Search(Component):
    """Says which changes of a row an attack asks about next (``attacks.Searches``)."""

    kind: ClassVar[str] = "search"
    hook: ClassVar[str] = "fairloom_searches"


@attrs.frozen(kw_only=True)
class Executor(Component):
    """Runs the parts of a run somewhere: plain-data part specifications in, plain-data results out."""

    kind: ClassVar[str] = "executor"
    hook: ClassVar[str] = "fairloom_executors"


@attrs.frozen(kw_only=True)
class Lint(Component):
    """Finds faults of a recipe before a row is made, for ``fairloom check --lint``.

    What is built answers ``findings`` (``lints.Finds``).
    """

    kind: ClassVar[str] = "lint"
    hook: ClassVar[str] = "fairloom_lints"
    scope: Scope = "dataset"


KINDS: tuple[type[Component], ...] = (
    Sampler,
    ValueTable,
    Generator,
    Filter,
    Metric,
    Reader,
    Writer,
    Model,
    Predictor,
    Goal,
    Search,
    Executor,
    Lint,
)


class DesignSampler(Protocol):
    """What a ``Sampler`` with ``plans="design"`` builds."""

    def plan(self, task: DesignTask) -> Plan:
        """Allocate, or raise ``RecipeError`` naming the rules that conflict."""


class ValueSampler(Protocol):
    """What a ``Sampler`` with ``plans="value"`` builds."""

    def draw(self, draws: Draws, addresses: Ints, attempts: Ints) -> pa.Array:
        """One value per address: strings, integers, floats, dates."""


class Tabulates(Protocol):
    """What a ``ValueTable`` builds."""

    def table(self) -> pa.Table:
        """The levels, one row each, in documented order; the first column is what ``{{ factor }}`` writes."""


class Writes(Protocol):
    """What a ``Generator`` builds.

    It may have ``uses: Uses | None``, the factors each template needs, or ``reads``, a set of factors that it needs
    in every row, whatever the template. A factor that nothing needs in a row is null there.
    """

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The new columns for these rows, in their order: fields, spans, computed columns.

        Null in a field with a text in the column ``reason`` says the row could not be written.
        """


class Mends(Writes, Protocol):
    """A ``Generator`` that can mend, where ``repairs`` is true: the last one of a recipe is asked to, once per attempt.

    It gets the rows that later filters rejected, and those that it refused itself with a ``reason`` beside whole texts.
    The rejected text stays in the ledger; the mended row meets all later filters again.
    """

    repairs: bool

    def repair(self, rows: pa.RecordBatch, reasons: pa.Array) -> pa.RecordBatch:
        """The columns of ``write`` anew for these rows, each rejected for its reason.

        What earlier steps had written, and ``write`` may have replaced, is there too: ``batch.before_of(column)``.
        """


class Judges(Protocol):
    """What a ``Filter`` of scope ``row`` or ``family`` builds."""

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """One string per row: null keeps it, anything else is the reason to reject it."""


class JudgesAll(Protocol):
    """What a ``Filter`` of scope ``dataset`` builds: remember little per row, judge all at once."""

    def remember(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """What must be kept of these rows to judge them later (signatures): one line per row."""

    def judge(self, memory: pa.Table, priority: Ints) -> pa.Table:
        """Columns ``reason`` (null keeps) and ``cites`` (index of the kept row, or null), per line.

        A column ``similarity`` (numbers, 0 to 1) may say how alike the two rows are; the ledger shows it.
        ``memory`` has the remembered columns after ``address, family``. A row may only be dropped in
        favour of one with a smaller ``priority``. Families are dropped whole, and the rows of one have
        neighbouring priorities.
        """


@attrs.frozen(kw_only=True)
class Measurement:
    """What a metric found. ``value`` is what gates bound; ``None`` means it was not computed, and why.

    ``values`` are secondary figures (a gate picks one with ``of``); ``detail`` is anything plain for
    the report; ``n`` how many rows stand behind the value.
    """

    value: float | None
    n: int = 0
    values: dict[str, float] = attrs.field(factory=dict)
    detail: Any = None
    why: str | None = None


class Measures(Protocol):
    """What a ``Metric`` builds: fed the final rows in order of address, then asked once."""

    def observe(self, rows: pa.RecordBatch) -> None:
        """Take in the next rows."""

    def result(self) -> Measurement:
        """The measurement over everything observed."""


class Reads(Protocol):
    """What a ``Reader`` builds."""

    def read(self) -> Iterator[pa.RecordBatch]:
        """The rows of the file."""


class WritesRows(Protocol):
    """What a ``Writer`` builds. ``suffix`` is the file name's ending, ``.jsonl``."""

    suffix: str

    def write(self, batches: Iterator[pa.RecordBatch], path: Path) -> None:
        """Write every batch to ``path``."""


__all__ = [
    "API",
    "KINDS",
    "Audit",
    "Component",
    "DesignSampler",
    "Executor",
    "Filter",
    "Generator",
    "Goal",
    "Judges",
    "JudgesAll",
    "Lint",
    "Measurement",
    "Measures",
    "Mends",
    "Metric",
    "Model",
    "Predictor",
    "Reader",
    "Reads",
    "Sampler",
    "Scope",
    "Search",
    "Tabulates",
    "Tools",
    "Uses",
    "ValueSampler",
    "ValueTable",
    "Writer",
    "Writes",
    "WritesRows",
]
