"""The templates of a step, asked of a model: one per level of the template factor and combination of the axes ``by``.

What a key's template says is a pure function of the recipe and the journal, the same in every worker. So is what it
says once a filter's complaint about it was told back.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT
from fairloom.design import Bools
from fairloom.factors import Axis, Factor
from fairloom.models import Estimate, OpenModel, Request
from fairloom_llm.asking import Said, ask
from fairloom_llm.brief import Facts
from fairloom_llm.checking import Check, Words, words
from fairloom_llm.estimating import estimate
from fairloom_llm.filling import Template
from fairloom_llm.mending import Complaint, Mending
from fairloom_llm.prompts import Prompt
from fairloom_llm.shots import Shots

Key = tuple[str, ...]
"""One template: the level of each axis of ``by``, then the level of the template factor."""


@attrs.frozen
class Refused:
    """What a model said in place of a template, if anything, and what is wrong with it."""

    reason: str
    text: str | None = None


@attrs.frozen(order=True)
class Rejected:
    """A template that a filter did not like in some row: its key, the reason, and the attempt at that row."""

    key: Key
    reason: str
    attempt: int


@attrs.define(eq=False, slots=False)
class Pool:
    """Asks for all templates of a step: those that fail, or repeat an earlier one, are asked for again.

    ``allowed`` has a dimension per axis of ``by`` and one for the template factor: what rows may have at all.
    """

    model: OpenModel
    facts: Facts
    prompt: Prompt
    check: Check
    by: tuple[Axis, ...]
    factor: Factor
    allowed: Bools | None
    examples: Sequence[Mapping[str, str]]
    shots: Shots
    parameters: Mapping[str, Any]
    field: str
    tries: int
    length: float
    mending: Mending | None
    _again: dict[Rejected, Template | Refused] = attrs.field(factory=dict, init=False)

    def estimate(self) -> Estimate:
        """One call per template, however many rows there are."""
        requests = [self._request(key, 0, None) for key in self.keys()]
        return estimate(self.model, requests, self.length, whole=True)

    @cached_property
    def templates(self) -> dict[Key, Template | Refused]:
        """Every template, or why there is none; in order of the keys, so that a repetition is always the later one."""
        found: dict[Key, Template | Refused] = {}
        seen: set[tuple[str, ...]] = set()
        open_keys = list(self.keys())
        for attempt in range(self.tries):
            requests = [self._request(key, attempt, self._complaint(found.get(key), attempt)) for key in open_keys]
            for key, said in zip(open_keys, ask(self.model, requests), strict=True):
                found[key] = self._read(key, said, seen)
            open_keys = [key for key in open_keys if isinstance(found[key], Refused)]
        return found

    def mended(self, rejected: Iterable[Rejected]) -> Mapping[Rejected, Template | Refused]:
        """What the model makes of templates that it is told a filter's complaint about, each asked for once."""
        taken = {words(each.text) for each in self.templates.values() if isinstance(each, Template)}
        new = sorted(set(rejected) - self._again.keys())
        requests = [self._request(each.key, self.tries + each.attempt, self._told(each)) for each in new]
        for each, said in zip(new, ask(self.model, requests), strict=True):
            self._again[each] = self._read(each.key, said, set(taken))
        return self._again

    def keys(self) -> Iterator[Key]:
        """Every combination that a row may have, as far as the rules of the design say."""
        names = [axis.codes(self.facts.factors)[1] for axis in self.by]
        for level, name in enumerate(self.factor.names):
            for places in itertools.product(*(range(len(each)) for each in names)):
                if self.allowed is None or self.allowed[(*places, level)]:
                    yield (*(each[place] for each, place in zip(names, places, strict=True)), name)

    @cached_property
    def _seeds(self) -> dict[Key, list[Mapping[str, Any]]]:
        """The seed rows that each template's prompt shows, at every try the same."""
        keys = list(self.keys())
        names = [str(axis) for axis in self.by]
        columns = {name: pa.array([key[names.index(name)] for key in keys], pa.string()) for name in self.shots.same}
        columns |= {ADDRESS: pa.array(range(len(keys)), pa.int64()), ATTEMPT: pa.array([0] * len(keys), pa.int64())}
        return dict(zip(keys, self.shots.of_rows(pa.RecordBatch.from_pydict(columns)), strict=True))

    def _complaint(self, before: Template | Refused | None, attempt: int) -> Complaint | None:
        """What to tell: every other try, so that each refused template is told back once and then asked for anew."""
        if attempt % 2 == 0 or not isinstance(before, Refused) or before.text is None:
            return None
        return Complaint(before.text, f"it {before.reason}")

    def _told(self, rejected: Rejected) -> Complaint:
        template = self.templates[rejected.key]
        return Complaint(template.text or "", rejected.reason)

    def _request(self, key: Key, attempt: int, complaint: Complaint | None) -> Request:
        values = self.facts.of_levels(self._levels(key))
        parts = [
            {"name": str(axis), "role": "attribute", "value": name, "attributes": []}
            for axis, name in zip(self.by, key, strict=False)
            if axis.attribute is not None
        ]
        told = {
            **values,
            "brief": [*values["brief"], *parts],
            "field": self.field,
            "slots": self.examples,
            "shots": self._seeds[key],
            "number": self.factor.names.index(key[-1]) + 1,
            "count": self.factor.size,
        }
        messages = self.prompt.messages(told)
        if complaint is not None and self.mending is not None:
            messages = self.mending.told(messages, complaint, {**told, "field": "template"})
        return Request(messages=messages, parameters=self.parameters, attempt=attempt)

    def _levels(self, key: Key) -> dict[str, str]:
        """The levels that a prompt may see: of the axes that are whole factors, and the template's own."""
        known = {axis.factor: name for axis, name in zip(self.by, key, strict=False) if axis.attribute is None}
        return {**known, self.factor.name: key[-1]}

    def _own(self, key: Key) -> set[Words]:
        """The words of the values that all rows of a template have, those of the slots' factors aside."""
        filling = {Axis.parse(slot).factor for slot in self.check.slots}
        own = [(axis, name) for axis, name in zip(self.by, key, strict=False) if axis.factor not in filling]
        said = [
            [name] if axis.attribute else [name, *self.facts.levels[axis.factor][name].values()] for axis, name in own
        ]
        return {words(each) for values in said for each in values if isinstance(each, str)}

    def _read(self, key: Key, said: Said, seen: set[tuple[str, ...]]) -> Template | Refused:
        if said.text is None:
            return Refused(f"was not given: {said.reason}")
        template = self.check.read(said.text, self._own(key))
        if isinstance(template, str):
            return Refused(template, said.text)
        if words(template.text) in seen:
            return Refused("says what another one says", said.text)
        seen.add(words(template.text))
        return template
