"""Slots, spans, filters, columns: what a template writes when it has no logic."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from fairloom.batch import SPANS
from fairloom.problems import RunError
from fairloom_template import assembly, writer

PEOPLE = [
    {"given": "Ann", "their": "her", "age": 31},
    {"given": "Bo", "their": "his", "age": 4},
    {"given": "Ki", "their": None, "age": None},
]


def spans(row, field="text"):
    return [(span["slot"], span["value"], span["start"], span["end"]) for span in row[f"{field}.spans"]]


def test_one_draw_fills_every_form_of_a_record(loom):
    made = loom(
        ["{{ person.given }} lost {{ person.their }} card in {{ city }}."], {"person": PEOPLE, "city": ["Oslo"]}
    )
    rows = made.rows(template=[0], person=[0, 1], city=[0])
    assert [row["text"] for row in rows] == ["Ann lost her card in Oslo.", "Bo lost his card in Oslo."]
    assert spans(rows[1]) == [("person.given", "Bo", 0, 2), ("person.their", "his", 8, 11), ("city", "Oslo", 20, 24)]


def test_the_columns_have_the_agreed_types(loom):
    made = loom(["{{ city }}"], {"city": ["Oslo"]}, columns={"key": "{{ city }}-1"})
    written = made.writer.write(made.brief(template=[0], city=[0]))
    assert written.schema.names == ["text", "text.spans", "key", "reason"]
    assert written.schema.field("text.spans").type == SPANS
    assert {written.schema.field(name).type for name in ("text", "key", "reason")} == {pa.string()}


def test_templates_of_different_shapes_mix_in_one_batch(loom):
    made = loom(["", "{{ city }}", "to {{ city }} and {{ city }}", "nothing"], {"city": ["Oslo", "Lima"]})
    rows = made.rows(template=[2, 0, 3, 1, 2], city=[0, 0, 1, 1, 1])
    assert [row["text"] for row in rows] == ["to Oslo and Oslo", "", "nothing", "Lima", "to Lima and Lima"]
    assert spans(rows[0]) == [("city", "Oslo", 3, 7), ("city", "Oslo", 12, 16)]
    assert rows[1]["text.spans"] == []


@pytest.mark.parametrize(
    "value",
    [
        "e\N{COMBINING ACUTE ACCENT}le\N{COMBINING GRAVE ACCENT}ve",
        "\U0001f469\u200d\U0001f4bb",
        "שלום",
        "مرحبا",
        "\U00010348",
        "ß",
    ],
)
def test_spans_count_code_points(loom, value):
    (row,) = loom(["é{{ word }}\U0001f600{{ word }}{{ city }}"], {"word": [value], "city": ["Ðx"]}).rows(
        template=[0], word=[0], city=[0]
    )
    size = len(value)
    assert row["text"] == f"é{value}\U0001f600{value}Ðx"
    assert [span[2:] for span in spans(row)] == [(1, 1 + size), (2 + size, 2 + 2 * size), (2 + 2 * size, 4 + 2 * size)]


def test_an_empty_value_leaves_no_span(loom):
    rows = loom(["a{{ word }}b{{ city }}"], {"word": ["", "w"], "city": ["c"]}).rows(
        template=[0], word=[0, 1], city=[0]
    )
    assert [spans(row) for row in rows] == [[("city", "c", 2, 3)], [("word", "w", 1, 2), ("city", "c", 3, 4)]]


def test_a_missing_form_leaves_the_whole_row_unwritten(loom):
    made = loom(
        ["{{ person.given }}: {{ person.their }}", "{{ person.given }}"], {"person": PEOPLE}, columns={"key": "x"}
    )
    rows = made.rows(template=[0, 0, 1], person=[2, 0, 2])
    assert [row["reason"] for row in rows] == ["missing form person.their", None, None]
    assert rows[0] == {"text": None, "text.spans": None, "key": None, "reason": "missing form person.their"}
    assert [row["text"] for row in rows[1:]] == ["Ann: her", "Ki"]


def test_the_first_missing_form_is_the_reason_also_in_a_column(loom):
    made = loom(
        ["{{ city }}"], {"person": PEOPLE, "city": ["Oslo"]}, columns={"age": "{{ person.age }}{{ person.their }}"}
    )
    rows = made.rows(template=[0], person=[2, 1], city=[0])
    assert [(row["text"], row["age"], row["reason"]) for row in rows] == [
        (None, None, "missing form person.age"),
        ("Oslo", "4his", None),
    ]


def test_a_factor_that_the_row_does_not_use_is_missing(loom):
    rows = loom(["{{ city }}", "none"], {"city": ["Oslo"]}).rows(template=[0, 1, None], city=[None, None, 0])
    assert [(row["text"], row["reason"]) for row in rows] == [
        (None, "missing form city"),
        ("none", None),
        (None, "no template"),
    ]


def test_several_fields_come_from_one_draw(loom):
    templates = [{"name": "t", "question": "Who? {{ person.given }}?", "story": "{{ person.given }} left."}]
    (row,) = loom(templates, {"person": PEOPLE}, task_fields=("story", "question")).rows(template=[0], person=[1])
    assert (row["story"], row["question"]) == ("Bo left.", "Who? Bo?")
    assert spans(row, "question") == [("person.given", "Bo", 5, 7)]


def test_a_field_may_come_from_a_column_of_another_name(loom):
    templates = [{"name": "t", "ask": "Who?", "story": "S"}]
    (row,) = loom(templates, task_fields=("story", "question"), fields={"question": "ask"}).rows(template=[0])
    assert (row["story"], row["question"]) == ("S", "Who?")


def test_a_lone_field_finds_the_column_text(loom):
    assert loom(["Hello"], task_fields=("message",)).rows(template=[0])[0]["message"] == "Hello"


def test_computed_columns_are_inline_templates_without_spans(loom):
    templates = [{"name": "t", "text": "{{ city }}", "kind": "k1"}, {"name": "u", "text": "{{ city }}", "kind": "k2"}]
    made = loom(templates, {"city": ["Oslo"]}, columns={"key": "{{ template.kind|upper }}.{{ city }}.txt"})
    rows = made.rows(template=[1, 0], city=[0])
    assert [row["key"] for row in rows] == ["K2.Oslo.txt", "K1.Oslo.txt"]
    assert set(rows[0]) == {"text", "text.spans", "key", "reason"}


def test_attributes_of_the_template_are_slots_like_any_other(loom):
    templates = [{"name": "t", "text": "the {{ template.job }} and {{ template }}", "job": "nurse"}]
    (row,) = loom(templates).rows(template=[0])
    assert spans(row) == [("template.job", "nurse", 4, 9), ("template", "t", 14, 15)]


def test_a_factor_alone_stands_for_the_first_column_of_its_table(loom):
    assert loom(["{{ person }}"], {"person": PEOPLE}).rows(template=[0], person=[1])[0]["text"] == "Bo"


def test_an_attribute_with_blanks_is_written_in_brackets(loom):
    (row,) = loom(["{{ word['in English'] }}"], {"word": [{"w": 1, "in English": "cat"}]}).rows(template=[0], word=[0])
    assert spans(row) == [("word.in English", "cat", 0, 3)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("w|upper", "DON'T PANIC-NOW "),
        ("w|lower", "don't panic-now "),
        ("w|capitalize", "Don't PANIC-now "),
        ("w|title", "Don't Panic-Now "),
        ("w|trim", "don't PANIC-now"),
        ("w|strip|upper", "DON'T PANIC-NOW"),
        ("w|replace('n', 'mm')", "domm't PANIC-mmow "),
        ("w|replace(' ', '')|upper", "DON'TPANIC-NOW"),
        ("w.other|default('none')", "none"),
        ("w.empty|default('none')", ""),
        ("w.empty|default('none', true)", "none"),
        ("w.other|upper|default('none')", "none"),
    ],
)
def test_filters(loom, expression, expected):
    words = pa.table({"w": ["don't PANIC-now "], "other": pa.array([None], pa.string()), "empty": [""]})
    made = loom([f"<{{{{ {expression} }}}}>"], {"w": words.to_pylist()})
    (row,) = made.rows(template=[0], w=[0])
    assert row["text"] == f"<{expected}>"


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([3, 3, -40], ["3", "3", "-40"]),
        ([1.5, 0.25], ["1.5", "0.25"]),
        ([Decimal("12.50"), Decimal("1.00")], ["12.50", "1.00"]),
        ([dt.date(2026, 2, 1)], ["2026-02-01"]),
        ([True, False], ["true", "false"]),
        (["a", "b", "a"], ["a", "b", "a"]),
    ],
)
def test_drawn_values_of_any_type_are_written_as_text(loom, values, texts):
    rows = loom(["x{{ amount }}y{{ amount|upper }}"], drawn=("amount",)).rows(template=[0], amount=values)
    assert [row["text"] for row in rows] == [f"x{text}y{text.upper()}" for text in texts]


def test_a_missing_drawn_value_is_a_missing_form(loom):
    rows = loom(["{{ amount }}"], drawn=("amount",)).rows(template=[0], amount=[1, None])
    assert [row["reason"] for row in rows] == [None, "missing form amount"]


def test_constants_and_comments_are_plain_text(loom):
    made = loom(["{# note #}{{ 'a' }}b{{ 1 }}{% raw %}{{ x }}{% endraw %}\n"])
    (row,) = made.rows(template=[0])
    assert (row["text"], row["text.spans"]) == ("ab1{{ x }}\n", [])


def test_joined_slots_keep_their_own_spans(loom):
    made = loom(["{{ city ~ ', ' ~ person.given|upper }}"], {"city": ["Oslo"], "person": PEOPLE})
    (row,) = made.rows(template=[0], city=[0], person=[0])
    assert spans(row) == [("city", "Oslo", 0, 4), ("person.given", "ANN", 6, 9)]


def test_the_values_of_the_spans_are_a_small_dictionary(loom):
    made = loom(["a{{ city }}"], {"city": ["Oslo", "Lima", "Rome"]})
    values = made.writer.write(made.brief(template=[0], city=[2, 0, 2])).column("text.spans").values.field("value")
    assert sorted(values.dictionary.to_pylist()) == ["Oslo", "Rome"]


def test_a_brief_with_its_own_order_of_levels_is_read_by_name(loom):
    made = loom(["{{ city }}"], {"city": ["Oslo", "Lima"]})
    brief = pa.RecordBatch.from_pydict(
        {"template": pa.array(["t0", "t0"]), "city": pa.array(["Lima", "Oslo"]).dictionary_encode()}
    )
    assert made.writer.write(brief).column("text").to_pylist() == ["Lima", "Oslo"]


def test_no_rows(loom):
    made = loom(["{{ city }}{% if city == 'Oslo' %}!{% endif %}{{ n }}"], {"city": ["Oslo"]}, drawn=("n",))
    written = made.writer.write(made.brief(template=[], city=[], n=pa.array([], pa.int64())))
    assert (written.num_rows, written.schema.field("text.spans").type) == (0, SPANS)


def test_the_brief_is_left_as_it_was(loom):
    made = loom(["{{ city|upper }}{% if city == 'Oslo' %}!{% endif %}"], {"city": ["Oslo", "Lima"]})
    brief = made.brief(template=[0], city=[0, 1])
    before = brief.serialize().to_pybytes()
    made.writer.write(brief)
    assert brief.serialize().to_pybytes() == before


def test_uses_names_the_factors_of_every_template(loom):
    others = {"city": ["Oslo"], "person": PEOPLE, "word": ["w"], "idle": ["i"]}
    templates = ["{{ city }}", "{% if person.age == 3 %}{{ city }}{% endif %}", "plain {{ template.name }}"]
    assert [set(used) for used in loom(templates, others).writer.uses.factors] == [{"city"}, {"city", "person"}, set()]
    with_column = loom(templates, others, columns={"key": "{{ word }}"}).writer.uses
    assert with_column.driver == "template"
    assert with_column.factors[2] == frozenset({"word"})


def test_a_text_beyond_the_bound_names_its_template(loom):
    made = loom(["{{ city }}", "{{ city }}" * 3], {"city": ["O" * 9]}, max_characters=30)
    assert made.rows(template=[0], city=[0])[0]["text"] == "O" * 9
    made = loom(["{{ city }}", "{{ city }}{{ city }}"], {"city": ["O" * 20]}, max_characters=30)
    with pytest.raises(RunError, match=r"template 't1', column 'text': makes 40 characters .* max_characters = 30"):
        made.rows(template=[0, 1], city=[0])


def test_a_filter_that_swells_drawn_values_is_refused(loom):
    made = loom(["{{ word|replace('a', 'xxxxxxxxxx') }}"], drawn=("word",), max_characters=50)
    with pytest.raises(RunError, match="the filters on word make more than 50 characters"):
        made.rows(template=[0], word=["aaaaaa"])


def test_a_part_that_is_too_large_asks_for_smaller_ones(loom, monkeypatch):
    made = loom(["{{ city }}, {{ city }}"], {"city": ["Oslo"]})
    monkeypatch.setattr(writer, "MAX_BYTES", 99)
    with pytest.raises(RunError, match=r"a part has 100 bytes of 'text', .* make \[parts\] rows smaller"):
        made.rows(template=[0] * 10, city=[0])
    monkeypatch.setattr(assembly, "MAX_SEGMENTS", 29)
    with pytest.raises(RunError, match=r"a part needs 30 pieces of text; make \[parts\] rows smaller"):
        made.rows(template=[0] * 10, city=[0])
