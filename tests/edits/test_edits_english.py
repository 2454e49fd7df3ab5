"""Edits of words leave sentences that somebody could have written, or leave them alone."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pytest

import fairloom_edits
from fairloom.batch import SPANS
from fairloom.components import Generator, Metric
from fairloom.problems import RecipeError
from fairloom.testing import sample_rows, sample_tools
from fairloom_edits.english import VERBS
from fairloom_edits.moves import sentences

CATALOGUE: dict[str, Generator] = {each.name: each for each in fairloom_edits.fairloom_generators()}
CHECKED = {"antonym", "negation", "number", "quantifier"}


def built(name: str, speech: str = "en", **more: Any) -> Any:
    tools = attrs.evolve(sample_tools(), judges=("judge",))
    tools = attrs.evolve(tools, task=attrs.evolve(tools.task, language=speech))
    needs = {"verifier": "judge"} if name in CHECKED else {}
    return CATALOGUE[name].build(CATALOGUE[name].config(**needs, **more), tools)


def rows_of(*texts: str) -> pa.RecordBatch:
    size = range(len(texts))
    return pa.RecordBatch.from_pydict({"address": [*size], "attempt": [0 for _ in size], "text": [*texts]})


def written(name: str, text: str, **more: Any) -> str:
    after: str = built(name, **more).write(rows_of(text)).column("text")[0].as_py()
    return after


ALL = {"rate": 1.0}


@pytest.mark.parametrize(
    ("name", "more", "before", "after"),
    [
        ("synonym", ALL, "An error at large. A mistake!", "A mistake at large. An error!"),
        ("synonym", ALL, "AN ERROR was made", "A MISTAKE was made"),
        ("antonym", ALL, "an early start, a late start", "a late start, an early start"),
        ("antonym", ALL, "a new high school, no longer new", "an old high school, no longer old"),
        ("quantifier", ALL, "a few cats and all the dogs", "many cats and some of the dogs"),
        ("degree", {"count": 1}, "It is an old house.", "It is a {} old house."),
        ("number_form", {}, "a 18 inch one, 12 am, No. 5, the 70's", "an eighteen inch one, 12 am, No. 5, the 70's"),
        ("number_form", {"to": "digits"}, "twenty one or two hundred and ten", "21 or two hundred and ten"),
        ("date_form", {}, "on the 3rd of Feb. 2021, not 31 June 2021", "on 2021-02-03, not 31 June 2021"),
        ("negation", ALL, "I think it is good.", "I do not think it is not good."),
        ("negation", ALL, "She does not know, he knew.", "She knows, he did not know."),
        ("contraction", {}, "They have a car and they have been here.", "They have a car and they've been here."),
        ("contraction", {"mode": "expand"}, "Isn't it late? I don't know.", "Isn't it late? I do not know."),
        ("spelling", {}, "My favorite color at the Color Theater.", "My favourite colour at the Color Theater."),
        ("swap_sentences", {}, "Mr. Bell came. It rained.", "It rained. Mr. Bell came."),
        ("drop_word", ALL, "The cat sat.", "Cat sat."),
        ("distractor", {"sentences": ("So what.",)}, "Book a table  ", "Book a table. So what.  "),
        ("leak", {"of": "own"}, "x", "x"),  # a row without a label
    ],
)  # fmt: skip
def test_what_is_written(name: str, more: dict[str, Any], before: str, after: str) -> None:
    said = written(name, before, **more)
    assert said in {after.format(word) for word in ("very", "really")} if "{" in after else said == after


def test_distractors_of_a_text_differ() -> None:
    two = {"sentences": ("One.", "Two.")}
    assert written("distractor", "Book it.", count=2, **two) in {"Book it. One. Two.", "Book it. Two. One."}
    with pytest.raises(RecipeError, match="count: is from 1 to the number of sentences, 2, got 3"):
        written("distractor", "Book it.", count=3, **two)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("synonym", "We ate at The Big Cafe by and large."),
        ("antonym", "Read Great Expectations in high school."),
        ("negation", "Will it rain? What is the time? Is this not it?"),
        ("negation", "A will is a must."),
        ("negation", "Can I get it? Why do you need it"),
        ("quantifier", "Not at all, so many came, the few days."),
        ("degree", "ten years old, very good, too long, a high school"),
        ("contraction", "Let us know what You Will say."),
        ("contraction", "I know what it is"),
        ("number", "At 10 am on May 5, 2021, No. 7, in the 70's: 1 star."),
        ("swap_sentences", "It rained. But we went."),
        ("swap_sentences", 'He said "Stop. Go now." It rained'),
        ("swap_words", "Play music"),
        ("hedge", "Paul, is it late?"),
    ],
)
def test_what_is_left_alone(name: str, text: str) -> None:
    more = ALL if any(field.name == "rate" for field in attrs.fields(CATALOGUE[name].config)) else {}
    assert written(name, text, **more) == text


@pytest.mark.parametrize("base", sorted(VERBS))
def test_every_verb_is_negated_and_back(base: str) -> None:
    _, third, past = VERBS[base]
    for text, negated in (
        (f"We {base} it.", f"We do not {base} it."),
        (f"She {third} it.", f"She does not {base} it."),
        (f"They {past} it.", f"They did not {base} it."),
    ):
        assert (written("negation", text), written("negation", negated)) == (negated, text)


def test_a_hedge_stands_where_english_puts_it() -> None:
    texts = ["The card is lost.", "Where is it", "Paul lost it.", "I LOST IT", "Don't send it."]
    after = built("hedge").write(rows_of(*texts)).column("text").to_pylist()
    ends = [" the card is lost.", ", where is it", ".", " I LOST IT", "."]
    assert [said.endswith(end) for said, end in zip(after, ends, strict=True)] == [True] * 5
    assert [said.startswith(text[:-1]) for said, text in zip(after, texts, strict=True)] == [
        False,
        False,
        True,
        False,
        True,
    ]


def test_sentences_are_hedged_one_by_one() -> None:
    texts = [
        'Zo\u00eb lost her card. It was blue. Where is it? But I want one! He said "no." Then we left...',
        "It is late, I think. Hello there. Please come. Thanks.",
    ]
    edits = built("hedge", rate=1.0).propose(rows_of(*texts), "text", sample_tools().draws)
    places = [texts[0].index(part) for part in (". It", "It was", "Where", "! He", "He said")]
    assert (edits.row.tolist(), edits.start.tolist()) == ([0] * 5, places)
    assert built("hedge", count=2).propose(rows_of(*texts), "text", sample_tools().draws).row.tolist() == [0, 0]
    after = built("hedge").write(rows_of(*texts))
    assert after.column("reason").to_pylist() == [None, "nothing to edit"]


def test_a_hedge_is_no_part_of_a_span() -> None:
    spans = [[{"start": 0, "end": 4, "slot": "person.They", "value": "They"}]]
    rows = rows_of("They lost it.").append_column("text.spans", pa.array(spans, SPANS))
    after = built("hedge").write(rows)
    assert after.column("text.spans").to_pylist() == spans
    assert after.column("text")[0].as_py().startswith("They lost it, I ")


@pytest.mark.parametrize("name", ["distractor", "encode", "entity", "instruction", "leak", "people", "wrap"])
def test_a_rate_of_whole_texts_is_one_of_rows(name: str) -> None:
    rows = rows_of(*["Her mother is late."] * 400) if name == "people" else sample_rows(400)
    more = {"factor": "person"} if name == "entity" else {}
    texts, every = rows.column("text").to_pylist(), built(name, **more).write(rows).column("text").to_pylist()
    work = built(name, rate=0.3, **more)
    some = work.write(rows)
    edited = [one != other for one, other in zip(texts, some.column("text").to_pylist(), strict=True)]
    assert 90 <= sum(edited) <= 150
    assert some.column("text").to_pylist() == [
        all_of if one else text for one, all_of, text in zip(edited, every, texts, strict=True)
    ]
    assert some.column("reason").null_count == 400
    assert {*work.propose(rows, "text", sample_tools().draws).row.tolist()} == {*np.flatnonzero(edited).tolist()}
    tried = rows.set_column(rows.schema.get_field_index("attempt"), "attempt", pa.array([3] * 400))
    again = work.write(tried).column("text").to_pylist()
    assert [one != other for one, other in zip(texts, again, strict=True)] == edited


def test_an_article_that_may_not_be_edited_keeps_its_word() -> None:
    text, spans = "It was an error.", [[{"start": 7, "end": 9, "slot": "article", "value": "an"}]]
    rows = rows_of(text).append_column("text.spans", pa.array(spans, SPANS))
    assert built("synonym", protect=("article",)).write(rows).column("text").to_pylist() == [text]


def test_sentences_are_whole() -> None:
    text = 'Dr. J. Bell came (at 3.5 p.m.). "It rained." Then... nothing'
    pairs = sentences(pa.array([text]))
    said = [
        (text[a:b], text[c:d])
        for a, b, c, d in zip(pairs.start, pairs.middle_start, pairs.middle_end, pairs.end, strict=True)
    ]
    assert said == [("Dr. J. Bell came (at 3.5 p.m.).", '"It rained."')]


def test_a_task_in_another_language_is_told() -> None:
    with pytest.raises(RecipeError, match="negation knows en and not 'fr'; leave the step out"):
        built("negation", "fr")
    with pytest.raises(RecipeError, match="synonym knows en and not 'fr'; name a table of your own in from"):
        built("synonym", "fr")
    assert written("filler", "Das ist gut", language="de") != "Das ist gut"
    assert built("negation", "fr", language="en")
    assert built("typo", "fr")
    with pytest.raises(ValueError, match="ISO 639"):
        attrs.evolve(sample_tools().task, language="English")


WORDNET = {
    "noun": [
        "00000001 03 n 03 error 0 mistake 0 Fault 0 000 | ...",
        "00000002 03 n 02 bank 0 shore 0 000 | ...",
        "00000003 03 n 02 bank 0 lender 0 000 | ...",
        "00000004 03 n 02 theater 0 theatre 0 001 @ 00000001 n 0000 | ...",
    ],
    "verb": ["00000005 29 v 02 buy 0 get_hold_of 0 000 01 + 08 00 | ..."],
    "adj": ["00000006 00 s 02 glad(p) 0 happy(a) 0 000 | ..."],
    "adv": [],
}


def test_synonyms_of_wordnet_are_of_words_with_one_sense(tmp_path: Path) -> None:
    for part, lines in WORDNET.items():
        tmp_path.joinpath(f"data.{part}").write_text("\n".join(["  1 The licence.  ", *lines]) + "\n", "utf-8")
    built = synonyms(str(tmp_path))
    after = built.write(rows_of("An error, glad of the bank. Buy a theater at Glad Hall.")).column("text")
    assert after.to_pylist() == ["A mistake, happy of the bank. Get hold of a theatre at Glad Hall."]
    with pytest.raises(RecipeError, match="from and wordnet exclude each other"):
        synonyms(str(tmp_path), from_="a.csv")
    with pytest.raises(RecipeError, match="words of en and not 'de'"):
        synonyms(str(tmp_path), language="de")
    tmp_path.joinpath("data.adv").write_text("no such thing\n", "utf-8")
    with pytest.raises(RecipeError, match="holds no database files of WordNet"):
        synonyms(str(tmp_path))


def synonyms(wordnet: str, **more: Any) -> Any:
    """``edits.synonym`` for every word that the wordnet knows."""
    component = CATALOGUE["synonym"]
    tools = attrs.evolve(sample_tools(), open_path=Path)
    return component.build(component.config(wordnet=wordnet, rate=1.0, **more), tools)


LMF = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE LexicalResource SYSTEM "http://globalwordnet.github.io/schemas/WN-LMF-1.1.dtd">
<LexicalResource>{}</LexicalResource>
"""
LEXICON = '<Lexicon id="{0}" label="{0}" language="{0}" email="a@b.c" license="none" version="1">{1}{2}</Lexicon>'
ENTRY = '<LexicalEntry id="{0}"><Lemma writtenForm="{0}" partOfSpeech="n"/>{1}{2}</LexicalEntry>'


def lmf(**languages: dict[str, list[str]]) -> str:
    """A file in WN-LMF: of each language, the words of each sense; a word may be followed by its other forms."""
    return LMF.format("".join(_lexicon(language, senses) for language, senses in languages.items()))


def _lexicon(language: str, senses: dict[str, list[str]]) -> str:
    of: dict[str, list[str]] = {}
    for sense, words in senses.items():
        for word in words:
            of.setdefault(word, []).append(f"{language}-{sense}")
    entries = []
    for said, names in of.items():
        word, *forms = said.split("/")
        written = "".join(f'<Form writtenForm="{form}"/>' for form in forms)
        held = "".join(f'<Sense id="{word}-{name}" synset="{name}"/>' for name in names)
        entries.append(ENTRY.format(word, written, held))
    synsets = "".join(f'<Synset id="{language}-{sense}" ili="" partOfSpeech="n"/>' for sense in senses)
    return LEXICON.format(language, "".join(entries), synsets)


def test_synonyms_of_a_wordnet_in_lmf(tmp_path: Path) -> None:
    english = {
        "1": ["error", "mistake", "Fault"],
        "2": ["bank", "shore"],
        "3": ["bank", "lender"],
        "4": ["ran", "fled"],
    }
    german = {"1": ["auto", "wagen"], "2": ["schnell", "rasch"]}
    file = tmp_path / "words.xml"
    file.write_text(lmf(en={**english, "5": ["run/ran", "sprint"]}, de=german), "utf-8")
    packed = tmp_path / "words.xml.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    for path in (file, packed):
        after = synonyms(str(path)).write(rows_of("An error at the bank: it ran.")).column("text").to_pylist()
        assert after == ["A mistake at the bank: it ran."]
        spoken = synonyms(str(path), language="de").write(rows_of("Er fuhr schnell.")).column("text").to_pylist()
        assert spoken == ["Er fuhr rasch."]
    with pytest.raises(RecipeError, match=r"has words of de, en, and these texts are of 'fr'"):
        synonyms(str(file), language="fr")
    file.write_text(file.read_text("utf-8")[:-40], "utf-8")
    with pytest.raises(RecipeError, match="is no wordnet in WN-LMF"):
        synonyms(str(file))


def test_a_wordnet_in_lmf_asks_for_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairloom_edits.wordnet.find_spec", lambda _name: None)
    with pytest.raises(RecipeError, match=re.escape('pip install "fairloom[wordnet]"')):
        synonyms(str(tmp_path / "words.xml"))


def test_intensity_bounds_what_is_edited() -> None:
    rows = rows_of("abcdefghij" * 3, "abc", "12")
    after = built("repeat", count=2, intensity=0.1).write(rows)
    assert [len(text) for text in after.column("text").to_pylist()] == [32, 3, 2]
    assert after.column("reason").to_pylist() == [None, "more would be edited than intensity = 0.1", "nothing to edit"]


def test_the_amount_is_counted_by_rule_and_group() -> None:
    (metric,) = (each for each in fairloom_edits.fairloom_metrics() if isinstance(each, Metric))
    label = pa.array(["a", "a", "b", "b"])
    rows = rows_of("abcde", "abcde", "abcdefghij", "abcdefghij").append_column("label", label)
    once = built("repeat").write(rows.slice(0, 3))
    text = pa.concat_arrays([once.column("text"), rows.column("text").slice(3)])
    made = pa.concat_arrays([once.column("text.edits"), pa.array([[]], once.column("text.edits").type)])
    whole = pa.RecordBatch.from_pydict({"text": text, "label": label, "text.edits": made})
    work = metric.build(metric.config(), sample_tools())
    for at in range(4):
        work.observe(whole.slice(at, 1))
    found = work.result()
    assert found.value == pytest.approx((0.2 + 0.2 + 0.1) / 3)
    assert found.values == pytest.approx({"edits": 1.0, "rows": 0.75, "most": 0.2, "gap": 0.1, "rows_gap": 0.5})
    assert found.detail["rules"] == [{"rule": "repeat", "edits": 3, "rows": 3}]
    assert [(group["label"], group["rows"], group["edited"]) for group in found.detail["groups"]] == [
        ("a", 2, 2),
        ("b", 2, 1),
    ]
    bare = metric.build(metric.config(), sample_tools())
    bare.observe(rows)
    assert (bare.result().value, bare.result().why) == (None, "the rows have no column 'text.edits'")
    with pytest.raises(RecipeError, match="no field 'txt'"):
        metric.build(metric.config(field="txt"), sample_tools())
