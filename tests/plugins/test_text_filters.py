"""The text filters: planted faults are found, clean rows pass, and nothing depends on the borders of a batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.batch import SPANS
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.problems import RecipeError
from fairloom.task import Between, Constraints, Task
from fairloom_text import duplicates, fairloom_filters, fairloom_metrics, length, pattern, structure
from fairloom_text.sets import holds_card_number, holds_iban, luhn


def tools(**task):
    return Tools(task=Task(**task), factors={}, draws=Draws(1), open_path=Path)


def column(*texts):
    return pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string())})


def verdict(module, config, rows, **task):
    return module.build(config, tools(**task)).judge(rows).to_pylist()


def structure_of(*texts, **settings_):
    return verdict(structure, structure.Structure(**settings_), column(*texts))


def test_descriptors_name_what_they_build():
    assert [filter_.name for filter_ in fairloom_filters()] == [
        "structure",
        "length",
        "pattern",
        "language",
        "duplicates",
        "near_duplicates",
    ]
    assert [metric.name for metric in fairloom_metrics()] == ["lengths", "duplicate_share"]
    assert [filter_.scope for filter_ in fairloom_filters()] == ["row", "row", "row", "row", "dataset", "dataset"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "missing"),
        ("", "empty"),
        (" \t\n", "empty"),
        ("\u3000\u00a0", "empty"),
        ("Dear {{ name }}", "template syntax left"),
        ("a }} b", "template syntax left"),
        ("{% if x", "template syntax left"),
        ("{# note", "template syntax left"),
        ("100 %}", "template syntax left"),
        ("to {city}", "placeholder left"),
        ("to {person.given}", "placeholder left"),
        ("bell\x07", "control character"),
        ("a\rb", "control character"),
        ("é\x85", "control character"),
        ("caf\ufffd", "undecodable character"),
        ("fine", None),
        ("{ a set }, 5 % of {1}", None),
        ("line\nand\ttab", None),
        ("Ünïcode — fine 😀", None),
        ("ﻼ is not U+FFFD", None),
    ],
)
def test_structure_finds_what_is_wrong(text, reason):
    assert structure_of("good", text, "good") == [None, reason, None]


def test_syntax_never_reaches_over_a_row_border():
    assert structure_of("a {", "{ b", "}", "} c", "x }", "%") == [None] * 6
    assert structure_of("a ", " b", tidy=True) == ["blank at an end", "blank at an end"]


def test_structure_settings():
    assert structure_of("to {city}", placeholders=False) == [None]
    assert structure_of("a\nb", "a\tb", allow="\t") == ["control character", None]
    assert structure_of("a  b", "a b", "é  é", " \u00a0a", tidy=True) == [
        "double blank",
        None,
        "double blank",
        "blank at an end",
    ]


def span(start, end, value):
    return {"start": start, "end": end, "slot": "x", "value": value}


@pytest.mark.parametrize(
    ("text", "spans", "reason"),
    [
        ("Anna met Bodo", [span(0, 4, "Anna"), span(9, 13, "Bodo")], None),
        ("Żaneta 😀 met Zoë", [span(0, 6, "Żaneta"), span(7, 8, "😀"), span(13, 16, "Zoë")], None),
        ("Anna", [], None),
        ("Anna", None, None),
        ("Anna", [span(2, 2, "")], None),
        ("Anna met Bodo", [span(0, 4, "Anne")], "span differs from text"),
        ("Anna met Bodo", [span(0, 4, "Ann")], "span differs from text"),
        ("Zoë met Zoë", [span(0, 3, "Zoe")], "span differs from text"),
        ("Anna", [span(0, 4, None)], "span differs from text"),
        ("Anna", [span(0, 5, "Anna")], "span outside the text"),
        ("Zoë", [span(0, 4, "Zoë")], "span outside the text"),
        ("Anna", [span(-1, 3, "Anna")], "span outside the text"),
        ("Anna", [span(3, 1, "nn")], "span outside the text"),
        ("Anna met Bodo", [span(9, 13, "Bodo"), span(0, 4, "Anna")], "spans out of order"),
    ],
)
def test_spans_are_held_against_the_text(text, spans, reason):
    good = [span(0, 2, "ok")]
    rows = pa.RecordBatch.from_pydict(
        {"text": pa.array(["ok", text, "ok"]), "text.spans": pa.array([good, spans, good], SPANS)}
    )
    assert verdict(structure, structure.Structure(), rows) == [None, reason, None]
    assert verdict(structure, structure.Structure(), rows.slice(1)) == [reason, None]


def test_every_field_of_the_task_is_checked_by_default():
    rows = pa.RecordBatch.from_pydict({"question": ["who?", ""], "answer": ["{{ x }}", "he"]})
    task = {"fields": ("question", "answer")}
    assert verdict(structure, structure.Structure(), rows, **task) == ["answer: template syntax left", "empty"]
    assert verdict(structure, structure.Structure(field="answer"), rows, **task) == [
        "answer: template syntax left",
        None,
    ]


@pytest.mark.parametrize("config", [length.Length(), pattern.Pattern(), structure.Structure()])
def test_no_rows_no_reasons(config):
    module = {length.Length: length, pattern.Pattern: pattern, structure.Structure: structure}[type(config)]
    constraints = Constraints(words=Between(min=1), must_not=("pii",))
    judged = module.build(config, tools(constraints=constraints)).judge(column())
    assert len(judged) == 0
    assert judged.type == pa.string()


TEXTS = st.lists(
    st.none() | st.text(st.sampled_from("ab {}%#\n\x07é\u3000@.0145-+😀"), max_size=9), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.data())
def test_the_borders_of_a_batch_change_nothing(texts, data):
    rows = column(*texts)
    cut = data.draw(st.integers(0, len(texts)))
    constraints = Constraints(words=Between(min=1, max=2), must=("a+",), must_not=("pii", "b[.]"))
    for module, config in (
        (structure, structure.Structure(tidy=True)),
        (length, length.Length()),
        (pattern, pattern.Pattern()),
    ):
        judge = module.build(config, tools(constraints=constraints)).judge
        whole = judge(rows).to_pylist()
        assert whole == judge(rows.slice(0, cut)).to_pylist() + judge(rows.slice(cut)).to_pylist()


def test_pieces_for_the_cache_change_nothing(monkeypatch):
    rows = column(*["ok", "{{", "é\x07", None] * 5)
    whole = verdict(structure, structure.Structure(), rows)
    monkeypatch.setattr(structure, "CACHED_ROWS", 3)
    assert verdict(structure, structure.Structure(), rows) == whole


def test_length_counts_words_and_characters():
    rows = column("one two three", "one", "dix mots à côté", None, "")
    bounds = length.Length(words=Between(min=2, max=3), characters=Between(max=13))
    assert verdict(length, bounds, rows) == [
        None,
        "fewer than 2 words",
        "more than 3 words",
        "missing",
        "fewer than 2 words",
    ]
    assert verdict(length, length.Length(characters=Between(max=3)), column("Zoë", "Zoés")) == [
        None,
        "more than 3 characters",
    ]


def test_length_reads_the_task_where_it_is_silent():
    constraints = Constraints(words=Between(min=2), characters=Between(max=5))
    rows = column("a b", "a", "aaa bbb")
    judged = verdict(length, length.Length(characters=Between(max=6)), rows, constraints=constraints)
    assert judged == [None, "fewer than 2 words", "more than 6 characters"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            length.Length(),
            (
                "no bound to check: neither this step nor task.constraints gives words or characters; "
                "add words = { min = 4, max = 40 } to the step or to [task.constraints]"
            ),
        ),
        (
            length.Length(field="txt", words=Between(min=1)),
            "field: the task has no field 'txt'; did you mean 'text'?",
        ),
    ],
)
def test_length_refuses_settings_that_cannot_hold(config, message):
    with pytest.raises(RecipeError) as caught:
        length.build(config, tools())
    assert str(caught.value) == message


def test_structure_refuses_to_allow_letters():
    with pytest.raises(RecipeError, match="allow: allow lists control characters below U\\+0020, got 'x'"):
        structure.build(structure.Structure(allow="\nx"), tools())


def patterns(*texts, **settings_):
    return verdict(pattern, pattern.Pattern(**settings_), column(*texts))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("write to jo.doe+x@mail.example.org now", "has pii: e-mail address"),
        ("call +44 20 7946 0958", "has pii: phone number"),
        ("call (212) 555-0147", "has pii: phone number"),
        ("au 01 23 45 67 89", "has pii: phone number"),
        ("ring 020 7946 0958", "has pii: phone number"),
        ("IBAN GB29 NWBK 6016 1331 9268 19 please", "has pii: IBAN"),
        ("IBAN GB28 NWBK 6016 1331 9268 19 has wrong check digits", None),
        ("card 4111 1111 1111 1111", "has pii: card number"),
        ("case 12345 5500-0000-0000-0004", "has pii: card number"),
        ("card 4111 1111 1111 1112", None),
        ("I paid 1,250.00 on 2026-04-11 at 10:30", None),
        ("on 04-11-2026 10:00 I paid 20 20 20", None),
        ("mail me @ home", None),
        ("TO10 PLEASE SEND MORE CARD", None),
        ("As an AI language model, I like cards", "has refusal"),
        ("I\u2019m sorry, but I can\u2019t do this", "has refusal"),
        ("I cannot assist with that.", "has refusal"),
        ("I can't provide my card number, I'm sorry", None),
        ("an aide came as an aim", None),
    ],
)
def test_sets_find_what_they_name_and_nothing_else(text, reason):
    assert patterns("fine", text, must_not=("pii", "refusal")) == [None, reason]


def test_a_set_agrees_with_its_parts():
    assert patterns("a@b.org", must_not=("pii.email",)) == ["has pii.email: e-mail address"]
    assert patterns("a@b.org", must_not=("pii.phone",)) == [None]


def test_must_and_must_not():
    found = patterns("my card", "my card, now!", "my loan", None, must=(r"\bcard\b",), must_not=("!$", "(?i)NOW"))
    assert found == [None, "has !$", r"lacks \bcard\b", "missing"]


def test_must_not_looks_at_every_field_and_must_at_all_of_them_together():
    rows = pa.RecordBatch.from_pydict({"q": ["card?", "card?", "x"], "a": ["yes", "a@b.org", "y"]})
    config = pattern.Pattern(must=("car[d]",), must_not=("pii",))
    assert verdict(pattern, config, rows, fields=("q", "a")) == [None, "has pii: e-mail address", "lacks car[d]"]


def test_patterns_come_from_the_task():
    constraints = Constraints(must=("a+",), must_not=("b+",))
    assert verdict(pattern, pattern.Pattern(), column("a", "ab", "c"), constraints=constraints) == [
        None,
        "has b+",
        "lacks a+",
    ]
    assert verdict(pattern, pattern.Pattern(must=()), column("c"), constraints=constraints) == [None]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            pattern.Pattern(),
            (
                "nothing to check: neither this step nor task.constraints gives must or must_not; "
                'add must_not = ["pii"] to the step or to [task.constraints]'
            ),
        ),
        (
            pattern.Pattern(must_not=("x+", "(?<=a)b")),
            (
                "must_not[1]: '(?<=a)b' is not a pattern: invalid perl operator: (?<=; "
                "patterns are RE2, in linear time: no look-ahead, look-behind or back-references"
            ),
        ),
        (
            pattern.Pattern(must=("profanity",)),
            (
                "must[0]: 'profanity' is not a set of patterns; known: pii, pii.card, pii.email, pii.iban, pii.phone, "
                "refusal; to match the word itself write '\\bprofanity\\b'"
            ),
        ),
        (
            pattern.Pattern(must_not=("refusals",)),
            (
                "must_not[0]: 'refusals' is not a set of patterns; did you mean 'refusal'?; "
                "to match the word itself write '\\brefusals\\b'"
            ),
        ),
    ],
)
def test_pattern_refuses_what_it_cannot_search(config, message):
    with pytest.raises(RecipeError) as caught:
        pattern.build(config, tools())
    assert str(caught.value) == message


def test_check_digits():
    assert luhn("79927398713")
    assert not luhn("79927398710")
    assert holds_card_number("378282246310005")
    assert not holds_card_number("0000000000000000")
    assert holds_iban("DE89370400440532013000")
    assert not holds_iban("DE88370400440532013000")


def memory(built, texts, families, sizes=(10**9,)):
    rows = column(*texts)
    parts, start = [], 0
    for size in [*sizes, 10**9]:
        parts.append(built.remember(rows.slice(start, size)))
        start += size
        if start >= len(texts):
            break
    table = pa.Table.from_batches(parts)
    address = pa.array(range(len(texts)), pa.int64())
    return table.add_column(0, "address", address).add_column(1, "family", pa.array(families, pa.int64()))


def dropped(texts, families=None, priority=None, sizes=(10**9,), **settings_):
    built = duplicates.build(duplicates.Duplicates(**settings_), tools())
    families = families or list(range(len(texts)))
    judged = built.judge(memory(built, texts, families, sizes), np.array(priority or range(len(texts))))
    assert judged.column("reason").to_pylist() == [
        None if cites is None else "duplicate" for cites in judged.column("cites").to_pylist()
    ]
    return judged.column("cites").to_pylist()


def test_a_duplicate_cites_the_row_of_smallest_priority():
    assert dropped(["a", "b", "a", "a", "b"]) == [None, None, 0, 0, 1]
    assert dropped(["a", "b", "a", "a", "b"], priority=[9, 1, 3, 0, 0]) == [3, 4, 3, None, None]


def test_rows_of_the_kept_family_stay():
    assert dropped(["a", "a", "a", "a"], families=[0, 0, 1, 1]) == [None, None, 0, 0]
    assert dropped(["a", "a", "a", "a"], families=[0, 0, 1, 1], priority=[2, 3, 0, 1]) == [2, 2, None, None]


def test_missing_and_empty_texts():
    assert dropped([None, None, "", "", "\x00", "\x00\x00"]) == [None, None, None, 2, None, None]
    assert dropped([]) == []


def test_normal_forms():
    texts = ["Lost my card!", "lost  my card", "LOST my\u00a0card…", "lost mycard", "ﬁne", "fine", "5 $", "5 £"]
    assert dropped(texts) == [None] * 8
    assert dropped(texts, normalise="text") == [None, 0, 0, None, None, 4, None, None]


def test_fields_are_compared_together():
    rows = pa.RecordBatch.from_pydict({"q": ["a", "a", "a", "ab"], "a": ["x", "y", "x", ""], "family": [0, 1, 2, 3]})
    built = duplicates.build(duplicates.Duplicates(), tools(fields=("q", "a")))
    remembered = pa.Table.from_batches([built.remember(rows)]).append_column("family", rows.column("family"))
    assert built.judge(remembered, np.arange(4)).column("cites").to_pylist() == [None, None, 0, None]
    built = duplicates.build(duplicates.Duplicates(field="q"), tools(fields=("q", "a")))
    remembered = pa.Table.from_batches([built.remember(rows)]).append_column("family", rows.column("family"))
    assert built.judge(remembered, np.arange(4)).column("cites").to_pylist() == [None, 0, 0, None]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text("ab\x00é", max_size=9), st.integers(0, 3)), max_size=14),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_duplicates_agree_with_a_plain_loop(rows, size, random):
    texts, families = [text for text, _ in rows], [family for _, family in rows]
    turns = random.sample(range(4), 4)  # the rows of a family have neighbouring priorities
    priority = [100 * turns[family] + place for place, family in enumerate(families)]
    wanted, stays = [None] * len(rows), {}
    for family in sorted(range(4), key=turns.__getitem__):
        mine = [place for place in range(len(rows)) if families[place] == family]
        for place in mine:
            wanted[place] = stays.get(texts[place])
        if all(wanted[place] is None for place in mine):
            stays = {**{texts[place]: place for place in reversed(mine)}, **stays}
    assert dropped(texts, families, priority, sizes=[size] * len(rows)) == wanted


def test_a_row_never_gives_way_to_one_that_goes_itself():
    # The second family goes because of "a"; its "b" leaves with it and can refuse nobody.
    assert dropped(["a", "x", "a", "b", "b", "y"], families=[0, 0, 1, 1, 2, 2]) == [None, None, 0, None, None, None]


def test_long_texts_differ_in_one_byte():
    long = "x" * 100_000
    assert dropped([long, long[:-1] + "y", long + "x", "y" + long[1:], long]) == [None, None, None, None, 0]


def test_signatures_use_all_bits_that_count():
    built = duplicates.build(duplicates.Duplicates(), tools())
    remembered = built.remember(column(*[f"text number {n}" for n in range(4000)]))
    for words in remembered.columns:
        upper = (words.to_numpy() >> np.uint64(32)).astype(np.uint32)  # the part with the proven bound
        bits = np.unpackbits(upper.view(np.uint8)).reshape(-1, 32).mean(axis=0)
        assert len(set(words.to_pylist())) == 4000
        assert 0.4 < bits.min() <= bits.max() < 0.6
