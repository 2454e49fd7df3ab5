"""The strings of one batch while surface rules rewrite them, and what the rules need to know of each.

Facts are bits per distinct string, found by Arrow once per string: those of the pool that every batch
shares once for all, those of new strings as they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom_template.pool import Ids, Pool
from fairloom_template.surface_rules import Rule

Bits = npt.NDArray[np.uint32]

BLANK, BEGINS, ENDS, ALONE, TRAIL, LEAD, OPENER, SPACE, STOP, HEAD, TAILED, CAPITAL_A = (
    1 << place for place in range(12)
)
"""Nothing but blanks, or nothing; begins and ends with a letter or digit; one word; ends and begins with a
blank; nothing but opening marks and blanks; nothing but white space; ends a
sentence; begins and ends with white space; begins with an article in capitals."""
_FIRST_RULE = 12
MOST_RULES = 10
MOST_REMEMBERED = 65_536
"""Strings whose bits are kept from batch to batch."""

_COMMON = {
    BLANK: r"^[ \t]*$",
    BEGINS: "^[\\pL\\pN_'\u2019-]",
    ENDS: "[\\pL\\pN_'\u2019-]$",
    ALONE: r"^\s*\S+\s*$",
    TRAIL: r"[ \t]$",
    LEAD: r"^[ \t]",
    OPENER: "^[\\s\"'(\\[*_\u201c\u2018\u00ab\u201e\u00bf\u00a1]*$",
    SPACE: r"^\s*$",
    HEAD: r"^\s",
    TAILED: r"\s$",
    CAPITAL_A: "^[\\s\"'(\\[*_\u201c\u2018\u00ab\u201e\u00bf\u00a1]*(?:A|An|AN)[ \\t]+\\S",
    STOP: "[.!?:;\u2026][\"')\\]*_\u201d\u2019\u00bb]*(?:\\s+[\"'(\\[*_\u201c\u2018\u00ab]*)?$",
}


@attrs.frozen
class Sides:
    """The bits of one rule: strings that may stand left of a change, or right of one."""

    left: int
    right: int


@attrs.frozen(eq=False)
class Facts:
    """How to find the bits of strings.

    ``edges`` has what rules ask of neighbours, ``inner`` one bit per rule for strings that may have a change inside.
    """

    edges: tuple[tuple[int, str], ...]
    inner: tuple[tuple[int, str], ...]
    memory: dict[str, tuple[int, int]] = attrs.field(factory=dict)

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> Facts:
        """Edges common to all rules, then two per rule."""
        edges = list(_COMMON.items())
        for number, rule in enumerate(rules):
            sides = sides_of(number)
            edges += [(sides.left, rule.left), (sides.right, rule.right)]
        return cls(tuple(edges), tuple((1 << number, rule.inside) for number, rule in enumerate(rules)))

    def found(self, strings: Any) -> Known:
        """The bits of every string of an Arrow array."""
        return Known(_matched(strings, self.edges), _matched(strings, self.inner))

    def remembered(self, strings: Any) -> Known:
        """Like ``found``, for strings that come again: making the patterns costs more than using them."""
        if len(strings) > MOST_REMEMBERED:
            return self.found(strings)
        texts = strings.to_pylist()
        fresh = [text for text in texts if text not in self.memory]
        if len(self.memory) + len(fresh) > MOST_REMEMBERED:
            self.memory.clear()
            fresh = texts
        if fresh:
            known = self.found(pa.array(fresh, pa.string()))
            self.memory.update(zip(fresh, zip(known.edges.tolist(), known.inner.tolist(), strict=True), strict=True))
        bits = np.array([self.memory[text] for text in texts], dtype=np.uint32).reshape(-1, 2)
        return Known(bits[:, 0].copy(), bits[:, 1].copy())


@attrs.frozen(eq=False)
class Known:
    """Bits per string."""

    edges: Bits
    inner: Bits

    def joined(self, other: Known) -> Known:
        """Those of further strings after these."""
        return Known(np.concatenate([self.edges, other.edges]), np.concatenate([self.inner, other.inner]))


NOT_KNOWN = Known(np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.uint32))


def _matched(strings: Any, patterns: Sequence[tuple[int, str]]) -> Bits:
    bits = np.zeros(len(strings), dtype=np.uint32)
    for bit, pattern in patterns:
        matched = pc.match_substring_regex(strings, pattern).to_numpy(zero_copy_only=False)
        bits[matched] |= np.uint32(bit)
    return bits


def sides_of(number: int) -> Sides:
    """The bits of rule ``number``."""
    return Sides(1 << (_FIRST_RULE + 2 * number), 1 << (_FIRST_RULE + 2 * number + 1))


class Stock:
    """Distinct strings under numbers: those of a finished pool, then what the rules have made of them."""

    def __init__(self, pool: Pool, facts: Facts, known: Known) -> None:
        self._facts = facts
        self.pool = pool
        self.strings = pool.strings
        fresh = pool.strings[len(known.edges) :]
        self.known = known.joined(facts.remembered(fresh)) if len(fresh) else known

    @property
    def bits(self) -> Bits:
        """The edges of every string."""
        return self.known.edges

    def texts(self, ids: Ids) -> list[str]:
        """The strings behind numbers."""
        texts: list[str] = self.strings.take(pa.array(ids)).to_pylist()
        return texts

    def numbers(self, texts: Sequence[str]) -> Ids:
        """The numbers of strings; new strings get the next ones."""
        coded = pa.array(texts, pa.string()).dictionary_encode()
        found = pc.index_in(coded.dictionary, value_set=self.strings)
        fresh = coded.dictionary.filter(pc.is_null(found))
        numbers = np.array(found.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int32)
        numbers[numbers < 0] = len(self.strings) + np.arange(len(fresh), dtype=np.int32)
        if len(fresh):
            self.strings = pa.concat_arrays([self.strings, fresh])
            self.known = self.known.joined(self._facts.remembered(fresh))
        chosen: Ids = numbers[coded.indices.to_numpy()]
        return chosen

    def any(self, bit: int) -> bool:
        """Whether any string has this bit."""
        return bool((self.bits & np.uint32(bit)).any())

    def done(self) -> Pool:
        """The pool with everything that was made."""
        return self.pool if self.strings is self.pool.strings else Pool(self.strings, self.pool.lookup)
