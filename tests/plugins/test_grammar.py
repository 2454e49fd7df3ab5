"""Grammars: every derivation once and in order, values composed beside the text, and faults said at their place."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fairloom as fl
from fairloom.draws import Draws
from fairloom.testing import sample_tools
from fairloom_grammar.sampling import quotas
from fairloom_grammar.sentences import SentencesConfig, build

if TYPE_CHECKING:
    from pathlib import Path

NESTED = {
    "s": ["{{ n }} sleeps", {"text": "{{ n }} says that {{ s }}", "deep": "({{ s }})"}],
    "n": [{"text": "Ann", "deep": "a"}, {"text": "Bob", "deep": "b"}],
}


def table(rules: Any, root: Path | None = None, **more: Any) -> Any:
    tools = sample_tools(root) if root else sample_tools()
    return build(SentencesConfig(rules=rules, **more), tools).table()


def texts(rules: Any, **more: Any) -> list[str]:
    found: list[str] = table(rules, **more)["text"].to_pylist()
    return found


def derived(rules: dict[str, Any], symbol: str, height: int) -> list[str]:
    """Every derivation, by the definition: alternatives as written, parts as digits, the first slowest."""
    if height < 1:
        return []
    found = []
    for alternative in rules[symbol]:
        pieces = alternative.split("|")
        choices = [derived(rules, piece, height - 1) if piece in rules else [piece] for piece in pieces]
        found += ["".join(chosen) for chosen in itertools.product(*choices)]
    return found


def written(rules: dict[str, Any]) -> dict[str, list[str]]:
    """The same rules as a recipe writes them; every part has a name of its own."""
    return {
        symbol: [
            "".join(
                f"{{{{ p{place}: {piece} }}}}" if piece in rules else piece
                for place, piece in enumerate(each.split("|"))
            )
            for each in found
        ]
        for symbol, found in rules.items()
    }


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.lists(st.sampled_from(["a", "b", "s", "t", "-"]), min_size=1, max_size=3), min_size=1, max_size=3),
        min_size=2,
        max_size=2,
    ),
    st.integers(1, 4),
)
def test_sentences_are_those_of_the_definition_in_its_order(drawn: list[list[list[str]]], height: int) -> None:
    s, t = (["|".join(each) for each in found] for found in drawn)
    rules = {"s": [*s, "x|t"], "t": [*t, "y"]}
    wanted = derived(rules, "s", height)
    if not 0 < len(wanted) <= 5_000:
        return
    if ["s"] in drawn[0] or ["t"] in drawn[1] or (["t"] in drawn[0] and ["s"] in drawn[1]):
        with pytest.raises(fl.RecipeError, match="may be itself"):  # word for word, at every depth again
            table(written(rules), max_depth=height)
        return
    found = table(written(rules), max_depth=height, same_text="keep")
    assert found["text"].to_pylist() == wanted
    counts = {text: wanted.count(text) for text in set(wanted)}
    assert found["readings"].to_pylist() == [counts[text] for text in wanted]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.sampled_from(["sentence", "depth", "rule"]), st.integers(2, 7))
def test_a_sample_holds_different_sentences_of_the_whole(limit: int, by: Any, height: int) -> None:
    rules = {"e": ["x", "({{ a: e }}+{{ b: e }})", "-{{ e }}"]}
    made = build(SentencesConfig(rules=rules, max_depth=height, limit=limit, by=by), sample_tools())
    total = made.counts.within["e"][-1]
    found = made.table()
    assert len(set(found["text"].to_pylist())) == found.num_rows == min(limit, total)
    assert max(found["depth"].to_pylist()) <= height
    if by == "depth" and limit < total:
        sizes = [made.counts.within["e"][h] - made.counts.within["e"][h - 1] for h in range(1, height + 1)]
        depths = found["depth"].to_pylist()
        assert [depths.count(h) for h in range(1, height + 1)] == quotas(sizes, limit)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(0, 100))
def test_quotas_are_as_even_as_sizes_allow(sizes: list[int], total: int) -> None:
    total = min(total, sum(sizes))
    found = quotas(sizes, total)
    assert sum(found) == total
    assert all(quota <= size for quota, size in zip(found, sizes, strict=True))
    open_ = [quota for quota, size in zip(found, sizes, strict=True) if quota < size]
    assert not open_ or max(found) - min(open_) <= 1


def test_values_are_composed_and_passed_on() -> None:
    found = table(NESTED, max_depth=3, words={"length": "text"}, derivation=True)
    rows = found.to_pylist()
    assert [row["text"] for row in rows[:3]] == ["Ann sleeps", "Bob sleeps", "Ann says that Ann sleeps"]
    assert [row["deep"] for row in rows[:3]] == ["a", "b", "(a)"]
    assert [row["length"] for row in rows[:3]] == [2, 2, 5]
    assert [row["depth"] for row in rows[:3]] == [2, 2, 3]
    assert rows[2]["derivation"] == "s/2(n/1, s/1(n/1))"
    assert rows[2]["rule"] == "s/2"


def test_a_value_may_be_of_use_below_and_not_above() -> None:
    rules = {
        "s": [{"text": "{{ n.article }} {{ n }} and {{ m: n }}", "kind": "two"}],
        "n": [{"text": "cat", "article": "a"}, {"text": "owl", "article": "an"}],
    }
    found = table(rules, compose=("kind",))
    assert found.column_names == ["text", "kind", "depth", "rule"]
    assert found["text"].to_pylist()[1:3] == ["a cat and owl", "an owl and cat"]


def test_a_name_said_again_is_the_same_part() -> None:
    assert texts({"s": ["{{ n }}, {{ n }}!"], "n": ["a", "b"]}) == ["a, a!", "b, b!"]


def test_a_count_too_large_is_said_and_a_sample_still_drawn() -> None:
    rules = {"e": ["x", "y", "{{ a: e }}{{ b: e }}"]}
    with pytest.raises(fl.RecipeError, match=r"the grammar holds 2,090,918 sentences; .* give limit"):
        table(rules, max_depth=5)
    with pytest.raises(
        fl.RecipeError, match=r"more than 4,611,686,018,427,387,904 sentences; .* give a lower max_depth"
    ):
        table(rules, max_depth=40, limit=3)
    assert len(texts(rules, max_depth=5, limit=1_000, same_text="keep")) == 1_000


def test_a_sample_depends_on_the_seed_alone() -> None:
    rules = {"e": ["x", "({{ a: e }}+{{ b: e }})"]}
    config = SentencesConfig(rules=rules, max_depth=5, limit=20)
    tools = [attrs.evolve(sample_tools(), draws=Draws(seed)) for seed in (1, 1, 2)]
    first, again, other = (build(config, each).table()["text"].to_pylist() for each in tools)
    assert first == again != other


@pytest.mark.parametrize(
    ("rules", "more", "said"),
    [
        ({"s": ["{{ nuon }}"], "noun": ["x"]}, {}, "rules.s[0]: there is no nonterminal 'nuon'; did you mean 'noun'?"),
        ({"s": ["a {{ s }}", "b"]}, {}, "max_depth: the rules are recursive without end: s > s"),
        ({"s": ["{{ s }} a"]}, {"max_depth": 3}, "'s' never ends"),
        (
            {"s": ["a {{ t }}"], "t": ["{{ u }}"], "u": ["{{ t }}", "x"]},
            {"max_depth": 9},
            "'t' may be itself: t > u > t",
        ),
        ({"s": ["a"], "t": ["b"]}, {}, "rules.t: 's' never leads to 't'"),
        (
            {"s": ["a {{ t }}"], "t": ["{{ s }}!", "{{ u }}"], "u": ["x"]},
            {"max_depth": 2},
            "the least depth of one is 3",
        ),
        ({"s": [{"text": "a", "v": "1"}, "b"]}, {}, "rules.s[1]: gives no 'v', which other alternatives of 's' give"),
        (
            {"s": ["{{ a: n }} {{ b: n }}"], "n": [{"text": "x", "v": "1"}]},
            {},
            "has 'v' from a and b; say how they compose: v = \"{{ a }} {{ b }}\"",
        ),
        ({"s": [{"text": "{{ n }}", "v": "{{ n.w }}"}], "n": ["x"]}, {}, "rules.s[0].v: 'n' has no 'w'"),
        ({"s": [{"text": "{{ n }}", "v": "{{ m }}"}], "n": ["x"]}, {}, "the alternative has no part 'm'; known: n"),
        ({"s": [{"text": "a", "v": "1"}]}, {"compose": ()}, "nothing asks for 'v'"),
        ({"s": [{"text": "a", "v": "1"}]}, {"compose": ("w",)}, "compose[0]: no alternative gives 'w'; known: v"),
        ({"s": ["a {{ n"], "n": ["x"]}, {}, "unbalanced braces in 'a {{ n'"),
        ({"s": ["{{ a b }}"]}, {}, "{{ a b }} is no place"),
        ({"s": ["{{ a: n }} {{ a: n }}"], "n": ["x"]}, {}, "two parts are called 'a'"),
        ({"s": [{"v": "1"}]}, {}, "an alternative needs a text"),
        ({"s": [{"text": "a", "v": 3}]}, {}, "rules.s[0].v: must be a string, got 3"),
        ({"s": [{"text": "a", "depth": "3"}]}, {}, "'depth' cannot name a value"),
        ({"s": []}, {}, "expected an array with at least one alternative"),
        ({}, {}, "expected a table"),
        ({"s": ["a"]}, {"start": "t"}, "start: there is no nonterminal 't'"),
        ({"s": ["a"]}, {"words": {"n": "txt"}}, "words.n: sentences have no column 'txt'; did you mean 'text'?"),
        ({"s": ["a"]}, {"words": {"depth": "text"}}, "there is a column 'depth' already"),
        ({"s": ["a"]}, {"by": "depth"}, "says how a sample is drawn, and there is no limit"),
        ({"s": ["a", "b", "a"]}, {}, "2 of 3 sentences share their text with another, such as 'a'"),
    ],
)
def test_faults_are_said_with_a_way_out(rules: Any, more: dict[str, Any], said: str) -> None:
    with pytest.raises(fl.RecipeError) as caught:
        table(rules, **more)
    assert said in str(caught.value)


def test_faults_in_a_file_have_their_line(tmp_path: Path) -> None:
    lines = ["[rules]", "s = [", '  "{{ n }} runs",', '  "{{ m }} runs",', "]", 'n = ["x"]']
    (tmp_path / "g.toml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(fl.RecipeError) as caught:
        table("g.toml", tmp_path)
    assert str(caught.value).startswith("g.toml:4:3: rules.s[1]: there is no nonterminal 'm'")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rule = 3", "g.toml:1:1: rule: unknown key 'rule'; did you mean 'rules'?"),
        ('start = 3\n[rules]\ns = ["a"]', "g.toml:1:1: start: must be a string, got 3"),
        ("[rules", "not TOML"),
        ("[rules]", "expected a table"),
    ],
)
def test_a_wrong_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "g.toml").write_text(text, encoding="utf-8")
    with pytest.raises(fl.RecipeError) as caught:
        table("g.toml", tmp_path)
    assert said in str(caught.value)


def test_the_first_of_each_text_can_be_kept() -> None:
    assert texts({"s": ["a", "b", "a"]}, same_text="first") == ["a", "b"]
