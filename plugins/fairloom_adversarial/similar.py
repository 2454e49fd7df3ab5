"""The generator ``similar``: harder neighbours of rows, by edits that keep the label."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.applies import Applies
from fairloom.attacks import Options
from fairloom.batch import ADDRESS, ATTEMPT, REASON, SPANS, decoded, spans_of
from fairloom.components import Generator, Goal, Search
from fairloom.draws import Draws
from fairloom.editing import apply
from fairloom.edits import EDITS, Edits, Perturbs, Ranges, edits_of, slots_of
from fairloom.predictors import Bools
from fairloom.problems import RecipeError
from fairloom_adversarial.asked import labels, predictor_of_labels
from fairloom_adversarial.attack import Aim, Asking, Means, Victims
from fairloom_adversarial.constraints import Constraints
from fairloom_adversarial.driving import ALREADY, FOUND, Driver, Hunt
from fairloom_adversarial.families import Families
from fairloom_adversarial.named import Named, all_of, made
from fairloom_adversarial.pool import Pool

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.draws import Ints

STATUS, QUERIES, BEFORE, AFTER, ORIGINAL = (
    "attack",
    "attack.queries",
    "attack.before",
    "attack.after",
    "attack.original",
)


@attrs.frozen(kw_only=True)
class Similar:
    """Settings of ``adversarial.similar``."""

    model: str = attrs.field(metadata={"help": "the name of the predictor that is attacked"})
    edits: tuple[str | dict[str, Any], ...] = attrs.field(
        metadata={"help": "perturbations that keep the label: names, or tables of use and settings"}
    )
    goal: str | dict[str, Any] = attrs.field(
        default="adversarial.wrong",
        metadata={"help": "what is wanted of the model: a goal, or a table of use and settings"},
    )
    search: str | dict[str, Any] = attrs.field(
        default="adversarial.greedy",
        metadata={"help": "how changes are chosen: a search, or a table of use and settings"},
    )
    constraints: tuple[str | dict[str, Any], ...] = attrs.field(
        default=(),
        metadata={"help": "row filters that every candidate must pass: names, or tables of use and settings"},
    )
    queries: int = attrs.field(default=100, metadata={"help": "the most texts asked about for one row"})
    proposals: int = attrs.field(default=4, metadata={"help": "how often each perturbation is asked for edits"})
    most: int = attrs.field(default=4, metadata={"help": "the most changes in one row"})
    share: float = attrs.field(default=0.2, metadata={"help": "the largest share of characters that may be edited"})
    protect: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "slots that no edit may touch, beside those of label factors"}
    )
    when: str | None = attrs.field(
        default=None, metadata={"help": "a condition over factors; other rows stay as they are"}
    )
    on_failure: Literal["refill", "keep"] = attrs.field(
        default="refill",
        metadata={"help": "what happens where no edit is found: the row is made again in its cell, or kept unedited"},
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to edit; the task's first field when left out"}
    )


@attrs.frozen(eq=False)
class SimilarGenerator:
    """Rows are searched one by one in Python, and the model is asked about all of them at once.

    ``reads`` are the factors of ``when``, that of the step and those of its edits. The columns added: ``attack`` says
    how the search ended, ``attack.queries`` what it cost, ``attack.before`` and ``attack.after`` the margins,
    ``attack.original`` the text before the edits.
    """

    config: Similar
    means: Means
    works: tuple[tuple[str, Perturbs], ...]
    applies: Applies
    protect: tuple[str, ...]
    draws: Draws

    @property
    def reads(self) -> frozenset[str]:
        """The factors that must be there in every row."""
        return self.applies.factors.union(*(getattr(work, "reads", ()) for _, work in self.works))

    @property
    def attacks(self) -> frozenset[str]:
        """The names of the predictors that the rows are made to fool, which so can verify nothing."""
        return frozenset([self.means.model.name])

    @property
    def field(self) -> str:
        """The field that is edited."""
        return self.means.field

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The field with its edits made, its spans and edits, and what the search came to."""
        families = Families.of(rows)
        chosen = np.flatnonzero(self._attacked(rows, families))
        victims = self._victims(rows, chosen, families)
        hunts, pool = self._hunted(victims)
        edits = pool.edits_for([(hunt.row, hunt.state, hunt.options) for hunt in hunts])
        at = np.array([hunt.row for hunt in hunts], np.int64)[edits.row]
        margins = self.means.model.predict(victims.texts(self.field)).margins(victims.labels)
        return self._written(rows, chosen, _moved(edits, chosen[at]), hunts, margins)

    def _attacked(self, rows: pa.RecordBatch, families: Families) -> Bools:
        """The rows that are attacked; where families are compared, not the first of them, nor one of another label."""
        attacked = self.applies.to(rows)
        attacked &= pc.is_valid(rows.column(self.field)).to_numpy(zero_copy_only=False)
        return attacked & families.later(labels(rows)) if self.means.aim.in_family else attacked

    def _victims(self, rows: pa.RecordBatch, chosen: Ints, families: Families) -> Victims:
        hunted, predict = rows.take(pa.array(chosen)), self.means.model.predict
        before = predict(hunted.column(self.field)).best
        compared = rows.column(self.field).take(pa.array(families.first[chosen])) if self.means.aim.in_family else None
        first = before if compared is None else predict(compared).best
        return Victims(hunted, decoded(labels(hunted)).cast(pa.string()), before, first)

    def _hunted(self, victims: Victims) -> tuple[list[Hunt], Pool]:
        """The searches of these rows, ended."""
        rows, protected = victims.rows, Ranges.none()
        if spans_of(self.field) in rows.schema.names:
            protected = Ranges.of_spans(rows.column(spans_of(self.field)), self.protect)
        pool = Pool.of(rows, self.field, self.works, self.draws, self.config.proposals, protected)
        asking = Asking(self.means, victims)
        scores = asking.scores(np.arange(rows.num_rows), victims.texts(self.field).to_pylist())
        hunts = [self._hunt(place, rows, pool, score) for place, score in enumerate(scores)]
        Driver(asking, pool).drive([hunt for hunt in hunts if not hunt.status])
        return hunts, pool

    def _hunt(self, place: int, rows: pa.RecordBatch, pool: Pool, score: float) -> Hunt:
        text = rows.column(self.field)[place].as_py()
        options = Options(text, pool.changes[place], self.config.most, self.config.share * len(text))
        draw = self.draws.at(rows.column(ADDRESS)[place].as_py(), rows.column(ATTEMPT)[place].as_py())
        goes_on = self.means.aim.goes_on
        return Hunt(
            row=place,
            options=options,
            questions=self.means.search.questions(options, draw, score),
            left=self.config.queries - 1,
            said={text: score},
            goes_on=goes_on,
            best=score if score <= 0 else math.inf,
            status="" if score > 0 or goes_on else ALREADY,
        )

    def _written(
        self, rows: pa.RecordBatch, chosen: Ints, edits: Edits, hunts: list[Hunt], margins: Any
    ) -> pa.RecordBatch:
        names, texts = rows.schema.names, rows.column(self.field)
        spans = rows.column(spans_of(self.field)) if spans_of(self.field) in names else None
        earlier = rows.column(edits_of(self.field)) if edits_of(self.field) in names else None
        made = apply(texts, spans, edits, earlier=earlier)
        statuses, queries = _spread(rows, chosen, [h.status for h in hunts]), [h.queries for h in hunts]
        found = pc.fill_null(pc.equal(statuses, FOUND), fill_value=False)
        after = self.means.model.predict(made.texts.take(pa.array(chosen))).margins(labels(rows).take(pa.array(chosen)))
        columns: dict[str, Any] = {
            self.field: made.texts.cast(pa.string()),
            **({spans_of(self.field): made.spans.cast(SPANS)} if made.spans is not None else {}),
            edits_of(self.field): made.column.cast(EDITS),
            STATUS: statuses,
            QUERIES: _spread(rows, chosen, queries).cast(pa.int32()),
            BEFORE: _spread(rows, chosen, np.round(margins, 6).tolist()).cast(pa.float64()),
            AFTER: _spread(rows, chosen, np.round(after, 6).tolist()).cast(pa.float64()),
            ORIGINAL: pc.if_else(found, texts.cast(pa.string()), pa.scalar(None, pa.string())),
        }
        if self.config.on_failure == "refill":
            columns[REASON] = _reasons(statuses)
        return pa.RecordBatch.from_pydict(columns)


def _moved(edits: Edits, rows: Ints) -> Edits:
    """The edits in the rows of the whole batch."""
    return attrs.evolve(edits, row=rows)


def _spread(rows: pa.RecordBatch, chosen: Ints, values: list[Any]) -> pa.Array:
    """Values of the chosen rows as a column of all rows."""
    places = np.full(rows.num_rows, -1, np.int64)
    places[chosen] = np.arange(chosen.size)
    return pa.array(values).take(pa.array(places, mask=places < 0)) if values else pa.nulls(rows.num_rows, pa.string())


def _reasons(statuses: pa.Array) -> pa.Array:
    """Why a row is made again: the search ended without an edit that reaches the goal."""
    done = pc.fill_null(pc.is_in(statuses, pa.array([FOUND, ALREADY])), fill_value=True)
    said = pc.binary_join_element_wise(pa.scalar("attack"), statuses, ": ")
    return pc.if_else(pc.or_(done, pc.is_null(statuses)), pa.scalar(None, pa.string()), said)


def build(config: Similar, tools: Tools) -> SimilarGenerator:
    """The generator, or ``RecipeError`` for what cannot be attacked or may change the label."""
    _, protect, means, applies, *works = all_of(
        lambda: _check(config),
        lambda: slots_of(config.protect, tools.factors, "protect"),
        lambda: _means(config, tools),
        lambda: Applies.of(config.when, tools.factors),
        *(partial(_work, place, each, tools) for place, each in enumerate(config.edits)),
    )
    carrying = (name for name, factor in tools.factors.items() if factor.role == "label")
    return SimilarGenerator(config, means, tuple(works), applies, (*carrying, *protect), tools.draws)


def _check(config: Similar) -> None:
    for key, least in (("queries", 2), ("proposals", 1), ("most", 1)):
        if getattr(config, key) < least:
            raise RecipeError.of(f"is at least {least}, got {getattr(config, key)}", key)
    if not 0 < config.share <= 1:
        raise RecipeError.of(f"is above 0 and at most 1, got {config.share:g}", "share")
    if not config.edits:
        raise RecipeError.of("names no perturbation", "edits", suggestion='for example edits = ["edits.typo"]')


def _means(config: Similar, tools: Tools) -> Means:
    field = tools.task.field_of(config.field)
    model, aim, search, constraints = all_of(
        lambda: predictor_of_labels(config.model, tools),
        lambda: _aim(config, tools),
        lambda: made(Search, config.search, tools, "search")[1],
        lambda: Constraints.of(config.constraints, field, tools),
    )
    return Means(model, aim, search, constraints, field)


def _aim(config: Similar, tools: Tools) -> Aim:
    aim = Aim(*made(Goal, config.goal, tools, "goal"))
    if aim.in_family and not any(factor.within for factor in tools.factors.values()):
        said = f"{aim.use} holds rows against the first of their family, and every family has one row"
        raise RecipeError.of(said, "goal", suggestion="name a factor in within of [design]")
    return aim


def _work(place: int, said: Named, tools: Tools) -> tuple[str, Perturbs]:
    """A perturbation, held to the promise that it keeps the label."""
    use, work = made(Generator, said, tools, "edits", place)
    if not hasattr(work, "propose"):
        raise RecipeError.of(f"{use} proposes no edits, so it cannot be searched over", "edits", place)
    if work.label.kind != "INV":
        kept = f"{use} may change the label (its label rule is {work.label.kind}), so a wrong answer proves nothing"
        raise RecipeError.of(kept, "edits", place, suggestion="name perturbations with the label rule INV")
    return use, work
