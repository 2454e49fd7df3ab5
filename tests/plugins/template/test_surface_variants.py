"""Templates worked out beforehand write what a search of every row writes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fairloom_template.settings import SurfaceRule
from fairloom_template.variants import Variants

ALL = ("verbs", "articles", "blanks", "capitals")
SCOPED = {"articles": SurfaceRule(only=("x.a",)), "verbs": SurfaceRule(), "blanks": SurfaceRule(only=("x.a", "y"))}
FRENCH = ("contraction.fr", "elision.fr", "capitals", "blanks")

value = st.sampled_from(
    [
        "",
        " ",
        "a",
        "an",
        "A",
        "apple",
        "pear",
        "was",
        "they",
        "They",
        "a egg",
        " so",
        "so ",
        ".",
        "no.",
        "(",
        "dog. a",
        "de",
        "le",
        "eau",
        "e.",
        "x",
    ]
)
between = st.sampled_from(["", " ", "  ", ". ", " , ", "a ", " a ", " was ", " de le ", " a", "A ", ' "', "! (", "le "])
slot = st.sampled_from(["x.a", "y", "x.b", "z"])
templates = st.lists(st.tuples(between, slot), min_size=1, max_size=5)


def written(writer: Any, brief: Any) -> list[dict[str, Any]]:
    """Rows as plain data: dictionaries of columns may differ in what they do not use."""
    rows: list[dict[str, Any]] = writer.write(brief).to_pylist()
    return rows


def searched(writer: Any) -> Any:
    """The same generator, every row of which is searched."""
    return attrs.evolve(
        writer, outputs=tuple(attrs.evolve(each, variants=left(each.variants)) for each in writer.outputs)
    )


def left(variants: Variants) -> Variants:
    """Variants that leave every template as it is."""
    own = np.arange(len(variants.first))
    none = variants.source[:0]
    return Variants(variants.layout, variants.loose | True, own, none, none, variants.codes, own)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(templates, min_size=1, max_size=3),
    st.lists(st.tuples(value, value), min_size=1, max_size=4, unique=True),
    st.lists(value, min_size=1, max_size=3, unique=True),
    st.sampled_from([ALL, SCOPED, FRENCH, ("capitals", "articles"), ("blanks",)]),
)
def test_rows_are_what_a_search_makes_of_them(
    loom: Callable[..., Any], parts: list[Any], x: list[tuple[str, str]], y: list[str], surface: Any
) -> None:
    texts = ["".join(f"{before}{{{{ {name} }}}}" for before, name in template) for template in parts]
    assume(not isinstance(surface, dict) or all(f"{{{{ {name} }}}}" in "".join(texts) for name in ("x.a", "y")))
    made = loom(
        texts, {"x": [{"name": f"n{n}", "a": a, "b": b} for n, (a, b) in enumerate(x)], "y": y, "z": y}, surface=surface
    )
    levels = itertools.product(range(len(texts)), range(len(x)), range(len(y)), range(len(y)))
    columns = dict(zip(("template", "x", "y", "z"), map(list, zip(*levels, strict=True)), strict=True))
    brief = made.brief(**columns)
    assert written(made.writer, brief) == written(searched(made.writer), brief)
    assert not made.writer.outputs[0].variants.loose.all()


def test_a_missing_form_is_still_missing(loom: Callable[..., Any]) -> None:
    x = [{"name": "n0", "a": "apple", "b": None}, {"name": "n1", "a": "pear", "b": "they"}]
    rows = loom(["a {{ x.a }} {{ x.b }} was ."], {"x": x}, surface=ALL).rows(template=[0], x=[0, 1])
    assert [row["reason"] for row in rows] == ["missing form x.b", None]
    assert rows[1]["text"] == "A pear they were."


def test_too_many_combinations_are_left_to_the_rows(loom: Callable[..., Any]) -> None:
    many = [f"{letter}{number}" for number in range(400) for letter in "ax"]
    made = loom(["so. {{ x }} {{ y }}", "Only {{ y }}"], {"x": many, "y": ["a apple.", "b"]}, surface=ALL)
    assert made.writer.outputs[0].variants.loose[:3].tolist() == [False, True, False]
    assert [row["text"] for row in made.rows(template=[0, 1], x=[0, 5], y=[0, 0])] == [
        "So. A0 an apple.",
        "Only an apple.",
    ]
