"""The draws of one address are the words that the vectorised form gives for it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fairloom.draws import Draws


@given(
    seed=st.integers(0, 2**64),
    name=st.text(max_size=8),
    address=st.integers(0, 2**62),
    attempt=st.integers(0, 2**32 - 1),
)
def test_one_address_equals_the_vector(seed: int, name: str, address: int, attempt: int) -> None:
    draws = Draws(seed).stream("step", name)
    draw = draws.at(address, attempt)
    assert [draw.word() for _ in range(5)] == [int(draws.words([address], attempt, slot)[0]) for slot in range(5)]
