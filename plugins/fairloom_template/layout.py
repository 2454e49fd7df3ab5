"""Many templates as a few flat arrays, so that a batch of mixed templates is assembled in one go.

A template is a row of *segments*. A segment that is literal has a ``base`` in the pool's lookup; a slot
has a base, the *source* of its level (a row of the level matrix, 0 being "always level 0") and a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np

from fairloom_template.names import Slot
from fairloom_template.pool import NOTHING, Growth, Ids, Index
from fairloom_template.program import Fill, Filled, Literal, Piece

CONSTANT = 0
"""The source of segments that do not depend on the row."""


@attrs.frozen
class Segment:
    """One piece of a template, linked to the pool. ``name`` is -1 for literals.

    A negative ``base`` stands for the vocabulary ``-1 - base`` of values drawn for this batch.
    """

    base: int
    source: int = CONSTANT
    name: int = -1


@attrs.frozen(eq=False)
class Layout:
    """Segments of all templates: ``first`` and ``count`` per template, then one entry per segment.

    ``base`` is that of literals (``NOTHING`` under a slot); slots are listed a second time with
    ``slot_at``, their place within the template.
    """

    first: Index
    count: Index
    base: Index
    slot_first: Index
    slot_count: Index
    slot_at: Index
    slot_base: Index
    slot_source: Index
    slot_name: Ids

    @classmethod
    def of(cls, templates: Sequence[Sequence[Segment]]) -> Layout:
        """The arrays for these templates, in order."""
        segments = [segment for template in templates for segment in template]
        slots = [
            (place, segment) for template in templates for place, segment in enumerate(template) if segment.name >= 0
        ]
        count = _array(len(template) for template in templates)
        slot_count = _array(sum(segment.name >= 0 for segment in template) for template in templates)
        return cls(
            first=_starts(count),
            count=count,
            base=_array(segment.base if segment.name < 0 else NOTHING for segment in segments),
            slot_first=_starts(slot_count),
            slot_count=slot_count,
            slot_at=_array(place for place, _ in slots),
            slot_base=_array(segment.base for _, segment in slots),
            slot_source=_array(segment.source for _, segment in slots),
            slot_name=_array(segment.name for _, segment in slots).astype(np.int32),
        )

    def joined(self, other: Layout) -> Layout:
        """These templates, then the other ones."""
        return Layout(
            first=np.concatenate([self.first, other.first + len(self.base)]),
            slot_first=np.concatenate([self.slot_first, other.slot_first + len(self.slot_at)]),
            **{
                name: np.concatenate([getattr(self, name), getattr(other, name)])
                for name in ("count", "base", "slot_count", "slot_at", "slot_base", "slot_source", "slot_name")
            },
        )

    def bound(self, drawn: Index) -> Layout:
        """With the bases of this batch's drawn vocabularies put in."""
        if not len(drawn):
            return self
        base = np.where(self.slot_base < 0, drawn[-1 - np.minimum(self.slot_base, -1)], self.slot_base)
        return attrs.evolve(self, slot_base=base)


@attrs.frozen(eq=False)
class Linker:
    """Turns pieces of a program into segments, interning what is new.

    ``bases`` has every slot that any template leaves open, ``sources`` the row of the level matrix
    of every factor, ``names`` the slot names in order (grown here).
    """

    growth: Growth
    bases: Mapping[Slot, int]
    sources: Mapping[str, int]
    names: dict[str, int]

    def segments(self, pieces: Iterable[Piece]) -> list[Segment]:
        """The segments of one template."""
        return [self._segment(piece) for piece in pieces]

    def _segment(self, piece: Piece) -> Segment:
        match piece:
            case Literal(text):
                return Segment(self.growth.word(text))
            case Fill(slot):
                return Segment(self.bases[slot], self.sources[slot.factor], self._name(str(slot)))
            case Filled(text, name):
                return Segment(NOTHING if text is None else self.growth.word(text), CONSTANT, self._name(name))

    def _name(self, name: str) -> int:
        return self.names.setdefault(name, len(self.names))


def _array(numbers: Iterable[int]) -> Index:
    return np.fromiter(numbers, dtype=np.int64)


def _starts(count: Index) -> Index:
    return np.cumsum(count) - count
