"""The text metrics: exact figures, whatever the borders of the batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.problems import RecipeError
from fairloom.task import Task
from fairloom_text import lengths, repeats

TEXTS = st.lists(st.none() | st.text("ab ", max_size=5), max_size=20)


def tools(**task):
    return Tools(task=Task(**task), factors={}, draws=Draws(1), open_path=Path)


def measured(module, config, texts, size=10**9, **task):
    metric = module.build(config, tools(**task))
    rows = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string())})
    for start in range(0, max(len(texts), 1), size):
        metric.observe(rows.slice(start, size))
    return metric.result()


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(1, 7))
def test_lengths_agree_with_numpy(texts, size):
    found = measured(lengths, lengths.Lengths(), texts, size)
    present = [text for text in texts if text is not None]
    assert found.n == len(present)
    if not present:
        assert found.value is None
        assert found.why == "no row has a text in 'text'"
        return
    for unit, counted in (("words", [len(t.split()) for t in present]), ("characters", [len(t) for t in present])):
        figures = [found.values[f"{unit}_{name}"] for name in ("min", "mean", "median", "max", "sd")]
        wanted = [min(counted), np.mean(counted), np.median(counted), max(counted), np.std(counted)]
        assert figures == pytest.approx(wanted)
        assert found.detail["deciles"][unit] == pytest.approx(np.quantile(counted, np.arange(1, 10) / 10))
    assert found.value == found.values["words_mean"]
    assert found == measured(lengths, lengths.Lengths(), texts)


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(1, 7))
def test_duplicate_share_agrees_with_a_set(texts, size):
    found = measured(repeats, repeats.DuplicateShare(), texts, size)
    present = [text for text in texts if text is not None]
    assert found.n == len(present)
    if present:
        assert found.value == pytest.approx(1 - len(set(present)) / len(present))
        counts = sorted((-present.count(t), t) for t in set(present) if present.count(t) > 1)[:10]
        assert [(e["rows"], e["text"]) for e in found.detail["examples"]] == [(-n, t) for n, t in counts]
    else:
        assert found.value is None
    assert found == measured(repeats, repeats.DuplicateShare(), texts)


def test_duplicates_far_apart_are_counted():
    texts = [f"text {n % 997}" for n in range(5000)]
    found = measured(repeats, repeats.DuplicateShare(), texts, 64)
    assert found.values == {"repeats": 5000 - 997, "distinct": 997}
    assert found.detail["examples"][0]["rows"] == 6
    assert len(found.detail["examples"]) == 10


def test_normal_form_and_several_fields():
    assert measured(repeats, repeats.DuplicateShare(normalise="text"), ["Hi!", "hi", "ho"]).value == pytest.approx(
        1 / 3
    )
    metric = repeats.build(repeats.DuplicateShare(), tools(fields=("q", "a")))
    metric.observe(pa.RecordBatch.from_pydict({"q": ["x", "x", "x"], "a": ["1", "2", "1"]}))
    assert metric.result().values["repeats"] == 1
    assert metric.result().detail["examples"] == [{"text": "x | 1", "rows": 2}]


@pytest.mark.parametrize(("module", "config"), [(lengths, lengths.Lengths), (repeats, repeats.DuplicateShare)])
def test_an_unknown_field_is_named(module, config):
    with pytest.raises(RecipeError, match="field: the task has no field 'texts'; did you mean 'text'\\?"):
        module.build(config(field="texts"), tools())
