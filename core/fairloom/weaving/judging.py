"""Who judges whom: a model may not judge what it wrote itself, nor a predictor the rows that were made to fool it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fairloom.modelling.opened import Models
from fairloom.problems import Problem
from fairloom.reading.locate import KeyPath
from fairloom.weaving.answers import Step
from fairloom.weaving.predicted import Predictors


def self_judged(work: Any, steps: Sequence[Step], models: Models, path: KeyPath) -> Iterator[Problem]:
    """A problem for each step whose model, under whatever name it goes, the component ``work`` would have judge it."""
    judge = getattr(work, "judges", None)
    if judge is None:
        return
    sources = models.sources()
    for step in steps:
        for writer in sorted(getattr(step.work, "asks", ()) if step.kind == "generate" else ()):
            if sources[writer] == sources[judge]:
                said = f"[models.{judge}] would judge what it wrote itself in step {step.name!r}"
                way = "name another model, or allow it: same_model = true"
                yield Problem(said, (*path, "model"), suggestion=way)


def self_verified(steps: Sequence[Step], models: Models, predictors: Predictors) -> Iterator[Problem]:
    """A problem for each step whose verifier writes rows, is under attack, or votes twice under two names.

    Nothing allows that. Verifiers are the filter that the label rule CHK names, and the ``verifiers`` of a generator;
    what a component ``asks`` are models, what it ``consults`` or ``attacks`` predictors, all by their names.
    """
    filters = {step.name: step for step in steps if step.kind == "filter"}
    generators = [step for step in steps if step.kind == "generate"]
    writers = [(name, step.name) for step in generators for name in _named(step, "asks")]
    attacked = [(name, step.name) for step in steps for name in _named(step, "attacks")]
    sources = models.sources()
    known = {name: predictors.named[name].source for name, _ in attacked}
    for index, step in enumerate(steps):
        judge = filters.get(str(getattr(getattr(step.work, "label", None), "verifier", None)))
        path: KeyPath = ("step", index)
        if judge is not None:
            if judge.scope == "dataset":
                said = f"{judge} compares rows with each other, and that says of no row whether its label holds"
                way = "name a filter that judges rows by themselves"
                yield Problem(said, (*path, "verifier"), suggestion=way)
            voting, consulted = (_named(judge, what) for what in ("asks", "consults"))
            known |= {name: predictors.named[name].source for name in consulted}
            yield from _same("models", voting, writers, sources, (*path, "verifier"))
            yield from _same("predictors", consulted, attacked, known, (*path, "verifier"))
        voting = _named(step, "verifiers")
        yield from _same("models", voting, writers, sources, (*path, "verifiers"))
        yield from _twice("models", voting, sources, (*path, "verifiers"))
        if step.kind == "filter":
            consulted = _named(step, "consults")
            known |= {name: predictors.named[name].source for name in consulted}
            yield from _twice("predictors", consulted, known, path)


def _twice(table: str, voting: Sequence[str], known: Mapping[str, Any], path: KeyPath) -> Iterator[Problem]:
    """A problem for each verifier that is another one under a second name, and so would vote twice."""
    for place, name in enumerate(voting):
        earlier = next((other for other in voting[:place] if known[other] == known[name]), None)
        if earlier is not None:
            said = f"[{table}.{earlier}] and [{table}.{name}] are one model, which would vote twice"
            yield Problem(said, path, suggestion="name models that differ in more than their parameters")


def _named(step: Step, what: str) -> list[str]:
    return sorted(getattr(step.work, what, ()))


def _same(
    table: str, voting: Iterable[str], others: Sequence[tuple[str, str]], known: Mapping[str, Any], path: KeyPath
) -> Iterator[Problem]:
    """A problem for each verifier that is one of the others, under whatever names the two go."""
    does = {"models": "writes the rows", "predictors": "is attacked"}[table]
    for name in voting:
        step = next((step for other, step in others if known[other] == known[name]), None)
        if step is not None:
            said = f"[{table}.{name}] cannot verify: it {does} in step {step!r}"
            yield Problem(said, path, suggestion=f"let another of the {table} verify")
