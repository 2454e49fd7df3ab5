"""Surface rules in columns: each is asked about distinct strings and distinct places where two meet.

A text is a row of pieces (literals and values of slots). A rule changes a piece for what stands inside it,
or for what stands beside it. Both are functions of very few strings, however many rows there are: the rows
are only searched, by bits, for places where a rule may have something to say. A changed piece becomes
another string of the pool, so spans stay true by construction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from fairloom_template.assembly import Gathered
from fairloom_template.meeting import (
    EMPTY,
    LSTRIP,
    LSTRIP_ALL,
    NO_CUT,
    RSTRIP,
    RSTRIP_ALL,
    Cut,
    Splice,
    Window,
    after_prefix,
    corrected,
    cut_text,
    meeting,
    stripped,
)
from fairloom_template.pieces import Flags, Pieces, coded, distinct_texts, has, lying_between
from fairloom_template.pool import Index, Pool
from fairloom_template.stock import (
    ALONE,
    BEGINS,
    BLANK,
    CAPITAL_A,
    ENDS,
    HEAD,
    LEAD,
    NOT_KNOWN,
    OPENER,
    SPACE,
    STOP,
    TAILED,
    TRAIL,
    Bits,
    Facts,
    Known,
    Sides,
    Stock,
    sides_of,
)
from fairloom_template.surface_rules import Articles, Blanks, Capitals, Change, Rule, applied

TAIL = 40
"""How many characters of the left piece a rule can see; of the right one it sees twice as many."""
PREFIXES = ("", "xxx ", "xxx", "xxx. ")
"""What stands before a left piece of one word: nothing, another word, a piece of the same word, a sentence."""


@attrs.frozen(eq=False)
class Surface:
    """The rules of a step in their order.

    ``correct`` says whether they are applied or only looked for; ``edits`` whether what they do is written down.
    """

    rules: tuple[Rule, ...]
    facts: Facts
    correct: bool = True
    edits: bool = False
    known: Known = NOT_KNOWN

    @classmethod
    def of(cls, rules: Sequence[Rule], *, correct: bool, edits: bool) -> Surface:
        """A surface of these rules."""
        return cls(tuple(rules), Facts.of(rules), correct, edits)

    def prepared(self, pool: Pool) -> Surface:
        """With what is known of the strings that every batch shares."""
        return attrs.evolve(self, known=self.facts.found(pool.strings))

    def polished(self, gathered: Gathered, pool: Pool, names: Mapping[str, int]) -> tuple[Gathered, Pool, Pieces]:
        """The texts with the rules applied: other strings, a pool that has them, and what was touched."""
        pieces = self._pieces(gathered, Stock(pool, self.facts, self.known))
        for number, rule in enumerate(self.rules):
            _Turn(pieces, rule, number, sides_of(number), _chosen(rule, names, pieces)).take()
        ids = pieces.ids
        value = ids.take(gathered.at, mode="clip") if len(gathered.at) else gathered.value
        return attrs.evolve(gathered, ids=ids, value=value), pieces.stock.done(), pieces

    def _pieces(self, gathered: Gathered, stock: Stock) -> Pieces:
        name = None
        if any(rule.only for rule in self.rules):
            name = np.full(len(gathered.ids), -1, dtype=np.int32)
            name[gathered.at] = gathered.name
        touched = np.zeros(len(gathered.ids), dtype=np.uint32) if self.edits else None
        return Pieces(gathered.ids.copy(), gathered.offsets, stock, name, touched)


def start_changes(rule: Rule, text: str) -> list[Change]:
    """What a rule changes at the very start of a text."""
    return [change for change in rule.changes(text, start=True) if change.first == 0][:1]


def _chosen(rule: Rule, names: Mapping[str, int], pieces: Pieces) -> Flags | None:
    """Which pieces are in the scope of a rule; ``None``: all."""
    if not rule.only or pieces.name is None:
        return None
    meant = np.zeros(len(names) + 1, dtype=bool)
    meant[[number for name, number in names.items() if name in rule.only]] = True
    chosen: Flags = meant[pieces.name]
    return chosen


@attrs.frozen(eq=False)
class _Turn:
    """One rule over all pieces."""

    pieces: Pieces
    rule: Rule
    number: int
    sides: Sides
    scope: Flags | None

    def take(self) -> None:
        """Inside the pieces, where they meet, and at the start of the texts."""
        self._inside()
        if isinstance(self.rule, Blanks):
            self._blanks()
            return
        if isinstance(self.rule, Articles):
            self._capital_articles()
        if self.pieces.stock.any(self.sides.left):
            self._meetings()
        if self.rule.at_start:
            self._starts()

    def _inside(self) -> None:
        stock = self.pieces.stock
        may = np.flatnonzero(stock.known.inner & np.uint32(1 << self.number)).astype(np.int32)
        texts = stock.texts(may)
        done = [corrected(self.rule, text) for text in texts]
        changed = [place for place, text in enumerate(texts) if done[place] != text]
        if not changed:
            return
        other = np.arange(len(stock.bits), dtype=np.int32)
        other[may[changed]] = stock.numbers([done[place] for place in changed])
        after = other.take(self.pieces.ids, mode="clip")
        at = np.flatnonzero(after != self.pieces.ids)
        at = at if self.scope is None else at[self.scope[at]]
        self.pieces.put(at, after[at], self.number)

    def _capital_articles(self) -> None:
        """A piece that begins with "A" is one of those cases where what is before it decides."""
        if not self.pieces.stock.any(CAPITAL_A):
            return
        at = np.flatnonzero(has(self.pieces.stock.bits.take(self.pieces.ids, mode="clip"), CAPITAL_A))
        at = at if self.scope is None else at[self.scope[at]]
        if not len(at):
            return
        keys, code = coded(
            self.pieces.ids[at].astype(np.int64) * 4 + self._context(at), len(self.pieces.stock.bits) * 4
        )
        texts = self.pieces.stock.texts((keys // 4).astype(np.int32))
        done = [
            after_prefix(self.rule, text, PREFIXES[key % 4]) for text, key in zip(texts, keys.tolist(), strict=True)
        ]
        self.pieces.put(at, self.pieces.stock.numbers(done)[code], self.number)

    # Where two pieces meet ----------------------------------------------------------------------

    def _meetings(self) -> None:
        first, second = self.pieces.beside(self.sides.left, self.sides.right, self._clear)
        if self.scope is not None:
            meant = self.scope[first] | self.scope[second]
            first, second = first[meant], second[meant]
        if len(first):
            self._splice(first, second)

    @property
    def _clear(self) -> int:
        """What is looked through: blanks, and to find where a sentence starts opening marks too."""
        return OPENER if isinstance(self.rule, Capitals) else BLANK

    def _splice(self, first: Index, second: Index) -> None:
        ids, stock = self.pieces.ids, self.pieces.stock
        apart = second - first > 1
        gap = self._gap(first, second) if apart.any() else apart
        left, left_code = coded(ids[first], len(stock.bits))
        right, right_code = coded(ids[second], len(stock.bits))
        tails, tail_code = distinct_texts([text[-TAIL:] for text in stock.texts(left)])
        heads, head_code = distinct_texts([text[: 2 * TAIL] for text in stock.texts(right)])
        key = (tail_code[left_code] * len(heads) + head_code[right_code]) * 16
        key += self._before(first) * 4 + self._after(second) * 2 + gap
        keys, which = coded(key, len(tails) * len(heads) * 16)
        splices = [self._decided(key, tails, heads) for key in keys.tolist()]
        alone = has(self.pieces.bits(second), ALONE)
        cut = self._cut(first, [splice.left for splice in splices], which, at_end=True)
        left = ~(alone & np.isin(second, cut))  # a lone word that was changed for what follows is not changed twice
        self._cut(second[left], [splice.right for splice in splices], which[left], at_end=False)
        dropped = np.array([not splice.gap for splice in splices], dtype=bool)[which] & apart
        if dropped.any():
            self._empty(first[dropped], second[dropped])

    def _decided(self, key: int, tails: Sequence[str], heads: Sequence[str]) -> Splice:
        pair, around = divmod(key, 16)
        tail, head = divmod(pair, len(heads))
        gap = " " if around & 1 else ""
        around, kind = around & 3, PREFIXES[around >> 2]
        return meeting(self.rule, Window(kind, tails[tail], gap, heads[head], "x" * (around >> 1)))

    def _gap(self, first: Index, second: Index) -> Flags:
        """Whether any piece between two has a blank."""
        between, owner = lying_between(first, second)
        blank: Flags = np.bincount(owner[has(self.pieces.bits(between), TRAIL | LEAD)], minlength=len(first)) > 0
        return blank

    def _before(self, first: Index) -> Index:
        """What stands before the left pieces, as a place in ``PREFIXES``; 0 where it does not matter."""
        kind = np.zeros(len(first), dtype=np.int64)
        alone = np.flatnonzero(has(self.pieces.bits(first), ALONE))
        kind[alone] = self._context(first[alone])
        return kind

    def _context(self, at: Index) -> Index:
        """What stands before some pieces, as a place in ``PREFIXES``."""
        starts = self.pieces.offsets[self.pieces.row[at]]
        earlier = at - 1
        on = np.flatnonzero((earlier >= starts) & has(self.pieces.bits(earlier), BLANK))
        while len(on):
            earlier[on] -= 1
            on = on[(earlier[on] >= starts[on]) & has(self.pieces.bits(earlier[on]), BLANK)]
        near = self.pieces.bits(earlier)  # before the first piece: any, for it is not asked
        glued = has(near, ENDS) & (earlier == at - 1) & ~has(self.pieces.bits(at), LEAD)
        said = np.where(has(near, STOP), 3, np.where(glued, 2, 1))
        context: Index = np.where(earlier >= starts, said, 0)
        return context

    def _after(self, second: Index) -> Index:
        """1 where the word of the right piece goes on in the piece after it."""
        goes_on = np.zeros(len(second), dtype=np.int64)
        bits = self.pieces.bits(second)
        whole = np.flatnonzero(has(bits, ALONE) & has(bits, ENDS))
        at = second[whole]
        there = at + 1 < self.pieces.offsets[self.pieces.row[at] + 1]
        later = self.pieces.bits(np.minimum(at + 1, len(self.pieces.ids) - 1))
        goes_on[whole] = there & has(later, BEGINS)
        return goes_on

    def _cut(self, at: Index, cuts: Sequence[Cut], which: Index, *, at_end: bool) -> Index:
        """Cut and add at one end of pieces, once per distinct string and way of cutting it; the pieces cut."""
        ways = {cut: place for place, cut in enumerate(dict.fromkeys(cut for cut in cuts if cut != NO_CUT))}
        if not ways:
            return at[:0]
        way = np.array([ways.get(cut, -1) for cut in cuts], dtype=np.int64)[which]
        meant = np.flatnonzero(way >= 0)
        ids, bound = self.pieces.ids[at[meant]].astype(np.int64), len(self.pieces.stock.bits) * len(ways)
        keys, code = coded(ids * len(ways) + way[meant], bound)
        texts, listed = self.pieces.stock.texts((keys // len(ways)).astype(np.int32)), list(ways)
        chosen = [listed[place] for place in (keys % len(ways)).tolist()]
        done = [cut_text(text, *cut, at_end=at_end) for text, cut in zip(texts, chosen, strict=True)]
        self.pieces.put(at[meant], self.pieces.stock.numbers(done)[code], self.number)
        return at[meant]

    def _empty(self, first: Index, second: Index) -> None:
        """No blank is left between pieces that have moved together."""
        between, _ = lying_between(first, second)
        blank = between[has(self.pieces.bits(between), BLANK)]
        self.pieces.put(blank, np.full(len(blank), self.pieces.stock.numbers([""])[0]), self.number)

    # The start of texts -------------------------------------------------------------------------

    def _starts(self) -> None:
        offsets = self.pieces.offsets
        full = offsets[:-1] < offsets[1:]
        at, last = offsets[:-1][full].copy(), offsets[1:][full] - 1
        on = np.flatnonzero(has(self.pieces.bits(at), OPENER) & (at < last))
        while len(on):
            at[on] += 1
            on = on[has(self.pieces.bits(at[on]), OPENER) & (at[on] < last[on])]
        at = at[has(self.pieces.bits(at), self.sides.right)]
        at = at if self.scope is None else at[self.scope[at]]
        distinct, code = coded(self.pieces.ids[at], len(self.pieces.stock.bits))
        done = [applied(text, start_changes(self.rule, text)) for text in self.pieces.stock.texts(distinct)]
        if done:
            self.pieces.put(at, self.pieces.stock.numbers(done)[code], self.number)

    # Blanks -------------------------------------------------------------------------------------

    def _blanks(self) -> None:
        act = np.zeros(len(self.pieces.ids), dtype=np.uint8)
        self._between_words(act)
        self._edges(act)
        at = np.flatnonzero(act)
        at = at if self.scope is None else at[self.scope[at]]
        keys, code = coded(self.pieces.ids[at].astype(np.int64) * 32 + act[at], len(self.pieces.stock.bits) * 32)
        texts = self.pieces.stock.texts((keys // 32).astype(np.int32))
        done = [stripped(text, key % 32) for text, key in zip(texts, keys.tolist(), strict=True)]
        if done:
            self.pieces.put(at, self.pieces.stock.numbers(done)[code], self.number)

    def _between_words(self, act: npt.NDArray[np.uint8]) -> None:
        """One blank between words, none before a closing mark."""
        closes = self.sides.right

        def wanted(before: Bits, after: Bits, apart: Index | None) -> Flags:
            trail, starts = has(before, TRAIL), has(after, LEAD | closes)
            wide: Flags = trail & starts | ((after & np.uint32(LEAD | closes)) == np.uint32(LEAD | closes))
            return wide if apart is None else wide | (apart > 1) & (trail | starts) | (apart > 2)

        first, second = self.pieces.meetings(BLANK, wanted)
        bits = self.pieces.bits(second)
        trail, close = has(self.pieces.bits(first), TRAIL), has(bits, closes)
        between, owner = lying_between(first, second)
        blank = has(self.pieces.bits(between), TRAIL)
        between, owner = between[blank], owner[blank]
        gaps = np.bincount(owner, minlength=len(first))
        act[first[close & trail]] |= RSTRIP
        act[second[has(bits, LEAD) & (close | trail | (gaps > 0))]] |= LSTRIP
        spared = np.append(True, owner[1:] != owner[:-1])[: len(owner)] & ~(close | trail)[owner]
        act[between[~spared]] |= EMPTY

    def _edges(self, act: npt.NDArray[np.uint8]) -> None:
        """No white space at the start and the end of a text."""
        offsets = self.pieces.offsets
        full = offsets[:-1] < offsets[1:]
        first, last = offsets[:-1][full], offsets[1:][full] - 1
        for edge, other, step, bit, mark in (
            (first, last, 1, HEAD, LSTRIP_ALL),
            (last, first, -1, TAILED, RSTRIP_ALL),
        ):
            at, end = edge, other
            while len(at):
                bits = self.pieces.bits(at)
                act[at[has(bits, bit)]] |= mark
                on = has(bits, SPACE) & (at != end)
                at, end = at[on] + step, end[on]
