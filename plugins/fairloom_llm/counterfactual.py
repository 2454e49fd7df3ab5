"""``llm.counterfactual``: the smallest change after which another level is true of a text, as other models see it.

A model writes several candidates. Those that break a span, come with a preface or change too many words are dropped;
a panel of other models votes on the rest; the most fluent of those that pass is taken. What is done to a row depends on
its family alone, never on the batch: rows with one text take different changes by draws of their own, and the rows of a
family different ones wherever they can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.applies import Applies
from fairloom.batch import ADDRESS, ATTEMPT, FAMILY, LABEL, MEMBER, REASON, decoded, spans_of
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.editing import apply
from fairloom.edits import Edits, edits_of
from fairloom.models import Estimate, OpenModel, Request
from fairloom.ngrams import CharacterModel
from fairloom.problems import RecipeError, RunError, did_you_mean
from fairloom_llm.asking import ask, model_of, number
from fairloom_llm.brief import Facts
from fairloom_llm.candidates import UNVERIFIED, Candidate, read, reason
from fairloom_llm.estimating import estimate, text_tokens
from fairloom_llm.marks import Marked, marked
from fairloom_llm.panel import Panel, PanelSettings, panel_of
from fairloom_llm.prompts import Prompt, read_prompt

NAMES = ("field", "text", "marks", "of", "target", "meaning", "version")
RULE = "counterfactual"
_SLACK = 0.1
"""Bits per character, or share of words, within which candidates count as equally good, so that draws may choose."""


@attrs.frozen(kw_only=True)
class CounterfactualSettings:
    """Keys of a step with ``generate = "llm.counterfactual"``."""

    model: str = attrs.field(metadata={"help": "the [models.NAME] that changes texts"})
    verifiers: tuple[str, ...] = attrs.field(
        metadata={"help": "the [models.NAME] that vote on what a changed text is; none of them may write rows"}
    )
    votes: int | None = attrs.field(
        default=None, metadata={"help": "how many verifiers must find the target; more than half when left out"}
    )
    when: str | None = attrs.field(
        default=None, metadata={"help": "a condition over factors: the rows to change; all of them when left out"}
    )
    target: str = attrs.field(
        default=LABEL, metadata={"help": "the factor whose level in the row must be true of the changed text"}
    )
    candidates: int = attrs.field(
        default=4,
        metadata={"help": "how many changed texts are asked for, one call each"},
        validator=attrs.validators.in_(range(1, 33)),
    )
    share: float = attrs.field(default=0.4, metadata={"help": "the largest share of words that may change"})
    change: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "slots whose spans may change too; all others come through as they are"}
    )
    pool: str | None = attrs.field(
        default=None,
        metadata={
            "help": "the [reference.NAME] that shows how texts read, to choose the most fluent candidate; "
            "the smallest change is taken when left out"
        },
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to change; the task's first field when left out"}
    )
    prompt: str | None = attrs.field(
        default=None, metadata={"help": "the prompt file (Jinja, blocks system and user); the built-in one if left out"}
    )
    parameters: dict[str, Any] = attrs.field(
        factory=dict, metadata={"help": "parameters of the model for this step, such as temperature"}
    )

    @share.validator
    def _share(self, _field: object, value: float) -> None:
        if not 0 < value <= 1:
            raise RecipeError.of(f"is above 0 and at most 1, got {value:g}", "share")


@attrs.frozen(eq=False)
class CounterfactualWriter:
    """Asks for candidates, has them verified, and makes the edits of the one that is taken."""

    config: CounterfactualSettings
    model: OpenModel
    panels: tuple[Panel, ...]
    facts: Facts
    prompt: Prompt
    field: str
    applies: Applies
    pool: Callable[[], pa.Table] | None
    draws: Draws
    text_tokens: float

    @property
    def asks(self) -> frozenset[str]:
        """The names of the models that write."""
        return frozenset([self.model.name])

    @property
    def verifiers(self) -> frozenset[str]:
        """The names of the models that vote, none of which may write."""
        return frozenset(self.config.verifiers)

    @property
    def reads(self) -> frozenset[str]:
        """The factors that must be there in every row."""
        return self.applies.factors | {self.config.target}

    def estimate(self, rows: pa.RecordBatch) -> list[Estimate]:
        """So many calls per row, and as many of each verifier, if no candidate is dropped."""
        some = rows.filter(pa.array(self.applies.to(rows)))
        asked = [self._request(facts, Marked("", ()), 0, 0) for facts in self.facts.of_rows(some)]
        requests = asked * self.config.candidates
        votes = [panel.estimate(some)[0] for panel in self.panels]
        times = self.config.candidates
        return [
            estimate(self.model, requests, self.text_tokens, more=self.text_tokens),
            *(
                attrs.evolve(
                    each,
                    calls=each.calls * times,
                    prompt_tokens=each.prompt_tokens * times,
                    answer_tokens=each.answer_tokens * times,
                )
                for each in votes
            ),
        ]

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The field with its change made, its spans and edits; a reason where no candidate passed."""
        if self.field not in rows.schema.names:
            raise RunError(f"no step before has written the field {self.field!r}, so there is nothing to change")
        chosen = np.flatnonzero(self.applies.to(rows))
        some = rows.take(pa.array(chosen))
        found = self._verified(some, self._candidates(some))
        taken = self._taken(some, found)
        reasons = np.full(rows.num_rows, None, dtype=object)
        for at, each, options in zip(chosen.tolist(), taken, found, strict=True):
            reasons[at] = None if each is not None else f"counterfactual {reason(options)}"
        return self._written(rows, chosen.tolist(), taken, reasons)

    # Asking -----------------------------------------------------------------------------------------

    def _candidates(self, rows: pa.RecordBatch) -> list[list[Candidate | str]]:
        """What the model wrote for each row, or why a text is no candidate."""
        texts, before = self._before(rows)
        facts = self.facts.of_rows(rows)
        address, attempt = (np.asarray(rows.column(name)).tolist() for name in (ADDRESS, ATTEMPT))
        times = range(self.config.candidates)
        going = [(at, each) for at, each in enumerate(before) if isinstance(each, Marked)]
        requests = [
            self._request(facts[at], each, number(address[at], attempt[at] * len(times) + time), time)
            for at, each in going
            for time in times
        ]
        said = iter(ask(self.model, requests))
        found: list[list[Candidate | str]] = [[each] if isinstance(each, str) else [] for each in before]
        for at, each in going:
            found[at] = _different([read(next(said), each, texts[at], self.config.share) for _ in times])
        return found

    def _before(self, rows: pa.RecordBatch) -> tuple[list[str], list[Marked | str]]:
        texts = decoded(rows.column(self.field)).to_pylist()
        name = spans_of(self.field)
        spans = rows.column(name).to_pylist() if name in rows.schema.names else [None] * rows.num_rows
        return texts, [marked(text, self._kept(own or [])) for text, own in zip(texts, spans, strict=True)]

    def _kept(self, spans: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The spans that must come through."""
        free = self.config.change
        return [each for each in spans if each["slot"] not in free and each["slot"].partition(".")[0] not in free]

    def _request(self, facts: Mapping[str, Any], before: Marked, attempt: int, time: int) -> Request:
        marks = [
            {"mark": f"[{place}]", "slot": span["slot"], "value": span["value"]}
            for place, span in enumerate(before.spans, start=1)
        ]
        target = self.config.target
        own = {
            "field": self.field,
            "text": before.text,
            "marks": marks,
            "of": target,
            "target": facts.get(target),
            "meaning": facts["definition"] if target == LABEL else "",
            "version": time + 1,
        }
        return Request(
            messages=self.prompt.messages({**facts, **own}), parameters=self.config.parameters, attempt=attempt
        )

    # Choosing ---------------------------------------------------------------------------------------

    def _verified(self, rows: pa.RecordBatch, found: list[list[Candidate | str]]) -> list[list[Candidate | str]]:
        """The candidates that enough verifiers find to be what the row asks for."""
        asked = [(at, each) for at, options in enumerate(found) for each in options if isinstance(each, Candidate)]
        if not asked:
            return found
        owners = pa.array([at for at, _ in asked])
        columns = {name: rows.column(name).take(owners) for name in (FAMILY, MEMBER)}
        texts = pa.RecordBatch.from_pydict({**columns, self.field: pa.array([each.text for _, each in asked])})
        wanted = decoded(rows.column(self.config.target)).cast(pa.string()).take(owners).to_pylist()
        ballots = [[votes[0] for votes in panel.judge(texts)] for panel in self.panels]
        counted = [sum(vote == want for vote in votes) for want, *votes in zip(wanted, *ballots, strict=True)]
        passed = iter([count >= self._votes for count in counted])
        return [
            [each if isinstance(each, str) or next(passed) else UNVERIFIED for each in options] for options in found
        ]

    @property
    def _votes(self) -> int:
        return self.config.votes or len(self.panels) // 2 + 1

    def _taken(self, rows: pa.RecordBatch, found: Sequence[Sequence[Candidate | str]]) -> list[Candidate | None]:
        """One candidate of each row: among the best by its draw, and in a family a change that no other row has."""
        address, attempt = (rows.column(name).to_numpy().astype(np.int64) for name in (ADDRESS, ATTEMPT))
        drawn = self.draws.words(address, attempt).tolist()
        used: dict[int, set[tuple[str, ...]]] = {}
        taken: list[Candidate | None] = []
        for family, word, options in zip(rows.column(FAMILY).to_pylist(), drawn, found, strict=True):
            known = used.setdefault(family, set())
            order = self._ranked([each for each in options if isinstance(each, Candidate)], word)
            taken.append(next((each for each in order if each.change not in known), order[0] if order else None))
            if taken[-1] is not None:
                known.add(taken[-1].change)
        return taken

    def _ranked(self, options: Sequence[Candidate], word: int) -> list[Candidate]:
        """Best first; those nearly as good as the best turn by the row's draw."""
        if not options:
            return []
        scores = self._scores(options)
        order = sorted(range(len(options)), key=lambda place: (scores[place], options[place].share, place))
        near = [place for place in order if scores[place] <= scores[order[0]] + _SLACK]
        turn = word % len(near)
        return [options[place] for place in (*near[turn:], *near[:turn], *order[len(near) :])]

    def _scores(self, options: Sequence[Candidate]) -> list[float]:
        if self._fluency is None:
            return [each.share for each in options]
        bits: list[float] = self._fluency.bits(pa.array([each.text for each in options])).tolist()
        return bits

    @cached_property
    def _fluency(self) -> CharacterModel | None:
        if self.pool is None:
            return None
        return CharacterModel.of(self.pool().column(self.field).combine_chunks())

    # Writing ----------------------------------------------------------------------------------------

    def _written(
        self, rows: pa.RecordBatch, chosen: Sequence[int], taken: Sequence[Candidate | None], reasons: Any
    ) -> pa.RecordBatch:
        names, texts = rows.schema.names, rows.column(self.field)
        lines = list(_lines(chosen, taken))
        row, start, end = np.array([line[:3] for line in lines], np.int64).reshape(-1, 3).T
        edits = Edits.of(row, start, end, [line[3] for line in lines], RULE, row)
        spans, earlier = (
            rows.column(name) if name in names else None for name in (spans_of(self.field), edits_of(self.field))
        )
        made = apply(texts, spans, edits, earlier=earlier)
        columns: dict[str, Any] = {self.field: made.texts, edits_of(self.field): made.column}
        if made.spans is not None:
            columns[spans_of(self.field)] = made.spans
        columns[REASON] = pa.array(reasons, pa.string())
        return pa.RecordBatch.from_pydict(columns)


def _different(found: Sequence[Candidate | str]) -> list[Candidate | str]:
    """Without candidates that say what an earlier one says."""
    seen: set[str] = set()
    out: list[Candidate | str] = []
    for each in found:
        text = each.text if isinstance(each, Candidate) else ""
        if not text or text not in seen:
            out.append(each)
        seen.add(text)
    return out


def _lines(chosen: Sequence[int], taken: Sequence[Candidate | None]) -> Iterator[tuple[int, int, int, str]]:
    for at, each in zip(chosen, taken, strict=True):
        for edit in each.edits if each is not None else ():
            yield (at, *edit)


def build(config: CounterfactualSettings, tools: Tools) -> CounterfactualWriter:
    """The generator.

    Raises:
        RecipeError: there is no such model, factor, prompt, field or pool, or nobody to verify.
    """
    field = tools.task.field_of(config.field)
    return CounterfactualWriter(
        config=config,
        model=model_of(tools, config.model),
        panels=tuple(_panels(config, field, tools)),
        facts=Facts.of(tools),
        prompt=read_prompt(config.prompt, RULE, tools, names=NAMES),
        field=field,
        applies=Applies.of(config.when, tools.factors),
        pool=None if config.pool is None else tools.reference(config.pool, "pool"),
        draws=tools.draws,
        text_tokens=text_tokens(tools.task),
    )


def _panels(config: CounterfactualSettings, field: str, tools: Tools) -> Iterator[Panel]:
    """One panel per verifier; its choices are the levels of the target."""
    factor = tools.factors.get(config.target)
    if factor is None or factor.size == 0:
        hint = did_you_mean(config.target, tools.factors)
        raise RecipeError.of(f"there is no factor {config.target!r} with levels", "target", suggestion=hint)
    most = len(config.verifiers)
    if not most:
        way = "name a model that does not write: what a change did to a text, its writer cannot tell"
        raise RecipeError.of("must not be empty", "verifiers", suggestion=way)
    if config.votes is not None and not 1 <= config.votes <= most:
        raise RecipeError.of(f"is from 1 to the number of verifiers, {most}, got {config.votes}", "votes")
    for place, name in enumerate(config.verifiers):
        if name in config.verifiers[:place]:
            raise RecipeError.of(f"{name!r} would vote twice", "verifiers", place)
        model_of(tools, name, "verifiers")
        settings = PanelSettings(model=name, field=field, choices=factor.names)
        yield attrs.evolve(panel_of(settings, tools), fields=(field,))
