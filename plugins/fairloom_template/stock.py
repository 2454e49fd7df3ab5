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

Bits = npt.NDArray[np.uint64]

BLANK, BEGINS, ENDS, ALONE, TRAIL, LEAD, OPENER, SPACE, STOP = (1 << place for place in range(9))
"""Nothing but blanks, or nothing; begins and ends with a letter or digit; one word; ends and begins with a
blank; nothing but opening marks and blanks; nothing but white space; ends a sentence."""
_FIRST_RULE = 9
MOST_RULES = 18

_COMMON = {
    BLANK: r"^[ \t]*$",
    BEGINS: r"^[\pL\pN_'’-]",
    ENDS: r"[\pL\pN_'’-]$",
    ALONE: r"^\s*\S+\s*$",
    TRAIL: r"[ \t]$",
    LEAD: r"^[ \t]",
    OPENER: "^[\\s\"'(\\[*_\u201c\u2018\u00ab\u201e\u00bf\u00a1]*$",
    SPACE: r"^\s*$",
    STOP: "[.!?:;\u2026][\"')\\]*_\u201d\u2019\u00bb]*\\s*$",
}


@attrs.frozen
class Sides:
    """The bits of one rule: strings that may stand left of a change, right of one, or have one inside."""

    left: int
    right: int
    inside: int


@attrs.frozen(eq=False)
class Facts:
    """How to find the bits of strings."""

    patterns: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> Facts:
        """Those common to all rules, then three per rule."""
        patterns = list(_COMMON.items())
        for number, rule in enumerate(rules):
            sides = sides_of(number)
            patterns += [(sides.left, rule.left), (sides.right, rule.right), (sides.inside, rule.inside)]
        return cls(tuple(patterns))

    def found(self, strings: Any) -> Bits:
        """The bits of every string of an Arrow array."""
        bits = np.zeros(len(strings), dtype=np.uint64)
        for bit, pattern in self.patterns:
            matched = pc.match_substring_regex(strings, pattern).to_numpy(zero_copy_only=False)
            bits[matched] |= np.uint64(bit)
        return bits


def sides_of(number: int) -> Sides:
    """The bits of rule ``number``."""
    return Sides(*(1 << (_FIRST_RULE + 3 * number + side) for side in range(3)))


class Stock:
    """Distinct strings under numbers: those of a finished pool, then what the rules have made of them."""

    def __init__(self, pool: Pool, facts: Facts, known: Bits) -> None:
        self._facts = facts
        self.pool = pool
        self.strings = pool.strings
        fresh = pool.strings[len(known) :]
        self.bits: Bits = np.concatenate([known, facts.found(fresh)]) if len(fresh) else known

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
            self.bits = np.concatenate([self.bits, self._facts.found(fresh)])
        chosen: Ids = numbers[coded.indices.to_numpy()]
        return chosen

    def any(self, bit: int) -> bool:
        """Whether any string has this bit."""
        return bool((self.bits & np.uint64(bit)).any())

    def done(self) -> Pool:
        """The pool with everything that was made."""
        return self.pool if self.strings is self.pool.strings else Pool(self.strings, self.pool.lookup)
