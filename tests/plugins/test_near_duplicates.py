"""Near duplicates: no pair is missed, every drop cites a row that stays, and families are never broken."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.batch import SPANS
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.problems import RecipeError
from fairloom.task import Task
from fairloom_text import near_duplicates as nd
from fairloom_text.similar import Sets, similar_pairs


def tools(**task):
    table = pa.table({"given": ["Anna", "Per Ola"], "their": ["her", "his"]})
    person = Factor("person", "protected", table, ("Anna", "Per Ola"))
    return Tools(task=Task(**task), factors={"person": person}, draws=Draws(1), open_path=Path)


def verdicts(texts, families=None, spans=None, sizes=(10**9,), **config):
    """``cites`` and ``similarity`` per row; rows come in order of priority."""
    built = nd.build(nd.NearDuplicates(**config), tools())
    columns = {"text": pa.array(texts, pa.string())}
    if spans is not None:
        columns["text.spans"] = pa.array(spans, SPANS)
    rows, start, parts = pa.RecordBatch.from_pydict(columns), 0, []
    for size in [*sizes, 10**9]:
        parts.append(built.remember(rows.slice(start, size)))
        start += size
        if start >= len(texts):
            break
    memory = pa.Table.from_batches(parts)
    memory = memory.add_column(0, "address", pa.array(range(len(texts)), pa.int64()))
    memory = memory.add_column(1, "family", pa.array(families or range(len(texts)), pa.int64()))
    judged = built.judge(memory, np.arange(len(texts)))
    reasons, cites, similarity = (judged.column(name).to_pylist() for name in ("reason", "cites", "similarity"))
    assert reasons == [None if cited is None else "near duplicate" for cited in cites]
    return list(zip(cites, similarity, strict=True))


def shingles(text, k):
    """The set a plain program would make of a text of small ASCII letters and blanks."""
    words = re.findall("[a-z]+", text)
    if not words:
        return {text}
    width = min(k, len(words))
    return {tuple(words[start : start + width]) for start in range(len(words) - width + 1)}


def greedy(texts, families, k, threshold):
    """Every row against every row that stays, family after family."""
    sets = [shingles(text, k) for text in texts]
    out, stays = [(None, None)] * len(texts), []
    for family in dict.fromkeys(families):
        mine = [place for place in range(len(texts)) if families[place] == family]
        for place in mine:
            near = [(Fraction(len(sets[place] & sets[k]), len(sets[place] | sets[k])), -k) for k in stays]
            if near and max(near)[0] >= threshold:
                out[place] = (-max(near)[1], float(max(near)[0]))
        if all(out[place][0] is None for place in mine):
            stays += mine
    return out


WORDS = st.sampled_from(["a", "b", "c", "dd", "ee", "lost", "card"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.lists(WORDS, max_size=7), st.integers(1, 3)), max_size=25),
    st.integers(1, 4),
    st.sampled_from([Fraction(1, 3), Fraction(1, 2), Fraction(7, 10), Fraction(9, 10), Fraction(1)]),
    st.integers(1, 9),
)
def test_agrees_with_a_plain_loop(made, k, threshold, size):
    """``made`` has one text per family and how many rows the family has."""
    texts, families = [], []
    for number, (words, members) in enumerate(made):
        for member in range(members):
            texts.append(" ".join([*words, *["then"] * member]))
            families.append(number)
    found = verdicts(texts, families, sizes=[size] * len(texts), threshold=float(threshold), shingle=k)
    assert found == greedy(texts, families, k, threshold)


def test_agrees_with_a_plain_loop_on_five_hundred_templated_rows():
    pick = Draws(3).stream("words").below(9, np.arange(500 * 3).reshape(500, 3)).tolist()
    names = ["anna", "bo", "cleo", "dina", "emil", "finn", "greta", "hans", "ida"]
    texts = [
        f"hello my name is {names[a]} and yesterday i lost my {names[b]} card near the {names[c]} station"
        if a % 2
        else f"could you tell {names[a]} that the {names[b]} card is with {names[c]} now please"
        for a, b, c in pick
    ]
    families = [place // 2 for place in range(500)]
    for threshold in (Fraction(6, 10), Fraction(8, 10)):
        wanted = greedy(texts, families, 2, threshold)
        assert 100 < sum(cited is not None for cited, _ in wanted) < 500
        assert verdicts(texts, families, threshold=float(threshold)) == wanted


def test_a_drop_cites_the_most_similar_row_that_stays():
    texts = ["one two three four five six", "one two three four five ten", "zero two three four five six",
             "one two three four five six!"]  # fmt: skip
    assert verdicts(texts, threshold=0.6) == [(None, None), (0, 4 / 6), (0, 4 / 6), (0, 1.0)]
    assert verdicts(texts, threshold=0.7) == [(None, None), (None, None), (None, None), (0, 1.0)]


def test_a_chain_is_not_a_cluster():
    texts = ["a b c d e f", "b c d e f g", "c d e f g h"]  # each resembles the next, the ends less so
    assert verdicts(texts, threshold=0.6) == [(None, None), (0, 4 / 6), (None, None)]


@pytest.mark.parametrize("text", ["", "yes", "!!!", "?", "\u00a0", "yes so"])
def test_short_texts_resemble_only_themselves(text):
    others = ["no", "...", "-", " ", "yes please", "so so so"]
    found = verdicts([*others, text, text], threshold=0.6)
    assert found[-1] == (len(others), 1.0)
    assert all(cited is None for cited, _ in found[:-1])


def test_missing_texts_are_never_duplicates():
    assert verdicts([None, None, "a", "a"]) == [(None, None)] * 3 + [(2, 1.0)]
    assert verdicts([]) == []


def span(start, end, value, slot="person.given"):
    return {"start": start, "end": end, "slot": slot, "value": value}


def test_masked_slots_make_no_difference():
    texts = ["Anna lost her red card today", "Per Ola lost his red card today", "Anna", "Per Ola"]
    spans = [
        [span(0, 4, "Anna"), span(10, 13, "her", "person.their")],
        [span(0, 7, "Per Ola"), span(13, 16, "his", "person.their")],
        [span(0, 4, "Anna")],
        [span(0, 7, "Per Ola")],
    ]
    nothing = [(None, None)] * 4
    assert verdicts(texts, spans=spans, threshold=0.5) == nothing
    # A text that is nothing but a name is compared as it is.
    assert verdicts(texts, spans=spans, mask=("person",), threshold=0.99) == [(None, None), (0, 1.0), *nothing[2:]]
    assert verdicts(texts, spans=spans, mask=("person.given",), threshold=0.99) == nothing


def test_rows_of_one_family_are_not_duplicates_of_each_other():
    twins = [f"{name} lost the {number} card on a rainy day" for number in range(1000) for name in ("He", "She")]
    numbers = [place // 2 for place in range(2000)]
    found = verdicts(twins, numbers, threshold=0.7)
    # Number words differ between pairs: 6 of 10 shingles agree. Within a pair 7 of 9 do.
    assert found == [(None, None)] * 2000
    assert sum(cited is not None for cited, _ in verdicts(twins, threshold=0.7)) == 1000


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"threshold": 0.0}, "threshold: threshold is above 0 and at most 1, got 0"),
        ({"shingle": 0}, "shingle: shingle is 1 to 16 words, got 0"),
        ({"mask": ("persn",)}, "mask[0]: 'persn' is no factor that could fill a slot; did you mean 'person'?"),
        ({"mask": ("person.giv",)}, "mask[0]: factor 'person' has no attribute 'giv'; did you mean 'given'?"),
    ],
)
def test_settings_that_make_no_sense(config, message):
    with pytest.raises(RecipeError) as caught:
        nd.build(nd.NearDuplicates(**config), tools())
    assert str(caught.value) == message


def test_a_mask_needs_spans():
    built = nd.build(nd.NearDuplicates(mask=("person",)), tools())
    with pytest.raises(RecipeError, match="gives no spans"):
        built.remember(pa.RecordBatch.from_pydict({"text": ["a"]}))


def test_a_large_table_is_joined_in_blocks(monkeypatch):
    monkeypatch.setattr("fairloom_text.similar._PAIRS", 7)
    values = Draws(5).below(12, np.arange(60 * 8)).reshape(60, 8)
    made = [sorted(set(row)) for row in values.tolist()]
    sets = Sets(np.cumsum([0, *map(len, made)]), np.concatenate(made))
    found = similar_pairs(sets, 0.5)
    wanted = [
        (a, b)
        for a in range(60)
        for b in range(a + 1, 60)
        if 2 * len({*made[a]} & {*made[b]}) >= len({*made[a]} | {*made[b]})
    ]
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == wanted
