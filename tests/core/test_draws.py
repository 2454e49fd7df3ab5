"""Addressed randomness: the generator is the published one, and nothing depends on order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.draws import Draws, philox

# Known answers of philox4x32-10 in Random123's kat_vectors: counter, key, output.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_known_answers(counter, key, expected):
    assert tuple(int(word) for word in philox(counter, key)) == expected


def test_words_are_fixed_forever():
    draws = Draws(20260411, ("step", "template"))
    assert [int(word) for word in draws.words([0, 1, 2**40], 3, 1)] == [
        682109429141439061,
        4359115767367506031,
        8596388577738113937,
    ]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=30), st.integers(0, 5), st.integers(0, 9))
def test_a_word_depends_on_its_address_alone(addresses, attempt, slot):
    draws = Draws(7, ("a",))
    together = draws.words(addresses, attempt, slot)
    alone = [int(draws.words([address], attempt, slot)[0]) for address in addresses]
    assert together.tolist() == alone


def test_streams_differ_by_seed_and_path():
    streams = [Draws(1), Draws(2), Draws(1, ("a",)), Draws(1, ("a", "b")), Draws(1, ("ab",))]
    assert len({int(stream.words([5])[0]) for stream in streams}) == len(streams)
    assert Draws(1).stream("a", "b") == Draws(1, ("a", "b"))


@settings(max_examples=40)
@given(st.integers(1, 5_000), st.integers(0, 2**64 - 1))
def test_a_permutation_is_a_bijection(size, seed):
    images = Draws(seed).permutation(size)(np.arange(size))
    assert np.array_equal(np.sort(images), np.arange(size))


def test_a_large_permutation_answers_for_one_index():
    permutation = Draws(3).permutation(10**15)
    some = np.array([0, 1, 10**15 - 1])
    images = permutation(some)
    assert [int(permutation(np.array([index]))[0]) for index in some] == images.tolist()
    assert (images < 10**15).all()


def test_below_is_even_and_stays_below():
    values = Draws(1).below(7, np.arange(70_000))
    counts = np.bincount(values, minlength=7)
    assert len(counts) == 7
    assert np.abs(counts - 10_000).max() < 400


def test_unit_lies_in_the_half_open_interval():
    values = Draws(1).unit(np.arange(10_000))
    assert values.min() >= 0
    assert values.max() < 1
    assert abs(values.mean() - 0.5) < 0.02


def test_the_scalar_form_draws_the_same_words():
    draw = Draws(9, ("x",)).at(12, attempt=2)
    assert [draw.word() for _ in range(3)] == [int(Draws(9, ("x",)).words([12], 2, slot)[0]) for slot in range(3)]
    items = list(range(20))
    draw.shuffle(items)
    assert sorted(items) == list(range(20))
    assert draw.pick(["only"]) == "only"
    with pytest.raises(ValueError, match="at least 1"):
        draw.below(0)
