"""An opened model: each question goes to the journal first, then once to the model, and its answer into the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs

from fairloom.modelling.journal import Journal, Question
from fairloom.modelling.limits import Limits
from fairloom.modelling.pace import Counts, Pace, together
from fairloom.models import Asks, Failure, OpenModel, Outcome, Request
from fairloom.problems import FairloomError, ModelError, PluginError, RecipeError

Replay = Literal["off", "only"]

_FEW_FAILED = 4
"""So many requests without one answer between them say that the server is down, not that a row is odd."""

_LOOK = 0.1
"""Seconds between two looks at what another process is asking."""


@attrs.define(eq=False)
class Opened:
    """A model of the recipe as components ask it (``OpenModel``)."""

    name: str
    asks: Asks
    journal: Journal
    limits: Limits
    replay: Replay = "off"
    say: Callable[[Counts], None] | None = None
    _answered: bool = attrs.field(default=False, init=False)
    _given: dict[str, Failure] = attrs.field(factory=dict, init=False)

    def ask(self, requests: Sequence[Request]) -> list[Outcome]:
        """One outcome per request, in their order; equal requests are asked once.

        Raises:
            ModelError: A limit is reached, a replay lacks an answer, or the server answers nothing.
        """
        questions = Question.all_of(self.asks.identity, requests)
        keys = [question.key for question in questions]
        known = {**self._given, **self.journal.find(keys, failures=self.replay == "only")}
        both = zip(questions, requests, strict=True)
        missing = {question.key: (question, request) for question, request in both if question.key not in known}
        if missing:
            known |= self._asked(*zip(*missing.values(), strict=True))
        return [known[key] for key in keys]

    def _asked(self, missing: Sequence[Question], requests: Sequence[Request]) -> dict[str, Outcome]:
        """The outcomes of requests that the journal does not know, by key.

        What another process is asking already is waited for.
        """
        if self.replay == "only":
            where = self.journal.path or "of this call"
            raise ModelError(
                f"the journal {where} lacks {len(missing):,} of the answers of [models.{self.name}] that this run "
                'needs, and replay = "only" asks no model; without it, the run asks for them'
            )
        found: dict[str, Outcome] = {}
        left = dict(zip([question.key for question in missing], zip(missing, requests, strict=True), strict=True))
        while left:
            with self.journal.asking(left) as (known, mine):
                found |= known
                if mine:
                    found |= self._sent(*zip(*(left[key] for key in mine), strict=True))
            left = {key: each for key, each in left.items() if key not in found}
            if left and not mine:
                time.sleep(_LOOK)
        return found

    def _sent(self, questions: Sequence[Question], requests: Sequence[Request]) -> dict[str, Outcome]:
        """The outcomes of requests that are asked here and now, by key."""
        found: dict[str, Outcome] = {}
        pace = Pace(self.limits, len(requests), self.say) if self.say else None

        def done(index: int, outcome: Outcome, *, again: bool = False) -> None:
            question = questions[index]
            if again:
                self.journal.add(question, outcome)
                if pace:
                    pace.again(outcome)
                return
            never_sent = isinstance(outcome, Failure) and outcome.kind == "budget"
            found[question.key] = outcome if never_sent else self.journal.add(question, outcome)
            if pace:
                pace.count(outcome)

        try:
            self.asks.ask(requests, done, self.limits)
        except RecipeError as error:
            raise _of_model(error, self.name) from error
        except FairloomError:
            raise
        except Exception as error:
            raise PluginError(f"[models.{self.name}]: {type(error).__name__}: {error}") from error
        finally:
            self.limits.flush()
        self._check(found, len(requests))
        self._given |= {key: outcome for key, outcome in found.items() if isinstance(outcome, Failure)}
        return found

    def _check(self, found: Mapping[str, Outcome], size: int) -> None:
        """End the run where what is wrong concerns no single row."""
        who = f"[models.{self.name}]"
        if len(found) != size:
            raise PluginError(f"{who} gave {len(found)} outcomes for {size} requests")
        failures = [outcome for outcome in found.values() if isinstance(outcome, Failure)]
        if any(failure.kind == "budget" for failure in failures):
            spent = self.limits.spent()
            raise ModelError(
                f"{who}: {self.limits.reached or 'a limit'} is reached ({spent['calls']:,} calls, {spent['tokens']:,} "
                "tokens so far); all answers are in the journal. Raise the limit and run again to go on"
            )
        down = [failure for failure in failures if failure.kind in {"unavailable", "rejected"}]
        if len(down) == size and (not self._answered or size >= _FEW_FAILED):
            raise ModelError(
                f"{who}: no request was answered; {down[0].kind}: {down[0].message}. All earlier answers are in the "
                "journal; run again to go on"
            )
        self._answered = self._answered or len(failures) < size


@attrs.define(eq=False)
class Models:
    """The models of a recipe, and the journal they share."""

    journal: Journal = attrs.field(factory=lambda: Journal(None))
    opened: dict[str, Opened] = attrs.field(factory=dict)
    uses: dict[str, str] = attrs.field(factory=dict)
    say: Callable[[str], None] | None = None

    def __iter__(self) -> Iterator[Opened]:
        return iter(self.opened.values())

    def __len__(self) -> int:
        return len(self.opened)

    def open(self, name: str, asks: Asks, limits: Limits, *, use: str, replay: Replay) -> None:
        """Add a model."""
        self.opened[name] = Opened(name, asks, self.journal, limits, replay)
        self.uses[name] = use

    @property
    def named(self) -> Mapping[str, OpenModel]:
        """What components get."""
        return self.opened

    def keep(self, run: str, default: Path) -> None:
        """Say which run asks; its journal is ``default`` unless the recipe names one."""
        self.journal.run = run
        self.journal.path = self.journal.path or default

    def begin(self, say: Callable[[str], None] | None = None) -> None:
        """The run starts or goes on; ``say`` is told in words how the asking goes."""
        self.say = say
        for model in self:
            model.limits.begin()
        if say is not None:
            self.count(lambda counts: say(counts.line))

    def count(self, hear: Callable[[Counts], None]) -> None:
        """``hear`` is told in numbers how the asking of this process goes."""
        for model in self:
            model.say = hear

    def told(self, counts: Iterable[Counts]) -> None:
        """Other processes told how their asking goes: say it in words."""
        if self.say is not None:
            self.say("; ".join(each.line for each in together(counts)))

    def identities(self) -> dict[str, Any]:
        """Name, component and identity of every model: what decides an answer, and so belongs to the run's identity."""
        return {model.name: {"use": self.uses[model.name], **model.asks.identity} for model in self}

    def sources(self) -> dict[str, Any]:
        """Which model each name stands for: at another temperature it is the same one."""
        return {model.name: {"use": self.uses[model.name], **_source(model.asks)} for model in self}

    def probe(self) -> dict[str, dict[str, Any]]:
        """Look at every model that can be looked at, and keep what was found."""
        found = {}
        for model in self:
            look = getattr(model.asks, "probe", None)
            try:
                found[model.name] = dict(look()) if look else {}
            except RecipeError as error:
                raise _of_model(error, model.name) from error
            if look:
                self.journal.note_probe(model.asks.identity, found[model.name])
        return found

    def record(self) -> dict[str, Any]:
        """What the manifest says of models and journal."""
        models = {
            name: {
                "identity": said,
                "probe": self.journal.probed(self.opened[name].asks.identity),
                **self.opened[name].limits.spent(),
            }
            for name, said in self.identities().items()
        }
        return {"models": models, "journal": self.journal.record()}


def _source(asks: Asks) -> Mapping[str, Any]:
    bare = {key: value for key, value in asks.identity.items() if key != "parameters"}
    source: Mapping[str, Any] = getattr(asks, "source", bare)
    return source


def _of_model(error: RecipeError, name: str) -> RecipeError:
    """What is wrong with the settings of a model, by the keys of the recipe."""
    return RecipeError([attrs.evolve(each, path=("models", name, *each.path)) for each in error.problems])
