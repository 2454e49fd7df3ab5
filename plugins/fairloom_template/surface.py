"""Surface rules in columns: each is asked about distinct strings and distinct places where two meet.

A text is a row of pieces (literals and values of slots). A rule changes a piece for what stands inside it,
or for what stands beside it. Both are functions of very few strings, however many rows there are: the rows
are only searched, by bits, for places where a rule may have something to say. A changed piece becomes
another string of the pool, so spans stay true by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fairloom_template.assembly import BLOCK, Gathered, empty
from fairloom_template.pool import Ids, Index, Pool
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

Flags = npt.NDArray[np.bool_]
Wanted = Callable[[Bits, Bits, Index | None], Flags]


MOST_MARKS = 1 << 20
"""Up to here distinct numbers are found by marking them, beyond by hashing."""

Cut = tuple[int, str]
"""How many characters come off, and what is put in their place."""
NO_CUT: Cut = (0, "")


@attrs.frozen
class Splice:
    """What becomes of two pieces that meet: the end of the left one, the blanks between, the start of the right one."""

    left: Cut = NO_CUT
    gap: bool = True
    right: Cut = NO_CUT


@attrs.define(eq=False, slots=False)
class Pieces:
    """The pieces of all rows of a batch while they are rewritten.

    ``offsets`` has the first piece of every row; ``name`` the slot of every piece (-1: literal) where a
    rule asks for it; ``touched`` a bit per rule that changed the piece, where edits are asked for.
    """

    ids: Ids
    offsets: Index
    stock: Stock
    name: Ids | None
    touched: npt.NDArray[np.uint32] | None

    @cached_property
    def row(self) -> Ids:
        """The row of every piece."""
        row = empty(len(self.ids))
        for block in _blocks(len(self.offsets) - 1):
            first, last = self.offsets[block.start], self.offsets[block.stop]
            count = np.diff(self.offsets[block.start : block.stop + 1])
            row[first:last] = np.repeat(np.arange(block.start, block.stop, dtype=np.int32), count)
        return row

    def bits(self, at: Index) -> Bits:
        """The bits of some pieces."""
        return self.stock.bits.take(self.ids[at], mode="clip")

    def meetings(self, clear: int, wanted: Wanted) -> tuple[Index, Index]:
        """Pairs of pieces of one row that meet, where ``wanted`` says so of their bits.

        Pieces with the bit ``clear`` are looked through. ``wanted(left, right, apart)`` is asked for a block
        of rows at a time, so that all temporary arrays stay in the cache; ``apart`` is how far away the right
        piece is, or ``None`` where all are neighbours.
        """
        found = [self._met(block, np.uint32(clear), wanted) for block in _blocks(len(self.offsets) - 1)]
        first, second = (np.concatenate(side) for side in zip(*found, strict=True))
        same = self.row[first] == self.row[second]
        return (first, second) if same.all() else (first[same], second[same])

    def _met(self, block: slice, clear: Any, wanted: Wanted) -> tuple[Index, Index]:
        start, end = self.offsets[block.start], self.offsets[block.stop]
        bits = self.stock.bits.take(self.ids[start:end], mode="clip")
        seen = (bits & clear) == 0
        if seen.all():
            found = np.flatnonzero(wanted(bits[:-1], bits[1:], None)) + start
            return found, found + 1
        place = np.flatnonzero(seen)
        bits = bits[place]
        found = np.flatnonzero(wanted(bits[:-1], bits[1:], np.diff(place)))
        return place[found] + start, place[found + 1] + start

    def put(self, at: Index, numbers: Ids, rule: int) -> None:
        """Other strings at some places."""
        if self.touched is not None:
            changed = self.ids[at] != numbers
            self.touched[at[changed]] |= np.uint32(1 << rule)
        self.ids[at] = numbers


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
        done = [_corrected(self.rule, text) for text in texts]
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
        at = np.flatnonzero(_has(self.pieces.stock.bits.take(self.pieces.ids, mode="clip"), CAPITAL_A))
        at = at if self.scope is None else at[self.scope[at]]
        if not len(at):
            return
        keys, code = _coded(self.pieces.ids[at].astype(np.int64) * 4 + self._context(at), len(self.pieces.stock.bits) * 4)
        texts = self.pieces.stock.texts((keys // 4).astype(np.int32))
        done = [_after_prefix(self.rule, text, PREFIXES[key % 4]) for text, key in zip(texts, keys.tolist(), strict=True)]
        self.pieces.put(at, self.pieces.stock.numbers(done)[code], self.number)

    # Where two pieces meet ----------------------------------------------------------------------

    def _meetings(self) -> None:
        left, right = np.uint32(self.sides.left), np.uint32(self.sides.right)

        def wanted(before: Bits, after: Bits, _: Index | None) -> Flags:
            return _has(before, left) & _has(after, right)

        first, second = self.pieces.meetings(self._clear, wanted)
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
        left, left_code = _coded(ids[first], len(stock.bits))
        right, right_code = _coded(ids[second], len(stock.bits))
        tails, tail_code = _distinct_texts([text[-TAIL:] for text in stock.texts(left)])
        heads, head_code = _distinct_texts([text[: 2 * TAIL] for text in stock.texts(right)])
        key = (tail_code[left_code] * len(heads) + head_code[right_code]) * 16
        key += self._before(first) * 4 + self._after(second) * 2 + gap
        keys, which = _coded(key, len(tails) * len(heads) * 16)
        splices = [self._decided(key, tails, heads) for key in keys.tolist()]
        self._cut(first, [splice.left for splice in splices], which, at_end=True)
        self._cut(second, [splice.right for splice in splices], which, at_end=False)
        dropped = np.array([not splice.gap for splice in splices], dtype=bool)[which] & apart
        if dropped.any():
            self._empty(first[dropped], second[dropped])

    def _decided(self, key: int, tails: Sequence[str], heads: Sequence[str]) -> Splice:
        pair, around = divmod(key, 16)
        tail, head = divmod(pair, len(heads))
        gap = " " if around & 1 else ""
        return _meeting(self.rule, PREFIXES[around >> 2], tails[tail], gap, heads[head], "x" * (around >> 1 & 1))

    def _gap(self, first: Index, second: Index) -> Flags:
        """Whether any piece between two has a blank."""
        between, owner = _between(first, second)
        blank: Flags = np.bincount(owner[_has(self.pieces.bits(between), TRAIL | LEAD)], minlength=len(first)) > 0
        return blank

    def _before(self, first: Index) -> Index:
        """What stands before the left pieces, as a place in ``PREFIXES``; 0 where it does not matter."""
        kind = np.zeros(len(first), dtype=np.int64)
        alone = np.flatnonzero(_has(self.pieces.bits(first), ALONE))
        kind[alone] = self._context(first[alone])
        return kind

    def _context(self, at: Index) -> Index:
        """What stands before some pieces, as a place in ``PREFIXES``."""
        starts = self.pieces.offsets[self.pieces.row[at]]
        earlier = at - 1
        on = np.flatnonzero((earlier >= starts) & _has(self.pieces.bits(earlier), BLANK))
        while len(on):
            earlier[on] -= 1
            on = on[(earlier[on] >= starts[on]) & _has(self.pieces.bits(earlier[on]), BLANK)]
        near = self.pieces.bits(earlier)  # before the first piece: any, for it is not asked
        glued = _has(near, ENDS) & (earlier == at - 1) & ~_has(self.pieces.bits(at), LEAD)
        said = np.where(_has(near, STOP), 3, np.where(glued, 2, 1))
        context: Index = np.where(earlier >= starts, said, 0)
        return context

    def _after(self, second: Index) -> Index:
        """1 where the word of the right piece goes on in the piece after it."""
        goes_on = np.zeros(len(second), dtype=np.int64)
        bits = self.pieces.bits(second)
        whole = np.flatnonzero(_has(bits, ALONE) & _has(bits, ENDS))
        at = second[whole]
        there = at + 1 < self.pieces.offsets[self.pieces.row[at] + 1]
        later = self.pieces.bits(np.minimum(at + 1, len(self.pieces.ids) - 1))
        goes_on[whole] = there & _has(later, BEGINS)
        return goes_on

    def _cut(self, at: Index, cuts: Sequence[Cut], which: Index, *, at_end: bool) -> None:
        """Cut and add at one end of pieces, once per distinct string and way of cutting it."""
        ways = {cut: place for place, cut in enumerate(dict.fromkeys(cut for cut in cuts if cut != NO_CUT))}
        if not ways:
            return
        way = np.array([ways.get(cut, -1) for cut in cuts], dtype=np.int64)[which]
        meant = np.flatnonzero(way >= 0)
        ids, bound = self.pieces.ids[at[meant]].astype(np.int64), len(self.pieces.stock.bits) * len(ways)
        keys, code = _coded(ids * len(ways) + way[meant], bound)
        texts, listed = self.pieces.stock.texts((keys // len(ways)).astype(np.int32)), list(ways)
        chosen = [listed[place] for place in (keys % len(ways)).tolist()]
        done = [_cut_text(text, *cut, at_end=at_end) for text, cut in zip(texts, chosen, strict=True)]
        self.pieces.put(at[meant], self.pieces.stock.numbers(done)[code], self.number)

    def _empty(self, first: Index, second: Index) -> None:
        """No blank is left between pieces that have moved together."""
        between, _ = _between(first, second)
        blank = between[_has(self.pieces.bits(between), BLANK)]
        self.pieces.put(blank, np.full(len(blank), self.pieces.stock.numbers([""])[0]), self.number)

    # The start of texts -------------------------------------------------------------------------

    def _starts(self) -> None:
        offsets = self.pieces.offsets
        full = offsets[:-1] < offsets[1:]
        at, last = offsets[:-1][full].copy(), offsets[1:][full] - 1
        on = np.flatnonzero(_has(self.pieces.bits(at), OPENER) & (at < last))
        while len(on):
            at[on] += 1
            on = on[_has(self.pieces.bits(at[on]), OPENER) & (at[on] < last[on])]
        at = at[_has(self.pieces.bits(at), self.sides.right)]
        at = at if self.scope is None else at[self.scope[at]]
        distinct, code = _coded(self.pieces.ids[at], len(self.pieces.stock.bits))
        done = [applied(text, self._start(text)) for text in self.pieces.stock.texts(distinct)]
        if done:
            self.pieces.put(at, self.pieces.stock.numbers(done)[code], self.number)

    def _start(self, text: str) -> list[Any]:
        return [change for change in self.rule.changes(text, start=True) if change.first == 0][:1]

    # Blanks -------------------------------------------------------------------------------------

    def _blanks(self) -> None:
        act = np.zeros(len(self.pieces.ids), dtype=np.uint8)
        self._between_words(act)
        self._edges(act)
        at = np.flatnonzero(act)
        at = at if self.scope is None else at[self.scope[at]]
        keys, code = _coded(self.pieces.ids[at].astype(np.int64) * 32 + act[at], len(self.pieces.stock.bits) * 32)
        texts = self.pieces.stock.texts((keys // 32).astype(np.int32))
        done = [_stripped(text, key % 32) for text, key in zip(texts, keys.tolist(), strict=True)]
        if done:
            self.pieces.put(at, self.pieces.stock.numbers(done)[code], self.number)

    def _between_words(self, act: npt.NDArray[np.uint8]) -> None:
        """One blank between words, none before a closing mark."""
        closes = self.sides.right

        def wanted(before: Bits, after: Bits, apart: Index | None) -> Flags:
            trail, starts = _has(before, TRAIL), _has(after, LEAD | closes)
            wide: Flags = trail & starts | ((after & np.uint32(LEAD | closes)) == np.uint32(LEAD | closes))
            return wide if apart is None else wide | (apart > 1) & (trail | starts) | (apart > 2)

        first, second = self.pieces.meetings(BLANK, wanted)
        bits = self.pieces.bits(second)
        trail, close = _has(self.pieces.bits(first), TRAIL), _has(bits, closes)
        between, owner = _between(first, second)
        blank = _has(self.pieces.bits(between), TRAIL)
        between, owner = between[blank], owner[blank]
        gaps = np.bincount(owner, minlength=len(first))
        act[first[close & trail]] |= _RSTRIP
        act[second[_has(bits, LEAD) & (close | trail | (gaps > 0))]] |= _LSTRIP
        spared = np.append(True, owner[1:] != owner[:-1])[: len(owner)] & ~(close | trail)[owner]
        act[between[~spared]] |= _EMPTY

    def _edges(self, act: npt.NDArray[np.uint8]) -> None:
        """No white space at the start and the end of a text."""
        offsets = self.pieces.offsets
        full = offsets[:-1] < offsets[1:]
        first, last = offsets[:-1][full], offsets[1:][full] - 1
        for edge, other, step, bit, mark in ((first, last, 1, HEAD, _LSTRIP_ALL), (last, first, -1, TAILED, _RSTRIP_ALL)):
            at, end = edge, other
            while len(at):
                bits = self.pieces.bits(at)
                act[at[_has(bits, bit)]] |= mark
                on = _has(bits, SPACE) & (at != end)
                at, end = at[on] + step, end[on]


_RSTRIP, _LSTRIP, _EMPTY, _LSTRIP_ALL, _RSTRIP_ALL = (np.uint8(1 << place) for place in range(5))


def _stripped(text: str, act: int) -> str:
    if act & int(_EMPTY):
        return ""
    text = text.rstrip(" \t") if act & int(_RSTRIP) else text
    text = text.lstrip(" \t") if act & int(_LSTRIP) else text
    text = text.lstrip() if act & int(_LSTRIP_ALL) else text
    return text.rstrip() if act & int(_RSTRIP_ALL) else text


def _has(bits: Bits, bit: Any) -> Flags:
    return (bits & np.uint32(bit)) != 0


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK))


def _coded(numbers: npt.NDArray[Any], bound: int) -> tuple[npt.NDArray[Any], Index]:
    """The distinct numbers below ``bound``, and for each number its place among them."""
    if bound > MOST_MARKS:
        coded = pa.array(numbers).dictionary_encode()
        return coded.dictionary.to_numpy(), coded.indices.to_numpy().astype(np.int64)
    marks = np.zeros(bound, dtype=np.int64)
    marks[numbers] = 1
    distinct = np.flatnonzero(marks)
    marks[distinct] = np.arange(len(distinct))
    return distinct.astype(numbers.dtype), marks.take(numbers)


def _distinct_texts(texts: Sequence[str]) -> tuple[list[str], Index]:
    places: dict[str, int] = {}
    codes = [places.setdefault(text, len(places)) for text in texts]
    return list(places), np.array(codes, dtype=np.int64)


def _between(first: Index, second: Index) -> tuple[Index, Index]:
    """The pieces between pairs of pieces, and for each the number of its pair."""
    count = second - first - 1
    owner = np.repeat(np.arange(len(first)), count)
    return first[owner] + 1 + np.arange(len(owner)) - (np.cumsum(count) - count)[owner], owner


def _cut_text(text: str, cut: int, add: str, *, at_end: bool) -> str:
    return text[: len(text) - cut] + add if at_end else add + text[cut:]


@lru_cache(maxsize=65_536)
def _corrected(rule: Rule, text: str) -> str:
    return applied(text, rule.changes(text))


def _after_prefix(rule: Rule, text: str, prefix: str) -> str:
    return applied(prefix + text, rule.changes(prefix + text, start=True))[len(prefix) :]


@lru_cache(maxsize=65_536)
def _meeting(rule: Rule, prefix: str, left: str, gap: str, right: str, suffix: str) -> Splice:
    """What a rule does where two pieces meet."""
    text = prefix + left + gap + right + suffix
    start, meet = len(prefix), len(prefix) + len(left)
    behind = meet + len(gap)
    for change in rule.changes(text, start=True):
        if change.first < meet and change.last > behind and change.start >= start:
            return _spliced(text, change, meet, behind)
    return Splice()


def _spliced(text: str, change: Change, meet: int, behind: int) -> Splice:
    """A change of the whole as one of its parts; what is new stands where the change begins."""
    gap = not change.start < behind <= change.end
    right_cut = max(change.end - behind, 0)
    if change.start < meet:
        return Splice((meet - change.start, change.new + text[change.end : meet]), gap, (right_cut, ""))
    return Splice(NO_CUT, gap, (right_cut, text[behind : max(change.start, behind)] + change.new))
