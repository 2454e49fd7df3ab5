"""The recipes for named entities and coreference run, and are balanced as their pages say."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

import fairloom as fl

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"


@pytest.fixture(scope="module")
def entities(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fl.Recipe.load(RECIPES / "entities" / "recipe.toml").run(tmp_path_factory.mktemp("entities") / "out")


@pytest.fixture(scope="module")
def coreference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fl.Recipe.load(RECIPES / "coreference" / "recipe.toml").run(tmp_path_factory.mktemp("coreference") / "out")


SLOTS = {"person": "PER", "organisation": "ORG", "city": "LOC"}


def failed(run: Any) -> list[str]:
    return [gate.name for gate in run.gates if gate.status != "passed"]


def sentences(run: Any) -> list[list[tuple[str, str]]]:
    """The tokens and tags of every sentence in the BIO files."""
    texts = [path.read_text("utf-8") for path in sorted(run.path.rglob("*.bio"))]
    blocks = [block for text in texts for block in text.split("\n\n") if block.strip()]
    return [[(line.split("\t")[0], line.split("\t")[1]) for line in block.splitlines()] for block in blocks]


def chunks(sentence: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The entities that the tags of a sentence say, as type and tokens."""
    found: list[tuple[str, list[str]]] = []
    for token, tag in sentence:
        if tag.startswith("B-"):
            found.append((tag[2:], [token]))
        elif tag.startswith("I-"):
            assert found, sentence
            assert found[-1][0] == tag[2:], sentence
            found[-1][1].append(token)
    return [(kind, "".join(tokens)) for kind, tokens in found]


def test_entities_pass_their_gates(entities: Any) -> None:
    assert failed(entities) == []


def test_tags_say_what_the_spans_say(entities: Any) -> None:
    from_tags = Counter(chunk for sentence in sentences(entities) for chunk in chunks(sentence))
    from_spans = Counter(
        (SLOTS[span["slot"]], "".join(span["value"].split()))
        for row in entities.table.to_pylist()
        for span in row["text.spans"]
        if span["slot"] in SLOTS
    )
    assert from_tags == from_spans


def test_no_token_is_lost_in_the_tags(entities: Any) -> None:
    said = Counter("".join(token for token, _ in sentence) for sentence in sentences(entities))
    assert said == Counter("".join(row["text"].split()) for row in entities.table.to_pylist())


def test_every_type_is_as_frequent_as_the_others_and_as_often_first(entities: Any) -> None:
    rows = entities.table.to_pylist()
    types, first = Counter[str](), Counter[str]()
    for row in rows:
        here = [SLOTS[span["slot"]] for span in row["text.spans"] if span["slot"] in SLOTS]
        types.update(here)
        starts = [span for span in row["text.spans"] if span["start"] == 0]
        first.update(SLOTS[span["slot"]] for span in starts)
        assert sorted(here) == sorted(row["template.types"].replace("none", "").split())
    assert types == {"PER": 864, "ORG": 864, "LOC": 864}
    assert first == {"PER": 288, "ORG": 288, "LOC": 288}


def test_names_of_every_origin_are_in_every_sentence(entities: Any) -> None:
    cells = Counter(
        (row["template"], row["person.origin"], row["person.gender"])
        for row in entities.table.to_pylist()
        if "PER" in row["template.types"]
    )
    assert len(cells) == 9 * 48
    assert set(cells.values()) == {2}


def test_coreference_passes_its_gates(coreference: Any) -> None:
    assert failed(coreference) == []


def test_a_family_has_three_pronouns_and_two_answers(coreference: Any) -> None:
    families = defaultdict(list)
    for row in coreference.table.to_pylist():
        families[row["family"]].append(row)
    assert len(families) == 192
    for rows in families.values():
        assert len({row["text"] for row in rows}) == 6
        assert len({(row["template"], row["one"], row["two"]) for row in rows}) == 1
        assert Counter((row["pronoun"], row["label"]) for row in rows) == dict.fromkeys(
            ((pronoun, label) for pronoun in ("she", "he", "they") for label in ("first", "second")), 1
        )
        for row in rows:
            assert row["answer"] == (row["one"] if row["label"] == "first" else row["two"])
            assert row["one.field"] != row["two.field"]


def test_pronouns_agree_and_nothing_else_changes(coreference: Any) -> None:
    forms = {"she": ("she", "her", "was"), "he": ("he", "his", "was"), "they": ("they", "their", "were")}
    bare = defaultdict(set)
    for row in coreference.table.to_pylist():
        text = row["text"]
        for span in reversed(row["text.spans"]):
            if span["slot"].startswith("pronoun."):
                assert span["value"] in forms[row["pronoun"]]
                text = text[: span["start"]] + "_" + text[span["end"] :]
        bare[row["family"], row["label"]].add(text)
    assert {len(texts) for texts in bare.values()} == {1}


def test_splits_keep_sentences_apart(coreference: Any) -> None:
    train, test = (set(coreference.split(name)["template"].to_pylist()) for name in ("train", "test"))
    assert train
    assert test
    assert not train & test
