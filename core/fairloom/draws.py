"""Addressed randomness: every random word is a pure function of (seed, stream, address, attempt).

The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11),
a counter-based generator: there is no state to advance, so any address can be asked for alone, in any
order, by any worker. Words are mapped to integers and choices by the code below and never by
``numpy.random.Generator``, whose streams may change between numpy releases.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence, Sequence
from typing import Any, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

T = TypeVar("T")
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

SCHEME = "philox4x32-10/v1"
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


def philox(counter: tuple[Any, Any, Any, Any], key: tuple[int, int]) -> tuple[Words, Words, Words, Words]:
    """Philox4x32-10: four 32-bit words (held in uint64) for each counter.

    ``counter`` is four uint64 arrays (or scalars) of one shape holding 32-bit values; ``key`` two
    32-bit integers. Matches the known-answer vectors of Random123.
    """
    c0, c1, c2, c3 = (np.asarray(part, dtype=np.uint64) for part in counter)
    k0, k1 = key
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (
            (p1 >> _32) ^ c1 ^ np.uint64(k0),
            p1 & _LOW,
            (p0 >> _32) ^ c3 ^ np.uint64(k1),
            p0 & _LOW,
        )
        k0, k1 = (k0 + _W0) & 0xFFFFFFFF, (k1 + _W1) & 0xFFFFFFFF
    return c0, c1, c2, c3


def _philox_one(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """``philox`` of one counter in plain integers: for a single word, numpy's overhead is ten times the work."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    m0, m1 = int(_M0), int(_M1)
    for _ in range(10):
        p0, p1 = m0 * c0, m1 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + _W0) & 0xFFFFFFFF, (k1 + _W1) & 0xFFFFFFFF
    return c0, c1, c2, c3


@attrs.frozen
class Draws:
    """One stream of random words, named by a path; ``stream`` opens a stream below it.

    The key of a stream is BLAKE2b of its path under the recipe's seed, so a new step opens a new
    stream and leaves every other one as it was.
    """

    seed: int
    path: tuple[str, ...] = ()

    def stream(self, *names: str) -> Draws:
        """The stream ``names`` below this one."""
        return Draws(self.seed, (*self.path, *names))

    @property
    def key(self) -> tuple[int, int]:
        """The 64-bit Philox key as two 32-bit integers."""
        text = "\x1f".join((SCHEME, str(self.seed), *self.path)).encode()
        digest = hashlib.blake2b(text, digest_size=8).digest()
        return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")

    def words(self, addresses: npt.ArrayLike, attempts: npt.ArrayLike = 0, slot: int = 0) -> Words:
        """One 64-bit word per address. ``slot`` (0 to 2**33 - 1) numbers the draws of one address."""
        where = np.asarray(addresses).astype(np.uint64)
        attempt = np.broadcast_to(np.asarray(attempts).astype(np.uint64), where.shape)
        block, half = divmod(slot, 2)
        out = philox((where & _LOW, where >> _32, attempt, np.full(where.shape, block, np.uint64)), self.key)
        low, high = (out[0], out[1]) if half == 0 else (out[2], out[3])
        return low | (high << _32)

    def quick(self, addresses: npt.ArrayLike, count: int) -> Words:
        """``count`` words per address, shape ``(len(addresses), count)``, about ten times faster than ``words``.

        SplitMix64 (Steele, Lea and Flood 2014) started at the Philox word of each address. Good enough to
        shuffle for a permutation test; data are drawn with ``words``.
        """
        starts = self.words(addresses)[:, None]
        steps = np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        return _mix(starts + steps, (0, 0), 0)

    def below(self, bound: npt.ArrayLike, addresses: npt.ArrayLike, attempts: npt.ArrayLike = 0, slot: int = 0) -> Ints:
        """Integers in ``[0, bound)``, ``bound`` at most 2**31, one per address.

        Multiply-shift of a 32-bit word (Lemire 2019, without rejection): the bias is below
        ``bound / 2**32``.
        """
        word = self.words(addresses, attempts, slot) >> _32
        limit = np.asarray(bound).astype(np.uint64)
        return ((word * limit) >> _32).astype(np.int64)

    def unit(self, addresses: npt.ArrayLike, attempts: npt.ArrayLike = 0, slot: int = 0) -> npt.NDArray[np.float64]:
        """Floats in ``[0, 1)`` with 53 random bits, one per address."""
        word = self.words(addresses, attempts, slot) >> np.uint64(11)
        return word.astype(np.float64) * 2.0**-53

    def at(self, address: int, attempt: int = 0) -> Draw:
        """The scalar form, for code that handles one row."""
        return Draw(self, address, attempt)

    def permutation(self, size: int) -> Permutation:
        """A keyed bijection on ``[0, size)``."""
        return Permutation(size, self.key)


@attrs.define
class Draw:
    """The draws of one address, one after the other."""

    draws: Draws
    address: int
    attempt: int = 0
    _used: int = attrs.field(default=0, init=False)

    def word(self) -> int:
        """The next 64-bit word."""
        block, half = divmod(self._used, 2)
        counter = (self.address & 0xFFFFFFFF, self.address >> 32, self.attempt, block)
        low, high = _philox_one(counter, self.draws.key)[2 * half : 2 * half + 2]
        self._used += 1
        return low | (high << 32)

    def below(self, bound: int) -> int:
        """An integer in ``[0, bound)``, exact for bounds to 2**64 up to a bias below ``bound / 2**64``."""
        if bound < 1:
            msg = f"below() needs a bound of at least 1, got {bound}"
            raise ValueError(msg)
        return (self.word() * bound) >> 64

    def unit(self) -> float:
        """A float in ``[0, 1)``."""
        return (self.word() >> 11) * 2.0**-53

    def pick(self, choices: Sequence[T]) -> T:
        """One of ``choices``."""
        return choices[self.below(len(choices))]

    def shuffle(self, items: MutableSequence[Any]) -> None:
        """Fisher-Yates in place."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


@attrs.frozen
class Permutation:
    """A keyed bijection on ``[0, size)``: balanced Feistel network with cycle walking.

    Four rounds over ``2 * half`` bits, the smallest even number of bits that holds ``size``; values
    that fall outside walk on (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).
    Any index can be asked for alone.
    """

    size: int
    key: tuple[int, int]

    def __call__(self, indices: npt.ArrayLike) -> Ints:
        """Where each index goes. Shape and order as given."""
        values = np.asarray(indices).astype(np.uint64)
        if self.size < 2:
            return values.astype(np.int64)
        half = max(1, ((self.size - 1).bit_length() + 1) // 2)
        out = self._rounds(values, half)
        outside = np.flatnonzero(out >= np.uint64(self.size))
        while outside.size:
            out[outside] = self._rounds(out[outside], half)
            outside = outside[out[outside] >= np.uint64(self.size)]
        return out.astype(np.int64)

    def _rounds(self, values: Words, half: int) -> Words:
        bits, mask = np.uint64(half), np.uint64((1 << half) - 1)
        left, right = values >> bits, values & mask
        for number in range(4):
            left, right = right, left ^ (_mix(right, self.key, number) & mask)
        return (left << bits) | right


def _mix(values: Words, key: tuple[int, int], number: int) -> Words:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014) keyed by round."""
    salt = ((key[1] << 32) | key[0]) ^ (number * 0x9E3779B97F4A7C15)
    mixed = values + np.uint64(salt & 0xFFFFFFFFFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
