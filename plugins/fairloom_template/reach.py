"""What surface rules can see in one template: which of its values they may change, and which make a difference.

Values of a slot between which the rules see no difference are of one class. The answer is careful: a rule is asked
about every pair of values that may meet, in every surrounding, and a value that it may change counts as two.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial

import attrs
import numpy as np

from fairloom_template.meeting import NO_CUT, Splice, Window, after_prefix, corrected, cut_text, meeting
from fairloom_template.pool import Ids, Index
from fairloom_template.stock import (
    ALONE,
    BLANK,
    CAPITAL_A,
    ENDS,
    HEAD,
    LEAD,
    OPENER,
    SPACE,
    TAILED,
    TRAIL,
    Sides,
    Stock,
    sides_of,
)
from fairloom_template.surface import PREFIXES, TAIL, start_changes
from fairloom_template.surface_rules import Articles, Blanks, Capitals, Rule, applied

MOST_WINDOWS = 100_000
"""How many times rules are asked for all templates of a field: about a second."""
MOST_CHANGED = 1_024
"""Values of one place that a rule may change: each makes a variant of its own."""

Met = Mapping[tuple[int, int], tuple[Splice, ...]]
"""What a rule says of two strings that meet, in every surrounding."""


class TooMuchError(Exception):
    """The templates would take too long to work out; their rows are looked at one by one."""


@attrs.define(eq=False)
class Patience:
    """How many times rules may still be asked, and what they said before."""

    left: int = MOST_WINDOWS
    met: dict[tuple[int, Values, Values, bool], Met] = attrs.field(factory=dict)
    changed: dict[tuple[Hashable, Values], Mapping[int, str]] = attrs.field(factory=dict)

    def spend(self, count: int) -> None:
        """Ask so many times.

        Raises:
            TooMuchError: nothing is left.
        """
        self.left -= count
        if self.left < 0:
            raise TooMuchError


class Values:
    """The distinct strings that may stand at one place of a template."""

    def __init__(self, ids: Ids, stock: Stock) -> None:
        self.ids = ids
        self._stock = stock
        self._bits = stock.bits[ids]
        self._with: dict[int, Ids] = {}
        self._inner: dict[int, Ids] = {}
        self._grown: dict[bytes, Values] = {}

    def having(self, bit: int) -> Ids:
        """Those with this bit, or any of these."""
        if bit not in self._with:
            self._with[bit] = self.ids[(self._bits & np.uint32(bit)) != 0]
        return self._with[bit]

    def inner(self, number: int) -> Ids:
        """Those that may have a change of a rule inside."""
        if number not in self._inner:
            self._inner[number] = self.ids[(self._stock.known.inner[self.ids] & np.uint32(1 << number)) != 0]
        return self._inner[number]

    def and_also(self, ids: Ids) -> Values:
        """With further strings; the same ones are the same values."""
        fresh = np.setdiff1d(ids, self.ids)
        if not len(fresh):
            return self
        key = fresh.tobytes()
        if key not in self._grown:
            self._grown[key] = Values(np.concatenate([self.ids, fresh]), self._stock)
        return self._grown[key]


@attrs.define(eq=False)
class Reach:
    """One template under the rules. ``places`` has what may stand at each place, and grows by what comes of changes.

    ``changed`` are the strings per place that a rule may change; ``seen`` the places whose bits matter; ``said``
    what the rules say where a string meets others, which is a difference between strings.
    """

    rules: Sequence[Rule]
    stock: Stock
    places: list[Values]
    patience: Patience
    changed: list[set[int]] = attrs.field(init=False)
    seen: set[int] = attrs.field(factory=set)
    said: list[dict[int, list[Hashable]]] = attrs.field(init=False)
    fresh: list[dict[str, None]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.changed = [set() for _ in self.places]
        self._forget()

    def _forget(self) -> None:
        self.said = [{} for _ in self.places]
        self.fresh = [{} for _ in self.places]

    def look(self) -> None:
        """Ask every rule; what comes of changes is in ``fresh``.

        Raises:
            TooMuchError: that takes too long.
        """
        self._forget()
        for number, rule in enumerate(self.rules):
            self._rule(number, rule, sides_of(number))

    def grown(self, numbers: Mapping[str, int]) -> bool:
        """Take in what came of changes, given the number of every such string; whether any is new."""
        before = [len(place.ids) for place in self.places]
        self.places = [
            place.and_also(np.array([numbers[text] for text in fresh], dtype=np.int32)) if fresh else place
            for place, fresh in zip(self.places, self.fresh, strict=True)
        ]
        return before != [len(place.ids) for place in self.places]

    @property
    def idle(self) -> bool:
        """Whether the rules change nothing here, whatever the values."""
        return not any(self.changed)

    def classes(self, place: int, ids: Ids) -> Index:
        """A code for each of these strings at a place: the same where the rules see no difference."""
        bits = self.stock.bits[ids] if place in self.seen else np.zeros(len(ids), dtype=np.uint32)
        codes: Index = np.unique(bits, return_inverse=True)[1].astype(np.int64)
        keys: dict[Hashable, int] = {}
        for at in np.flatnonzero(np.isin(ids, sorted(self.changed[place] | self.said[place].keys()))).tolist():
            number = int(ids[at])
            own = number if number in self.changed[place] else -1
            key = own, int(bits[at]), tuple(self.said[place].get(number, ()))
            codes[at] = len(ids) + keys.setdefault(key, len(keys))
        return codes

    def _rule(self, number: int, rule: Rule, sides: Sides) -> None:
        for place, values in enumerate(self.places):
            self._change_all(place, (number, "inside"), values.inner(number), partial(corrected, rule))
        if isinstance(rule, Blanks):
            self._blanks(sides.right)
            return
        if isinstance(rule, Articles):
            self._capital_articles(rule)
        for first, second in self._neighbours(OPENER if isinstance(rule, Capitals) else BLANK):
            if len(self.places[first].having(sides.left)):
                self._meet(rule, sides, first, second)
        if rule.at_start:
            self._starts(rule, sides)

    # Changes ------------------------------------------------------------------------------------

    def _texts(self, ids: Ids) -> list[str]:
        if not len(ids):
            return []
        self.patience.spend(len(ids))
        return self.stock.texts(ids)

    def _change_all(self, place: int, what: Hashable, ids: Ids, change: Callable[[str], str]) -> bool:
        """Note what becomes of strings; whether any changes. ``what`` names the change."""
        if not len(ids):
            return False
        known = what, self.places[place]
        if known not in self.patience.changed:
            self.patience.changed[known] = {
                number: after
                for number, text in zip(ids.tolist(), self._texts(ids), strict=True)
                if (after := change(text)) != text
            }
        changed = self.patience.changed[known]
        if len(changed) > MOST_CHANGED:
            raise TooMuchError
        self.patience.spend(len(changed))
        for number, after in changed.items():
            self._change(place, number, after)
        return bool(changed)

    def _change(self, place: int, number: int, after: str) -> None:
        self.changed[place].add(number)
        self.fresh[place][after] = None

    def _look_around(self, first: int, last: int) -> None:
        """Bits matter from the nearest place before ``first`` that is never blank to one place after ``last``."""
        while first > 0:
            first -= 1
            if not len(self.places[first].having(BLANK)):
                break
        self.seen.update(range(first, min(last + 2, len(self.places))))

    def _reachable(self, clear: int, *, backwards: bool = False) -> Iterator[int]:
        """Places from one end of the text as far as all before may be looked through."""
        order = range(len(self.places))
        for place in reversed(order) if backwards else order:
            yield place
            if not len(self.places[place].having(clear)):
                return

    def _neighbours(self, clear: int) -> Iterator[tuple[int, int]]:
        """Places that may meet, as what lies between may be looked through."""
        for first in range(len(self.places)):
            for second in range(first + 1, len(self.places)):
                yield first, second
                if not len(self.places[second].having(clear)):
                    break

    # What rules do ------------------------------------------------------------------------------

    def _capital_articles(self, rule: Rule) -> None:
        for place, values in enumerate(self.places):
            ids = values.having(CAPITAL_A)
            for prefix in PREFIXES if len(ids) else ():
                if self._change_all(place, (rule.name, prefix), ids, partial(after_prefix, rule, prefix=prefix)):
                    self._look_around(place, place)

    def _starts(self, rule: Rule, sides: Sides) -> None:
        for place in self._reachable(OPENER):
            ids = self.places[place].having(sides.right)
            if self._change_all(
                place, (rule.name, "start"), ids, lambda text: applied(text, start_changes(rule, text))
            ):
                self.seen.update(range(place + 1))

    def _meet(self, rule: Rule, sides: Sides, first: int, second: int) -> None:
        met = self._met(rule, sides, first, second)
        if not met:
            return
        self.patience.spend(len(met))
        self._look_around(first, second)
        for (one, other), splices in met.items():
            self.said[first].setdefault(one, []).append((rule.name, second, other, splices))
            self.said[second].setdefault(other, []).append((rule.name, first, one, splices))
            for splice in dict.fromkeys(splices):
                self._spliced((first, second), one, other, splice)

    def _met(self, rule: Rule, sides: Sides, first: int, second: int) -> Met:
        """What a rule says of the strings of two places, where it says anything."""
        near = second == first + 1
        known = sides.left, self.places[first], self.places[second], near
        if known not in self.patience.met:
            left, right = self.places[first].having(sides.left), self.places[second].having(sides.right)
            if len(left) * len(right) > self.patience.left:
                raise TooMuchError
            tails, heads = (list(zip(ids.tolist(), self._texts(ids), strict=True)) for ids in (left, right))
            gaps = ("",) if near else ("", " ")
            self.patience.met[known] = {
                (one[0], other[0]): splices
                for one in (tails if len(right) else ())
                for other in heads
                if (splices := self._splices(rule, one, other, gaps))
            }
        return self.patience.met[known]

    def _splices(
        self, rule: Rule, one: tuple[int, str], other: tuple[int, str], gaps: Sequence[str]
    ) -> tuple[Splice, ...]:
        """What a rule says of two strings in every surrounding that may matter; nothing if it never says anything."""
        bits, whole = self.stock.bits, ALONE | ENDS
        before = PREFIXES if int(bits[one[0]]) & ALONE else PREFIXES[:1]
        after = ("", "x") if int(bits[other[0]]) & whole == whole else ("",)
        self.patience.spend(len(before) * len(after) * len(gaps))
        found = tuple(
            meeting(rule, Window(prefix, one[1][-TAIL:], gap, other[1][: 2 * TAIL], suffix))
            for prefix in before
            for suffix in after
            for gap in gaps
        )
        return () if all(splice == Splice() for splice in found) else found

    def _spliced(self, at: tuple[int, int], one: int, other: int, splice: Splice) -> None:
        if splice.left != NO_CUT:
            self._change(at[0], one, cut_text(self._text(one), *splice.left, at_end=True))
        if splice.right != NO_CUT:
            self._change(at[1], other, cut_text(self._text(other), *splice.right, at_end=False))
        if not splice.gap:
            self._emptied(*at)

    def _text(self, number: int) -> str:
        return self._texts(np.array([number], dtype=np.int32))[0]

    def _emptied(self, first: int, second: int) -> None:
        for place in range(first + 1, second):
            self._change_all(place, "emptied", self.places[place].having(BLANK), lambda _: "")

    def _blanks(self, closes: int) -> None:
        for first, second in self._neighbours(BLANK):
            self._between_words(first, second, closes)
        for place in self._reachable(SPACE):
            if self._change_all(place, "first", self.places[place].having(HEAD), str.lstrip):
                self.seen.update(range(place + 1))
        for place in self._reachable(SPACE, backwards=True):
            if self._change_all(place, "last", self.places[place].having(TAILED), str.rstrip):
                self.seen.update(range(place, len(self.places)))

    def _between_words(self, first: int, second: int, closes: int) -> None:
        left, right = self.places[first], self.places[second]
        trail, lead, close = (
            len(side.having(bit)) > 0 for side, bit in ((left, TRAIL), (right, LEAD), (right, closes))
        )
        near = second == first + 1
        met = (trail and (lead or close)) or (lead and close)
        if not (met if near else trail or lead or close or second > first + 2):
            return
        if near and self._never_blank_twice(left, right, closes):
            return
        self.seen.update(range(first, second + 1))
        if close:
            self._change_all(first, "closed", left.having(TRAIL), lambda text: text.rstrip(" \t"))
        self._change_all(second, "wide", right.having(LEAD), lambda text: text.lstrip(" \t"))
        self._emptied(first, second)

    def _never_blank_twice(self, left: Values, right: Values, closes: int) -> bool:
        """Whether neighbours with blanks are all blank themselves, so that they are no words."""
        words = left.ids[(self.stock.bits[left.ids] & np.uint32(BLANK)) == 0]
        marks = right.having(LEAD | closes)
        worded = marks[(self.stock.bits[marks] & np.uint32(BLANK)) == 0]
        return not len(words) or not len(worded)
