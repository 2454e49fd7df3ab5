"""``llm.judge`` keeps rows whose text a model takes for what the plan says; ``llm.agreement`` measures how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import ADDRESS, FAMILY, LABEL, MEMBER, decoded
from fairloom.components import Measurement, Tools
from fairloom.draws import Draws
from fairloom.models import Estimate
from fairloom.problems import RecipeError, did_you_mean
from fairloom_llm.estimating import scaled
from fairloom_llm.kappa import cohen, fleiss
from fairloom_llm.panel import Panel, PanelSettings, majority, panel_of


@attrs.frozen(kw_only=True)
class JudgeSettings(PanelSettings):
    """Keys of a step with ``filter = "llm.judge"``."""

    accept: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "the answers that keep a row; if left out, the one that the column expect names"}
    )
    expect: str = attrs.field(default=LABEL, metadata={"help": "the column with the answer that keeps a row"})
    on_abstain: Literal["reject", "keep"] = attrs.field(
        default="reject", metadata={"help": "what to do with a row on which there is no majority"}
    )


@attrs.frozen(eq=False)
class JudgeFilter:
    """Rejects rows by the majority of the votes."""

    panel: Panel
    accept: frozenset[str]
    expect: str
    lenient: bool
    same_model: bool

    @property
    def judges(self) -> str | None:
        """The model that must not be a generator's, unless the recipe says so."""
        return None if self.same_model else self.panel.model.name

    @property
    def asks(self) -> frozenset[str]:
        """The names of the models that decide."""
        return frozenset([self.panel.model.name])

    def estimate(self, rows: pa.RecordBatch) -> list[Estimate]:
        """What the votes take."""
        return self.panel.estimate(rows)

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """``judged card_broken``, ``judge abstains``, or null."""
        verdicts = [majority(votes) for votes in self.panel.judge(rows)]
        wanted: Sequence[str | None] = [None] * rows.num_rows
        if not self.accept:
            wanted = decoded(rows.column(self.expect)).cast(pa.string()).to_pylist()
        return pa.array(list(map(self._reason, verdicts, wanted)), pa.string())

    def _reason(self, verdict: str | None, wanted: str | None) -> str | None:
        if verdict is None:
            return None if self.lenient else "judge abstains"
        good = verdict in self.accept if self.accept else verdict == wanted
        return None if good else f"judged {verdict}"


def build_judge(config: JudgeSettings, tools: Tools) -> JudgeFilter:
    """The filter.

    Raises:
        RecipeError: the panel cannot be, or nothing says which answer keeps a row.
    """
    panel = panel_of(config, tools)
    for index, name in enumerate(config.accept):
        if name not in panel.choices:
            hint = did_you_mean(name, panel.choices)
            raise RecipeError.of(f"{name!r} is no choice", "accept", index, suggestion=hint)
    if not config.accept:
        _check_expected(config.expect, panel, tools)
    return JudgeFilter(panel, frozenset(config.accept), config.expect, config.on_abstain == "keep", config.same_model)


def _check_expected(column: str, panel: Panel, tools: Tools) -> None:
    factor = tools.factors.get(column)
    if factor is None:
        way = did_you_mean(column, tools.factors) or 'say which answers keep a row: accept = ["yes"]'
        raise RecipeError.of(f"there is no factor {column!r} with the right answer", "expect", suggestion=way)
    strange = [name for name in factor.names if name not in panel.choices]
    if strange:
        raise RecipeError.of(f"{column} may be {strange[0]!r}, which is no choice", "choices")


@attrs.frozen(kw_only=True)
class AgreementSettings(PanelSettings):
    """Keys of a gate with ``metric = "llm.agreement"``."""

    against: str = attrs.field(default=LABEL, metadata={"help": "the column that the judge is compared with"})
    rows: int = attrs.field(
        default=200,
        metadata={"help": "how many rows are judged, drawn by their place in the design"},
        validator=attrs.validators.ge(2),
    )


@attrs.define(eq=False)
class Agreement:
    """Cohen's kappa of the judge and a column, over a sample of rows that is drawn by their place in the design.

    ``values`` has ``observed`` (share of equal answers), ``abstained`` (share of rows without a verdict) and, with two
    votes or more, ``fleiss`` (Fleiss' kappa among the votes). ``detail`` counts the pairs that differ.
    """

    panel: Panel
    against: str
    size: int
    draws: Draws
    same_model: bool
    sample: pa.Table | None = None
    missing: str | None = None

    @property
    def judges(self) -> str | None:
        """The model that must not be a generator's, unless the recipe says so."""
        return None if self.same_model else self.panel.model.name

    def estimate(self, rows: pa.RecordBatch) -> list[Estimate]:
        """What judging the sample takes, for the whole run: it has as many rows as the plan where that has fewer."""
        planned = int(pc.max(rows.column(ADDRESS)).as_py() or 0) + 1
        times = min(self.size, planned) / max(1, rows.num_rows)
        return [scaled(each, times) for each in self.panel.estimate(rows)]

    def observe(self, rows: pa.RecordBatch) -> None:
        """Keep the rows with the smallest words: the same sample in any order of batches."""
        if self.against not in rows.schema.names:
            self.missing = f"the rows have no column {self.against!r}"
            return
        taken = {name: decoded(rows.column(name)) for name in (FAMILY, MEMBER, *self.panel.fields)}
        found = pa.table({**taken, _AGAINST: decoded(rows.column(self.against)).cast(pa.string())})
        both = found if self.sample is None else pa.concat_tables([self.sample, found])
        words = self.draws.words(np.asarray(both.column(FAMILY)), np.asarray(both.column(MEMBER)))
        kept = np.sort(np.argsort(words, kind="stable")[: self.size])
        self.sample = both.take(pa.array(kept))

    def result(self) -> Measurement:
        """The agreement over the sample."""
        if self.missing or self.sample is None or not self.sample.num_rows:
            return Measurement(value=None, why=self.missing or "there are no rows")
        rows = self.sample.combine_chunks().to_batches()[0]
        votes = self.panel.judge(rows)
        pairs = list(zip(rows.column(_AGAINST).to_pylist(), map(majority, votes), strict=True))
        judged = [(truth, verdict) for truth, verdict in pairs if verdict is not None and truth is not None]
        values = {"abstained": 1 - len(judged) / len(pairs)}
        if judged:
            values["observed"] = sum(truth == verdict for truth, verdict in judged) / len(judged)
        among = fleiss(votes) if self.panel.votes > 1 else None
        values |= {"fleiss": among} if among is not None else {}
        differ = Counter(f"{truth} judged {verdict}" for truth, verdict in judged if truth != verdict)
        detail = dict(sorted(differ.items(), key=lambda item: (-item[1], item[0]))[:20])
        value = cohen(judged)
        why = None if value is not None else "all answers are one, so agreement beyond chance has no meaning"
        return Measurement(value=value, n=len(judged), values=values, detail=detail, why=why)


_AGAINST = "\x1fagainst"


def build_agreement(config: AgreementSettings, tools: Tools) -> Agreement:
    """The metric.

    Raises:
        RecipeError: the panel cannot be.
    """
    panel = panel_of(config, tools)
    return Agreement(panel, config.against, config.rows, tools.draws.stream("sample"), config.same_model)
