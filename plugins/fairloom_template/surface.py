"""Surface rules in columns: each is asked about distinct strings and distinct places where two meet.

A text is a row of pieces (literals and values of slots). A rule changes a piece for what stands inside it,
or for what stands beside it. Both are functions of very few strings, however many rows there are: the rows
are only searched, by bits, for places where a rule may have something to say. A changed piece becomes
another string of the pool, so spans stay true by construction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fairloom_template.assembly import Gathered
from fairloom_template.pool import Ids, Index, Pool
from fairloom_template.stock import (
    ALONE,
    BEGINS,
    BLANK,
    ENDS,
    LEAD,
    OPENER,
    SPACE,
    STOP,
    TRAIL,
    Bits,
    Facts,
    Sides,
    Stock,
    sides_of,
)
from fairloom_template.surface_rules import Blanks, Capitals, Change, Rule, applied

TAIL = 40
"""How many characters of the left piece a rule can see; of the right one it sees twice as many."""
PREFIXES = ("", "xxx ", "xxx", "xxx. ")
"""What stands before a left piece of one word: nothing, another word, a piece of the same word, a sentence."""

Flags = npt.NDArray[np.bool_]


@attrs.frozen
class Splice:
    """What becomes of two pieces that meet: so much off the end of the left, so much off the start of the right."""

    left_cut: int
    left_add: str
    gap: bool
    right_cut: int
    right_add: str


@attrs.define(eq=False)
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

    def bits(self) -> Bits:
        """The bits of every piece."""
        return self.stock.bits.take(self.ids, mode="clip")

    def put(self, at: Index, numbers: Ids, rule: int) -> None:
        """Other strings at some places."""
        if self.touched is not None:
            changed = self.ids[at] != numbers
            self.touched[at[changed]] |= np.uint32(1 << rule)
        self.ids[at] = numbers

    def rows(self) -> Index:
        """The row of every piece."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


@attrs.frozen(eq=False)
class Surface:
    """The rules of a step in their order.

    ``correct`` says whether they are applied or only looked for; ``edits`` whether what they do is written down.
    """

    rules: tuple[Rule, ...]
    facts: Facts
    correct: bool = True
    edits: bool = False
    known: Bits = attrs.field(factory=lambda: np.zeros(0, dtype=np.uint64))

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
        if self.pieces.stock.any(self.sides.left):
            self._meetings()
        if self.rule.at_start:
            self._starts()

    def _inside(self) -> None:
        stock = self.pieces.stock
        may = np.flatnonzero(stock.bits & np.uint64(self.sides.inside)).astype(np.int32)
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

    # Where two pieces meet ----------------------------------------------------------------------

    def _meetings(self) -> None:
        bits = self.pieces.bits()
        place = self._seen(bits)
        seen = bits if place is None else bits[place]
        left, right = np.uint64(self.sides.left), np.uint64(self.sides.right)
        found = np.flatnonzero((seen[:-1] & left).astype(bool) & (seen[1:] & right).astype(bool))
        if not len(found):
            return
        first, second = (found, found + 1) if place is None else (place[found], place[found + 1])
        row = np.searchsorted(self.pieces.offsets, first, side="right")
        meant = second < self.pieces.offsets[row]
        if self.scope is not None:
            meant &= self.scope[first] | self.scope[second]
        self._splice(bits, first[meant], second[meant])

    def _seen(self, bits: Bits) -> Index | None:
        """The pieces that are not looked through; ``None``: all of them."""
        clear = OPENER if isinstance(self.rule, Capitals) else BLANK
        through = bits & np.uint64(clear)
        return np.flatnonzero(through == 0) if through.any() else None

    def _splice(self, bits: Bits, first: Index, second: Index) -> None:
        ids, stock = self.pieces.ids, self.pieces.stock
        apart = second - first > 1
        gap = _blank_between(bits, first, second) if apart.any() else apart
        prefix, suffix = self._before(bits, first), self._after(bits, second)
        left, left_code = _coded(ids[first])
        right, right_code = _coded(ids[second])
        tails, tail_code = _distinct_texts([text[-TAIL:] for text in stock.texts(left)])
        heads, head_code = _distinct_texts([text[: 2 * TAIL] for text in stock.texts(right)])
        around = prefix * 4 + suffix * 2 + gap
        keys, which = _coded((tail_code[left_code] * len(heads) + head_code[right_code]) * 16 + around)
        splices = [self._decided(int(key), tails, heads) for key in keys]
        self._cut(first, left, left_code, [splice and (splice.left_cut, splice.left_add) for splice in splices], which, at_end=True)
        self._cut(second, right, right_code, [splice and (splice.right_cut, splice.right_add) for splice in splices], which, at_end=False)
        dropped = np.array([splice is not None and not splice.gap for splice in splices], dtype=bool)[which] & apart
        self._empty(bits, first[dropped], second[dropped])

    def _decided(self, key: int, tails: Sequence[str], heads: Sequence[str]) -> Splice | None:
        pair, around = divmod(key, 16)
        tail, head = divmod(pair, len(heads))
        gap = " " if around & 1 else ""
        return _meeting(_Held(self.rule), PREFIXES[around >> 2], tails[tail], gap, heads[head], "x" * (around >> 1 & 1))

    def _before(self, bits: Bits, first: Index) -> Index:
        """What stands before the left pieces, as a place in ``PREFIXES``; 0 where it does not matter."""
        alone = (bits[first] & np.uint64(ALONE)).astype(bool)
        starts = self.pieces.offsets[np.searchsorted(self.pieces.offsets, first, side="right") - 1]
        kind = np.zeros(len(first), dtype=np.int64)
        earlier = first - 1
        for _ in range(2):  # over one piece of blanks
            over = alone & (earlier > starts) & (bits[earlier] & np.uint64(BLANK)).astype(bool)
            earlier = np.where(over, earlier - 1, earlier)
        there = alone & (earlier >= starts)
        near = bits[np.maximum(earlier, 0)]
        kind[there] = 1
        glued = (near & np.uint64(ENDS)).astype(bool) & (earlier == first - 1) & ~(bits[first] & np.uint64(LEAD)).astype(bool)
        kind[there & glued] = 2
        kind[there & (near & np.uint64(STOP)).astype(bool)] = 3
        return kind

    def _after(self, bits: Bits, second: Index) -> Index:
        """1 where the word of the right piece goes on in the piece after it."""
        ends = self.pieces.offsets[np.searchsorted(self.pieces.offsets, second, side="right")]
        later = np.minimum(second + 1, len(bits) - 1)
        whole = (bits[second] & np.uint64(ALONE)).astype(bool) & (bits[second] & np.uint64(ENDS)).astype(bool)
        glued = whole & (second + 1 < ends) & (bits[later] & np.uint64(BEGINS)).astype(bool)
        return glued.astype(np.int64)

    def _cut(
        self, at: Index, distinct: Ids, code: Index, cuts: Sequence[Any], which: Index, *, at_end: bool
    ) -> None:
        """Cut and add at one end of pieces, once per distinct string and way of cutting it."""
        ways = list(dict.fromkeys(cut for cut in cuts if cut and cut != (0, "")))
        if not ways:
            return
        way = np.array([ways.index(cut) if cut in ways else -1 for cut in cuts], dtype=np.int64)[which]
        cut_at = np.flatnonzero(way >= 0)
        keys, key_code = _coded(code[cut_at] * len(ways) + way[cut_at])
        texts = self.pieces.stock.texts(distinct[keys // len(ways)])
        done = [_cut_text(text, *ways[key % len(ways)], at_end=at_end) for text, key in zip(texts, keys.tolist(), strict=True)]
        self.pieces.put(at[cut_at], self.pieces.stock.numbers(done)[key_code], self.number)

    def _empty(self, bits: Bits, first: Index, second: Index) -> None:
        """Nothing but opening marks is left between pieces that have moved together."""
        if not len(first):
            return
        between = np.repeat(first + 1, second - first - 1)
        between += np.arange(len(between)) - np.repeat(np.cumsum(second - first - 1) - (second - first - 1), second - first - 1)
        blank = between[(bits[between] & np.uint64(BLANK)).astype(bool)]
        self.pieces.put(blank, np.full(len(blank), self.pieces.stock.numbers([""])[0]), self.number)

    # The start of texts -------------------------------------------------------------------------

    def _starts(self) -> None:
        bits = self.pieces.bits()
        at = self.pieces.offsets[:-1]
        at = at[at < self.pieces.offsets[1:]]
        clear = (bits[at] & np.uint64(OPENER)).astype(bool)
        if clear.any():
            seen = self._seen(bits)
            at = _first_of_rows(seen if seen is not None else np.arange(len(bits)), self.pieces.offsets)
        at = at[(bits[at] & np.uint64(self.sides.right)).astype(bool)]
        at = at if self.scope is None else at[self.scope[at]]
        distinct, code = _coded(self.pieces.ids[at])
        done = [applied(text, self._start(text)) for text in self.pieces.stock.texts(distinct)]
        if done:
            self.pieces.put(at, self.pieces.stock.numbers(done)[code], self.number)

    def _start(self, text: str) -> list[Any]:
        return [change for change in self.rule.changes(text, start=True) if change.first == 0][:1]

    # Blanks -------------------------------------------------------------------------------------

    def _blanks(self) -> None:
        bits = self.pieces.bits()
        empty_rows = np.flatnonzero((bits & np.uint64(BLANK)) == 0)
        act = np.zeros(len(bits), dtype=np.uint8)
        self._between(bits, empty_rows, act)
        self._edges(bits, act)
        at = np.flatnonzero(act)
        at = at if self.scope is None else at[self.scope[at]]
        keys, code = _coded(self.pieces.ids[at].astype(np.int64) * 32 + act[at])
        texts = self.pieces.stock.texts((keys // 32).astype(np.int32))
        done = [_stripped(text, int(key % 32)) for text, key in zip(texts, keys, strict=True)]
        if done:
            self.pieces.put(at, self.pieces.stock.numbers(done)[code], self.number)

    def _between(self, bits: Bits, place: Index, act: npt.NDArray[np.uint8]) -> None:
        """One blank between words, none before a closing mark."""
        first, second = place[:-1], place[1:]
        starts = np.zeros(len(bits) + 1, dtype=bool)
        starts[self.pieces.offsets] = True
        trail, lead = _has(bits[first], TRAIL), _has(bits[second], LEAD)
        close = _has(bits[second], self.sides.right)
        apart = second - first > 1
        many = trail & lead | apart | close & (trail | lead)
        first, second, trail, lead, close = (each[many] for each in (first, second, trail, lead, close))
        same = np.searchsorted(self.pieces.offsets, first, side="right")
        same_row = second < self.pieces.offsets[same]
        first, second, trail, lead, close = (each[same_row] for each in (first, second, trail, lead, close))
        gaps = _blank_count(bits, first, second)
        act[first[close & trail]] |= _RSTRIP
        act[second[lead & (close | trail | (gaps > 0))]] |= _LSTRIP
        over = second - first > 1
        for start, end, keep in zip(first[over], second[over], (~close & ~trail)[over], strict=True):
            self._drop_gaps(bits, start, end, keep=bool(keep), act=act)

    @staticmethod
    def _drop_gaps(bits: Bits, start: int, end: int, *, keep: bool, act: npt.NDArray[np.uint8]) -> None:
        for at in range(start + 1, end):
            if _has(bits[at], TRAIL):
                act[at] |= 0 if keep else _EMPTY
                keep = False

    def _edges(self, bits: Bits, act: npt.NDArray[np.uint8]) -> None:
        """No white space at the start and the end of a text."""
        offsets = self.pieces.offsets
        full = offsets[:-1] < offsets[1:]
        for edge, step, mark in ((offsets[:-1][full].copy(), 1, _LSTRIP_ALL), (offsets[1:][full] - 1, -1, _RSTRIP_ALL)):
            other = offsets[1:][full] - 1 if step == 1 else offsets[:-1][full]
            while True:
                act[edge] |= mark
                on = _has(bits[edge], SPACE) & (edge != other)
                if not on.any():
                    break
                edge, other = edge[on] + step, other[on]


_RSTRIP, _LSTRIP, _EMPTY, _LSTRIP_ALL, _RSTRIP_ALL = (np.uint8(1 << place) for place in range(5))


def _stripped(text: str, act: int) -> str:
    if act & int(_EMPTY):
        return ""
    text = text.rstrip(" \t") if act & int(_RSTRIP) else text
    text = text.lstrip(" \t") if act & int(_LSTRIP) else text
    text = text.lstrip() if act & int(_LSTRIP_ALL) else text
    return text.rstrip() if act & int(_RSTRIP_ALL) else text


def _has(bits: Any, bit: int) -> Any:
    return (bits & np.uint64(bit)).astype(bool)


def _coded(numbers: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Index]:
    """The distinct numbers in order of appearance, and for each number its place among them."""
    coded = pa.array(numbers).dictionary_encode()
    return coded.dictionary.to_numpy(), coded.indices.to_numpy().astype(np.int64)


def _distinct_texts(texts: Sequence[str]) -> tuple[list[str], Index]:
    places: dict[str, int] = {}
    codes = [places.setdefault(text, len(places)) for text in texts]
    return list(places), np.array(codes, dtype=np.int64)


def _blank_count(bits: Bits, first: Index, second: Index) -> Index:
    """How many pieces of blanks stand between two."""
    sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(_has(bits, BLANK) & _has(bits, TRAIL))])
    return sums[second] - sums[first + 1]


def _blank_between(bits: Bits, first: Index, second: Index) -> Flags:
    """Whether any piece between two has a blank."""
    sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(_has(bits, TRAIL) | _has(bits, LEAD))])
    return sums[second] > sums[first + 1]


def _first_of_rows(place: Index, offsets: Index) -> Index:
    """The first of these places in every row that has one."""
    nearest = np.searchsorted(place, offsets[:-1])
    found = place[np.minimum(nearest, len(place) - 1)] if len(place) else np.zeros(len(nearest), dtype=np.int64)
    there = (nearest < len(place)) & (found >= offsets[:-1]) & (found < offsets[1:])
    first: Index = found[there]
    return first


def _cut_text(text: str, cut: int, add: str, *, at_end: bool) -> str:
    return text[: len(text) - cut] + add if at_end else add + text[cut:]


@attrs.frozen(eq=False)
class _Held:
    """A rule as a key of the cache: by identity."""

    rule: Rule

    def __hash__(self) -> int:
        return id(self.rule)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.rule is self.rule


def _corrected(rule: Rule, text: str) -> str:
    return _corrected_once(_Held(rule), text)


@lru_cache(maxsize=65_536)
def _corrected_once(held: _Held, text: str) -> str:
    return applied(text, held.rule.changes(text))


@lru_cache(maxsize=65_536)
def _meeting(held: _Held, prefix: str, left: str, gap: str, right: str, suffix: str) -> Splice | None:
    """What a rule does where two pieces meet."""
    text = prefix + left + gap + right + suffix
    start, meet = len(prefix), len(prefix) + len(left)
    behind = meet + len(gap)
    for change in held.rule.changes(text):
        if change.first < meet and change.last > behind and change.start >= start:
            return _spliced(text, change, meet, behind)
    return None


def _spliced(text: str, change: Change, meet: int, behind: int) -> Splice:
    """A change of the whole as one of its parts; what is new stands where the change begins."""
    gap = not change.start < behind <= change.end
    right_cut = max(change.end - behind, 0)
    if change.start < meet:
        return Splice(meet - change.start, change.new + text[change.end : meet], gap, right_cut, "")
    return Splice(0, "", gap, right_cut, text[behind : max(change.start, behind)] + change.new)
