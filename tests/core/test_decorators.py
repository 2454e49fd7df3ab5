"""Short-form components: what the signature says is what the recipe may set and what the function gets."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pytest

import fairloom as fl
from fairloom.plugging.columns import Columns, Row
from fairloom.problems import PluginError
from fairloom.testing import sample_rows, sample_tools

ROWS = sample_rows(12)
TOOLS = sample_tools()


def built(component: Any, **settings: Any) -> Any:
    return component.build(component.config(**settings), TOOLS)


@fl.filter
def shouting(text: str, *, share: float = 0.5, words: tuple[str, ...] = ()) -> str | None:
    """Reject texts written in capitals.

    More about it.

    Args:
        share: the share of capitals above which a text shouts.
    """
    return "shouting" if sum(map(str.isupper, text)) > share * len(text) or text in words else None


def test_the_signature_becomes_the_descriptor() -> None:
    assert isinstance(shouting, fl.Filter)
    assert (shouting.name, shouting.summary, shouting.scope) == ("shouting", "Reject texts written in capitals.", "row")
    share, words = attrs.fields(shouting.config)
    assert (share.name, share.type, share.default) == ("share", float, 0.5)
    assert share.metadata["help"] == "the share of capitals above which a text shouts."
    assert words.type == tuple[str, ...]
    assert shouting.config(share=0.2) == shouting.config(share=0.2, words=())


def test_the_function_itself_stays_within_reach() -> None:
    assert shouting.build.function("ABC", share=0.9) == "shouting"


def test_a_name_of_its_own() -> None:
    @fl.filter(name="loud")
    def _anything(text: str) -> str | None:
        """Reject nothing."""
        return None if text else "empty"

    assert _anything.name == "loud"


def test_a_filter_sees_one_row_at_a_time() -> None:
    verdicts = built(shouting, share=0.0).judge(ROWS)
    assert verdicts.type == pa.string()
    assert verdicts.to_pylist() == [
        "shouting" if any(map(str.isupper, text)) else None for text in ROWS.column("text").to_pylist()
    ]


def test_row_draw_and_attributes() -> None:
    @fl.generator
    def greet(row: dict[str, Any], draw: fl.Draw, city__country: str, *, greeting: str = "Hello") -> str:
        """Greet somebody."""
        return f"{greeting} {row['person.given']}, {row['person.their']} {city__country} {draw.below(1000)}"

    texts = built(greet, greeting="Hi").write(ROWS).column("text").to_pylist()
    person = TOOLS.factors["person"]
    their = dict(zip(person.names, person.column("their").to_pylist(), strict=True))
    for row, text in zip(ROWS.to_pylist(), texts, strict=True):
        number = TOOLS.draws.at(row["address"], row["attempt"]).below(1000)
        assert text.startswith(f"Hi {row['person']}, {their[row['person']]} ")
        assert text.endswith(f" {number}")


def test_a_generator_of_several_fields() -> None:
    @fl.generator
    def pair(label: str) -> dict[str, str]:
        """Write a pair."""
        return {"b": f"{label}?", "a": label}

    tools = attrs.evolve(TOOLS, task=attrs.evolve(TOOLS.task, fields=("a", "b", "c")))
    written = pair.build(pair.config(), tools).write(ROWS)
    assert written.schema.names == ["a", "b"]
    with pytest.raises(PluginError, match="wrote b, a; the task's fields are text"):
        built(pair).write(ROWS)


@pytest.mark.parametrize("answer", [None, 5, {}, {"text": None}, True])
def test_a_generator_that_writes_no_text(answer: Any) -> None:
    @fl.generator
    def wrong(label: str) -> str:
        """Write something else."""
        return answer if label else ""

    with pytest.raises(PluginError, match=r"generator 'wrong' answered .* must return a text, a dict of texts"):
        built(wrong).write(ROWS)


@pytest.mark.parametrize("answer", [True, False, "", "  ", 5])
def test_a_filter_that_answers_neither_none_nor_a_reason(answer: Any) -> None:
    @fl.filter
    def wrong(text: str) -> str | None:
        """Answer something else."""
        return answer if text else None

    with pytest.raises(
        PluginError, match=r"filter 'wrong' answered .* must return None to keep the row, or the reason"
    ):
        built(wrong).judge(ROWS)


def test_whole_columns() -> None:
    @fl.filter
    def about_women(person__gender: pa.Array, text: pa.Array) -> Any:
        """Reject texts about women."""
        assert len(text) == len(person__gender)
        return pa.array(["woman" if gender == "female" else None for gender in person__gender.to_pylist()])

    assert built(about_women).judge(ROWS).to_pylist() == [
        "woman" if gender == "female" else None for gender in ROWS.column("person.gender").to_pylist()
    ]


@pytest.mark.parametrize("answer", [pa.array(["x"]), pa.array([True] * 12), [None] * 12])
def test_whole_columns_answered_wrongly(answer: Any) -> None:
    @fl.filter
    def wrong(text: pa.Array) -> Any:
        """Answer something else."""
        return answer if len(text) else None

    with pytest.raises(PluginError, match=r"filter 'wrong' answered .* for 12 rows; it must return one string per row"):
        built(wrong).judge(ROWS)


def test_an_unknown_column_lists_those_available() -> None:
    @fl.filter
    def wrong(texte: str) -> str | None:
        """Read a column that is not there."""
        return texte

    with pytest.raises(PluginError) as caught:
        built(wrong).judge(ROWS)
    said = str(caught.value)
    assert said.startswith(
        "filter 'wrong' reads the column 'texte', which these rows do not have; did you mean 'text'?"
    )
    assert "available: address, family" in said
    assert "person.their" in said


def test_a_row_is_a_mapping() -> None:
    row = Row(Columns(ROWS, TOOLS.factors, "filter 'f'"), 3)
    assert row["text"] == ROWS.column("text")[3].as_py()
    assert row.get("nothing", "default") == "default"
    assert "city.country" in row
    assert {"text", "person.given"} <= set(row)
    with pytest.raises(TypeError):
        row["text"] = "changed"


def test_a_level_not_in_use_has_no_attributes() -> None:
    rows = pa.record_batch({"person": pa.array([None, "Paul"]).dictionary_encode()})
    assert Columns(rows, TOOLS.factors, "f").values("person.gender") == [None, "male"]


def test_an_error_in_the_function_names_component_and_address() -> None:
    @fl.filter
    def wrong(address: int) -> str | None:
        """Fail at 7."""
        return None if address < 7 else str(1 / 0)

    with pytest.raises(PluginError, match="filter 'wrong' failed at address 7: ZeroDivisionError: division by zero"):
        built(wrong).judge(ROWS)


def test_metrics_get_whole_columns_however_they_were_cut() -> None:
    @fl.metric
    def women(person__gender: list[str], text: pa.ChunkedArray, *, times: float = 1.0) -> float:
        """The share of women."""
        assert isinstance(text, pa.ChunkedArray)
        return times * person__gender.count("female") / len(person__gender)

    @fl.metric
    def first(text: pa.Array) -> fl.Measurement:
        """The length of the first text."""
        return fl.Measurement(value=len(text[0].as_py()), values={"n": 1})

    found = []
    for size in (1, 5, 12):
        metric = built(women, times=2.0)
        for start in range(0, 12, size):
            metric.observe(ROWS.slice(start, size))
        found.append(metric.result())
    assert found[0] == found[1] == found[2]
    assert found[0].n == 12
    metric = built(first)
    metric.observe(ROWS)
    assert (metric.result().n, metric.result().values) == (12, {"n": 1})


def test_metrics_that_cannot_be_computed_say_why() -> None:
    @fl.metric
    def endless(text: list[str]) -> float:
        """Not a number."""
        return float("nan") if text else 0.0

    metric = built(endless)
    assert metric.result() == fl.Measurement(value=None, why="there are no rows")
    metric.observe(ROWS)
    assert metric.result() == fl.Measurement(value=None, n=12, why="metric 'endless' answered nan")


@pytest.mark.parametrize("answer", [True, "1", None])
def test_metrics_must_answer_a_number(answer: Any) -> None:
    @fl.metric
    def wrong(text: list[str]) -> float:
        """Answer something else."""
        return answer if text else 0.0

    metric = built(wrong)
    metric.observe(ROWS)
    with pytest.raises(PluginError, match=r"metric 'wrong' answered .* must return a number or a Measurement"):
        metric.result()


def test_value_samplers_draw_by_address() -> None:
    @fl.sampler
    def day(draw: fl.Draw, *, since: int = 2000) -> dt.date:
        """A first of January."""
        return dt.date(since + draw.below(20), 1, 1)

    @fl.sampler
    def half(draw: fl.Draw) -> float:
        """A half of a whole number."""
        return draw.below(3)

    addresses, attempts = np.array([5, 3, 9]), np.array([0, 1, 0])
    assert day.plans == "value"
    days = built(day).draw(TOOLS.draws, addresses, attempts)
    assert days.type == pa.date32()
    assert built(day).draw(TOOLS.draws, addresses[1:], attempts[1:]).equals(days.slice(1))
    assert built(half).draw(TOOLS.draws, addresses, attempts).type == pa.float64()


def test_value_samplers_keep_their_promise_of_a_type() -> None:
    @fl.sampler
    def wrong(draw: fl.Draw) -> int:
        """Not an integer."""
        return "5" if draw else 5

    with pytest.raises(PluginError, match="value sampler 'wrong' answered '5', a str, but says it returns int64"):
        built(wrong).draw(TOOLS.draws, np.array([1]), np.array([0]))


def no_docstring(text: str) -> str | None:
    return text


def untyped(text: str, *, share=0.5) -> str | None:
    """Give a setting no type."""
    return text if share else None


def defaulted(text: str = "x") -> str | None:
    """Give a column a default."""
    return text


def swallowing(text: str, **settings: int) -> str | None:
    """Take anything."""
    return text if settings else None


def reading_nothing(*, share: float = 0.5) -> str | None:
    """Read no column."""
    return str(share)


def mixed(text: pa.Array, label: str) -> Any:
    """Mix columns with values."""
    return text if label else None


def unresolved(text: str, *, share: Nowhere = 1) -> str | None:  # noqa: F821 - that is the fault
    """Name a type that is not there."""
    return text if share else None


@pytest.mark.parametrize(
    ("decorate", "function", "said"),
    [
        (fl.filter, no_docstring, "needs a docstring; its first line is the summary"),
        (fl.filter, untyped, "gives its setting 'share' no type"),
        (fl.filter, defaulted, "gives the input 'text' a default; settings stand after a bare"),
        (fl.filter, swallowing, r"takes \*\*settings: .int.; name every column and every setting"),
        (fl.filter, reading_nothing, "reads no column; name the columns before the settings"),
        (fl.filter, mixed, "mixes whole columns .* with single values"),
        (fl.filter, unresolved, "cannot be resolved: name 'Nowhere' is not defined; import it outside"),
        (fl.sampler, untyped, "must take `draw` and nothing else|no type"),
    ],
)
def test_a_signature_that_cannot_be_read_is_refused_at_once(decorate: Any, function: Any, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        decorate(function)


def test_special_inputs_have_their_places() -> None:
    with pytest.raises(PluginError, match="metric 'whole' takes 'row'; a metric reads whole columns"):

        @fl.metric
        def whole(row: dict[str, Any]) -> float:
            """Read rows."""
            return float(len(row))

    with pytest.raises(PluginError, match="value sampler 'by_text' must take `draw` and nothing else"):

        @fl.sampler
        def by_text(text: str) -> int:
            """Read a column."""
            return len(text)

    with pytest.raises(PluginError, match="value sampler 'anything' must say what it returns, one of: bool, int"):

        @fl.sampler
        def anything(draw: fl.Draw) -> Any:
            """Return anything."""
            return draw


def test_mutable_defaults_are_not_shared() -> None:
    @fl.filter
    def listing(text: str, *, words: list[str] = ["a"]) -> str | None:  # noqa: B006 - copied for every config
        """Take a list."""
        return "in" if text in words else None

    listing.config().words.append("b")
    assert listing.config().words == ["a"]


def test_descriptors_are_never_sent_to_workers() -> None:
    """Workers rebuild from `use` and settings; the generated config class could not be unpickled."""
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(shouting.config())
