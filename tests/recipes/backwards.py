"""An executor of somebody else: it works backwards, in this process, from plain data alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import attrs

import fairloom as fl


@attrs.frozen
class Settings:
    """None."""


class Backwards:
    """Runs the last part first."""

    def run(self, job, specs: Sequence) -> Iterator:
        """Everything goes through JSON, as it would to another machine."""
        from fairloom.weaving.parts import Job, PartSpec, work  # noqa: PLC0415 - as a worker would

        sent = json.dumps(attrs.asdict(job))
        for spec in reversed(specs):
            there = PartSpec(**json.loads(json.dumps(attrs.asdict(spec))))
            yield spec, json.loads(json.dumps(work(Job(**json.loads(sent)), there)))


backwards = fl.Executor(
    name="backwards", summary="Work from the last part to the first.", config=Settings, build=lambda *_: Backwards()
)
