"""Who judges whom: a model may not judge what it wrote itself, unless the recipe says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fairloom.modelling.opened import Models
from fairloom.problems import Problem
from fairloom.reading.locate import KeyPath
from fairloom.weaving.answers import Step


def self_judged(work: Any, steps: Sequence[Step], models: Models, path: KeyPath) -> Iterator[Problem]:
    """A problem for each step whose model, under whatever name it goes, the component ``work`` would have judge it."""
    judge = getattr(work, "judges", None)
    if judge is None:
        return
    identities = models.identities()
    for step in steps:
        for writer in sorted(getattr(step.work, "asks", ()) if step.kind == "generate" else ()):
            if identities[writer] == identities[judge]:
                said = f"[models.{judge}] would judge what it wrote itself in step {step.name!r}"
                way = "name another model, or allow it: same_model = true"
                yield Problem(said, (*path, "model"), suggestion=way)
