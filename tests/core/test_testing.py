"""The conformance kit catches what it says it catches, each fault by the check that is named for it."""

from __future__ import annotations

import ctypes
import os
import random
import sys
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pytest

import fairloom as fl
from fairloom.batch import SPANS
from fairloom.testing import component_checks, parametrize_components, sample_rows, sample_tools
from fairloom.testing.fresh import HASH_SEEDS


@fl.filter
def good_filter(text: str, person__gender: str, *, short: int = 20) -> str | None:
    """Reject short texts about women."""
    return "short" if len(text) < short and person__gender == "female" else None


@fl.generator
def good_generator(row: dict[str, Any], draw: fl.Draw, *, greeting: str = "Hello") -> str:
    """Greet a person from a city."""
    return f"{greeting} {row['person.given']} of {row['city.country']}, {draw.below(10)}"


@fl.metric
def good_metric(text: list[str]) -> float:
    """The mean number of characters."""
    return sum(map(len, text)) / len(text)


@fl.sampler
def good_sampler(draw: fl.Draw, *, most: int = 9) -> int:
    """A number from 0."""
    return draw.below(most)


@fl.filter
def talks(text: str) -> str | None:
    """Print what it reads, which is no answer."""
    os.write(1, b"what\n")
    sys.stdout.write(text)
    return None if text else "empty"


GOOD = (talks, good_filter, good_generator, good_metric, good_sampler)


@parametrize_components(GOOD)
def test_good_components_pass(check: Any) -> None:
    check()


# What follows is wrong on purpose, one fault each.


@fl.filter
def global_random(text: str) -> str | None:
    """Toss a coin."""
    return "tails" if text and random.random() < 0.5 else None


@fl.filter
def reseeds(text: str) -> str | None:
    """Seed everybody's generator."""
    np.random.seed(1)  # noqa: NPY002 - that is the fault
    return None if text else "empty"


@fl.filter
def own_random(text: str) -> str | None:
    """Toss a coin of its own."""
    return "tails" if text and random.Random().random() < 0.5 else None


_seen: set[int] = set()


@fl.filter
def remembers(address: int) -> str | None:
    """Reject what came before, ever."""
    known = address in _seen
    _seen.add(address)
    return "seen" if known else None


@fl.filter
def hash_order(text: str) -> str | None:
    """Give the first of a set as the reason."""
    return next(iter({f"{text}1", f"{text}2", f"{text}3", f"{text}4"}))


@attrs.frozen
class NoSettings:
    """Nothing to set."""


@attrs.define
class _Filters:
    """A filter made of one method."""

    how: Any

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        return self.how(rows)


def _filter_of(name: str, how: Any) -> fl.Filter:
    return fl.Filter(name=name, summary="Wrong.", config=NoSettings, build=lambda _config, _tools: _Filters(how))


def _first_of_batch(rows: pa.RecordBatch) -> pa.Array:
    return pa.array(["first", *[None] * (rows.num_rows - 1)][: rows.num_rows], pa.string())


def _scribbled(rows: pa.RecordBatch) -> pa.Array:
    if rows.num_rows:
        ctypes.memset(rows.column("address").buffers()[1].address, 1, 4)  # as careless native code would
    return pa.nulls(rows.num_rows, pa.string())


def _like_the_one_before(rows: pa.RecordBatch) -> pa.Array:
    label = rows.column("label").to_pylist()
    return pa.array([None, *("same" if a == b else None for a, b in pairwise(label))][: len(label)])


WRONG = {
    "global_random_untouched": [global_random, reseeds],
    "repeatable": [own_random, remembers],
    "same_in_fresh_interpreters": [hash_order],
    "same_for_any_batch_size": [_filter_of("first_of_batch", _first_of_batch)],
    "same_in_any_order": [_filter_of("like_the_one_before", _like_the_one_before)],
    "input_untouched": [_filter_of("scribbles", _scribbled)],
    "one_verdict_per_row": [
        _filter_of("too_few", lambda rows: pa.nulls(max(0, rows.num_rows - 1), pa.string())),
        _filter_of("booleans", lambda rows: pa.array([True] * rows.num_rows)),
    ],
    "reasons_are_given": [_filter_of("wordless", lambda rows: pa.array([""] * rows.num_rows))],
    "empty_batch": [_filter_of("never_empty", lambda rows: pa.nulls(max(1, rows.num_rows), pa.string()))],
    "survives_hard_text": [
        _filter_of("first_letter", lambda rows: pa.array([None for text in rows.column("text").to_pylist() if text[0]]))
    ],
    "described": [attrs.evolve(good_filter, summary=""), attrs.evolve(good_filter, api=99)],
}


@pytest.mark.parametrize(
    ("name", "component"), [(name, each) for name, components in WRONG.items() for each in components]
)
def test_each_fault_is_caught_by_the_check_named_for_it(name: str, component: fl.Filter) -> None:
    checks = {check.name: check for check in component_checks(component)}
    with pytest.raises((AssertionError, IndexError)):
        checks[name]()


def test_state_across_batches_is_caught() -> None:
    @attrs.define
    class Counts:
        count: int = 0

        def judge(self, rows: pa.RecordBatch) -> pa.Array:
            self.count += rows.num_rows
            return pa.array(["late" if self.count > 24 else None] * rows.num_rows, pa.string())

    counts = fl.Filter(name="counts", summary="Wrong.", config=NoSettings, build=lambda _c, _t: Counts())
    checks = {check.name: check for check in component_checks(counts)}
    with pytest.raises(AssertionError, match="after it has seen other rows"):
        checks["same_after_other_data"]()


@attrs.frozen
class _Writes:
    how: Any

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        return self.how(rows)


def _spanned(*spans: tuple[int, int, str]) -> Any:
    """A generator of a text with a letter outside the BMP, with these spans."""
    records = [{"start": start, "end": end, "slot": "s", "value": value} for start, end, value in spans]

    def write(rows: pa.RecordBatch) -> pa.RecordBatch:
        n = rows.num_rows
        columns = [pa.array(["a\U0001d49cbc"] * n, pa.string()), pa.array([records] * n, SPANS)]
        return pa.RecordBatch.from_arrays(columns, names=["text", "text.spans"])

    return write


def _texts(n: int, **more: Any) -> pa.RecordBatch:
    return pa.record_batch({"text": pa.array(["a"] * n, pa.string()), **more})


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("spans_are_valid", _spanned((3, 4, "b"))),  # counts UTF-16 units
        ("spans_are_valid", _spanned((2, 3, "b"), (0, 1, "a"))),
        ("spans_are_valid", _spanned((0, 3, "a\U0001d49cb"), (2, 3, "b"))),
        ("rows_kept", lambda rows: _texts(rows.num_rows - 1)),
        ("rows_kept", lambda rows: _texts(rows.num_rows, address=pa.array([0] * rows.num_rows))),
        ("rows_kept", lambda rows: _texts(rows.num_rows, id=pa.array(["x"] * rows.num_rows))),
        ("fields_are_written", lambda rows: pa.record_batch({"txt": ["a"] * rows.num_rows})),
        ("fields_are_written", lambda rows: pa.record_batch({"text": [1] * rows.num_rows})),
        ("fields_are_written", lambda rows: pa.record_batch({"text": pa.nulls(rows.num_rows, pa.string())})),
    ],
)
def test_faults_of_generators(name: str, how: Any) -> None:
    wrong = fl.Generator(name="wrong", summary="Wrong.", config=NoSettings, build=lambda _c, _t: _Writes(how))
    checks = {check.name: check for check in component_checks(wrong)}
    with pytest.raises(AssertionError, match="generator 'wrong' "):
        checks[name]()


@pytest.mark.parametrize(
    "found",
    [
        fl.Measurement(value=float("nan")),
        fl.Measurement(value=None),
        fl.Measurement(value=1.0, values={"worst": float("inf")}),
        0.5,
    ],
)
def test_metrics_must_be_finite_or_say_why(found: Any) -> None:
    @fl.metric
    def wrong(text: list[str]) -> fl.Measurement:
        """Wrong."""
        return fl.Measurement(value=float(len(text)))

    @attrs.frozen
    class Measures:
        def observe(self, rows: pa.RecordBatch) -> None:
            pass

        def result(self) -> Any:
            return found

    checks = {check.name: check for check in component_checks(attrs.evolve(wrong, build=lambda _c, _t: Measures()))}
    with pytest.raises(AssertionError):
        checks["finite_or_why"]()


def test_a_component_that_no_interpreter_can_find_is_told_so() -> None:
    @fl.filter
    def hidden(text: str) -> str | None:
        """Hidden in a test."""
        return None if text else "empty"

    checks = {check.name: check for check in component_checks(hidden)}
    with pytest.raises(AssertionError, match=r"give it as 'plugin\.component' or 'module:attribute'"):
        checks["same_in_fresh_interpreters"]()


@fl.filter
def dies(text: str) -> str | None:
    """End every process but this one."""
    if os.environ.get("PYTHONHASHSEED") in HASH_SEEDS:
        os._exit(3)
    return None if text else "empty"


@fl.filter
def raises_elsewhere(text: str) -> str | None:
    """Fail in every process but this one."""
    if os.environ.get("PYTHONHASHSEED") in HASH_SEEDS:
        raise KeyError(text[:1])
    return None


@pytest.mark.parametrize(("component", "told"), [(dies, "it ended with 3"), (raises_elsewhere, r".*KeyError: '\w'")])
def test_what_happens_in_a_fresh_interpreter_is_told_and_harms_no_other(component: Any, told: str) -> None:
    fresh = [
        {check.name: check for check in component_checks(each)}["same_in_fresh_interpreters"]
        for each in (component, good_filter)
    ]
    with pytest.raises(AssertionError, match=f"fails in a fresh interpreter: {told}"):
        fresh[0]()
    fresh[1]()


def test_expected_failures_become_strict_xfails_and_unknown_ones_are_refused() -> None:
    mark = parametrize_components([global_random], expected_failures={"repeatable": "tosses a coin"})
    marked = {each.id: each.marks for each in mark.args[1]}
    assert marked["global_random-repeatable"][0].kwargs["reason"] == "tosses a coin"
    assert not marked["global_random-described"]
    with pytest.raises(ValueError, match="did you mean 'repeatable'"):
        parametrize_components([global_random], expected_failures={"repeatabel": "typo"})


def test_sample_rows_are_one_endless_dataset() -> None:
    rows = sample_rows(40)
    assert sample_rows(10, start=7).to_pylist() == rows.slice(7, 10).to_pylist()
    for text, spans in zip(rows.column("text").to_pylist(), rows.column("text.spans").to_pylist(), strict=True):
        assert [text[span["start"] : span["end"]] for span in spans] == [span["value"] for span in spans]
    factors = sample_tools().factors
    for name in ("label", "person", "city"):
        assert set(rows.column(name).to_pylist()) <= set(factors[name].names)
