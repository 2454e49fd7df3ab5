"""The content digest depends on the rows and on nothing else."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.batch import SPANS
from fairloom.weaving.digest import ContentDigest

ROW = st.fixed_dictionaries(
    {
        "text": st.none() | st.text(max_size=8),
        "label": st.none() | st.sampled_from(["a", "b", "ä"]),
        "n": st.none() | st.integers(-(2**40), 2**40),
        "share": st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
        "good": st.none() | st.booleans(),
        "spans": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {
                    "start": st.integers(0, 99),
                    "end": st.integers(0, 99),
                    "slot": st.sampled_from(["x", "y"]),
                    "value": st.text(max_size=3),
                }
            ),
            max_size=3,
        ),
    }
)
SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("label", pa.dictionary(pa.int32(), pa.string())),
        ("n", pa.int64()),
        ("share", pa.float64()),
        ("good", pa.bool_()),
        ("spans", SPANS),
    ]
)


def digest(batches: list[pa.RecordBatch]) -> str:
    made = ContentDigest()
    for batch in batches:
        made.add(batch)
    return made.hexdigest()


def batch_of(rows: list[dict[str, object]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12), st.data())
def test_batch_borders_and_slices_do_not_count(rows: list[dict[str, object]], data: st.DataObject) -> None:
    whole = batch_of(rows)
    cut = data.draw(st.integers(0, len(rows)))
    assert digest([whole.slice(0, cut), whole.slice(cut)]) == digest([whole])
    assert digest([batch_of(rows[:cut]), batch_of(rows[cut:])]) == digest([whole])


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8), st.lists(ROW, min_size=1, max_size=8))
def test_other_rows_have_another_digest(one: list[dict[str, object]], two: list[dict[str, object]]) -> None:
    same = batch_of(one).to_pylist() == batch_of(two).to_pylist()
    assert (digest([batch_of(one)]) == digest([batch_of(two)])) is same


def test_dictionaries_count_as_their_values() -> None:
    plain = pa.RecordBatch.from_pydict({"a": ["x", "y", None, "x"]})
    coded = pa.RecordBatch.from_arrays([plain.column(0).dictionary_encode()], names=["a"])
    other = pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 1]), pa.array(["y", "x"]))
    assert digest([plain]) == digest([coded]) == digest([pa.RecordBatch.from_arrays([other], names=["a"])])


def test_moving_a_character_between_neighbours_counts() -> None:
    one = pa.RecordBatch.from_pydict({"a": ["ab", "c"]})
    two = pa.RecordBatch.from_pydict({"a": ["a", "bc"]})
    assert digest([one]) != digest([two])
