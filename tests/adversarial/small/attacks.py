"""A goal, a broken one and a search beside the recipes of these tests."""

from __future__ import annotations

import attrs
import numpy as np

import fairloom as fl


@attrs.frozen(kw_only=True)
class NoSettings:
    pass


@attrs.frozen(kw_only=True)
class SinglySettings:
    most: int = 3


@attrs.frozen
class Unsure:
    def score(self, candidates):
        return np.maximum(np.abs(candidates.found.margins(candidates.labels)) - 0.5, 0.0)


@attrs.frozen
class Nothing:
    def score(self, candidates):
        return np.full(len(candidates.texts), np.nan)


@attrs.frozen
class Singly:
    most: int

    def questions(self, options, draw, score):  # noqa: ARG002 - the protocol
        yield list(options.extended(()))[: self.most]


unsure = fl.Goal(name="unsure", summary="Unsure.", config=NoSettings, build=lambda *_: Unsure())
nothing = fl.Goal(name="nothing", summary="Broken.", config=NoSettings, build=lambda *_: Nothing())
singly = fl.Search(
    name="singly", summary="Some changes alone.", config=SinglySettings, build=lambda config, _: Singly(config.most)
)
