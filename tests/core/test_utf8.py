"""Text columns as bytes: words, characters and positions agree with Python's own view of a text."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.utf8 import Utf8, characters, plain, words

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
TEXTS = st.lists(
    st.none() | st.text(st.sampled_from("ab,é\u0301中😀\x1c\u200b" + WHITE_SPACE), max_size=12) | st.text(max_size=8),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_words_and_characters_agree_with_python(texts):
    column = pa.array(texts, pa.string())
    texts = [text or "" for text in texts]
    assert characters(column).tolist() == [len(text) for text in texts]
    assert words(column).tolist() == [len(re.findall(f"[^{WHITE_SPACE}\u2001-\u2008]+", text)) for text in texts]


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.data())
def test_a_slice_of_code_points_is_found_in_the_bytes(texts, data):
    texts = [text or "" for text in texts]
    rows = [row for row, text in enumerate(texts) if text]
    bounds = [sorted(data.draw(st.lists(st.integers(0, len(texts[r])), min_size=2, max_size=2))) for r in rows]
    text = Utf8.of(pa.array(texts, pa.string()))
    where = np.array(rows, dtype=np.int64)
    starts = text.bytes_at(where, np.array([low for low, _ in bounds], dtype=np.int64))
    ends = text.bytes_at(where, np.array([high for _, high in bounds], dtype=np.int64))
    wanted = [texts[row][low:high] for row, (low, high) in zip(rows, bounds, strict=True)]
    assert text.take(starts, ends).to_pylist() == wanted


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["x", "ab c", None, ""]),
        pa.array(["zz", "x", "ab c", None, "", "q"])[1:5],
        pa.array(["x", "ab c", None, ""], pa.large_string()),
        pa.array(["x", "ab c", None, ""]).dictionary_encode(),
        pa.chunked_array([["x", "ab c"], [None, ""]]),
        pa.array(["x", "ab c", None, ""], pa.string_view()),
    ],
)
def test_any_layout_of_a_string_column_will_do(column):
    text = Utf8.of(column)
    assert bytes(text.data) == b"xab c"
    assert text.offsets.tolist() == [0, 1, 5, 5, 5]
    assert words(column).tolist() == [1, 2, 0, 0]
    assert text.counts(text.data == ord("a")).tolist() == [0, 1, 0, 0]
    assert text.having(text.data == ord("x")).tolist() == [True, False, False, False]
    assert plain(column).to_pylist() == ["x", "ab c", "", ""]


def test_no_rows():
    column = pa.array([], pa.string())
    assert words(column).tolist() == characters(column).tolist() == []
    assert len(Utf8.of(column)) == 0
