"""Whatever the templates and tables: the text is the naive rendering, and spans say the truth."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from fairloom.problems import RecipeError, RunError

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="{}#%"), max_size=6)
FACTORS = {"a": ("x", "y"), "b": ("x",), "c": ("y", "z")}
SLOTS = [f"{name}.{attribute}" for name, attributes in FACTORS.items() for attribute in attributes]
FILTERS = ["", "|upper", "|lower|trim", "|title", "|replace('a', 'bb')", "|default('q', true)"]
PARTS = st.one_of(WORDS, st.builds("{{{{ {}{} }}}}".format, st.sampled_from(SLOTS), st.sampled_from(FILTERS)))
TEMPLATES = st.lists(st.lists(PARTS, max_size=7).map("".join), min_size=1, max_size=5)


@st.composite
def tables(draw):
    return {
        name: draw(st.lists(st.fixed_dictionaries(dict.fromkeys(attributes, WORDS)), min_size=1, max_size=4))
        for name, attributes in FACTORS.items()
    }


@st.composite
def levels(draw, templates, table, rows):
    sizes = {"template": len(templates), **{name: len(records) for name, records in table.items()}}
    return {
        name: draw(st.lists(st.integers(0, size - 1), min_size=rows, max_size=rows)) for name, size in sizes.items()
    }


def naive(templates, table, chosen, row):
    values = {name: table[name][chosen[name][row]] for name in table}
    return (
        Environment()
        .from_string(
            templates[chosen["template"][row]],
        )
        .render(values)
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), templates=TEMPLATES, table=tables(), rows=st.integers(1, 12))
def test_both_ways_write_what_jinja_writes(loom, data, templates, table, rows):
    chosen = data.draw(levels(templates, table, rows))
    fast = loom(templates, table).rows(**chosen)
    assert [row["text"] for row in fast] == [naive(templates, table, chosen, row) for row in range(rows)]
    assert [row["text"] for row in fast] == ["".join(pieces(row)) for row in fast]
    for wrapping in ("{{% if true %}}{}{{% endif %}}", "{{% for i in [1] %}}{}{{% endfor %}}"):
        assert loom([wrapping.format(text) for text in templates], table).rows(**chosen) == fast
    worked_out = [text.replace("{{ ", "{{ false or ") for text in templates]
    assert loom(worked_out, table).rows(**chosen) == fast


def pieces(row):
    """The text put together again from what is between the spans and the spans' values."""
    at = 0
    for span in row["text.spans"]:
        yield row["text"][at : span["start"]]
        yield span["value"]
        at = span["end"]
    yield row["text"][at:]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), templates=TEMPLATES, table=tables(), cut=st.integers(1, 11))
def test_the_size_of_the_batch_does_not_matter(loom, data, templates, table, cut):
    mixed = [
        f"{text}{{{{ 'q' if a.x in b.x else c.z }}}}{{{{ n }}}}" if n % 2 else text for n, text in enumerate(templates)
    ]
    chosen = {**data.draw(levels(mixed, table, 12)), "n": list(range(12))}
    made = loom(mixed, table, ("n",))
    parts = made.rows(**{name: each[:cut] for name, each in chosen.items()})
    parts += made.rows(**{name: each[cut:] for name, each in chosen.items()})
    assert made.rows(**chosen) == parts
    backwards = {name: each[::-1] for name, each in chosen.items()}
    assert made.rows(**backwards) == parts[::-1]


def test_more_rows_than_one_block(loom):
    size = 10_001
    made = loom(["{{ city }}-{{ n }}", "x{{ n }}{{ city if n > 5 }}", "é"], {"city": ["Oslo", "Ålesund"]}, ("n",))
    rows = made.rows(template=[n % 3 for n in range(size)], city=[n % 2 for n in range(size)], n=list(range(size)))
    assert rows[9_999]["text"] == "Ålesund-9999"
    assert rows[10_000]["text"] == "x10000Oslo"
    assert rows[9_998]["text"] == "é"


TOKENS = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            " ",
            "a",
            "a.x",
            "b",
            "n",
            "x",
            ".",
            "|",
            "~",
            "(",
            ")",
            "[",
            "]",
            ",",
            "'",
            "-",
        ),
        *(
            "if",
            "elif",
            "else",
            "endif",
            "for",
            "in",
            "endfor",
            "set",
            "=",
            "==",
            "<",
            "not",
            "and",
            "or",
            "is",
            "none",
        ),
        *(
            "loop",
            "loop.index",
            "upper",
            "replace",
            "default",
            "1",
            "'q'",
            "*",
            "+",
            "macro",
            "raw",
            "endraw",
            "\n",
            "é",
        ),
        *("{{ a.x }}", "{% if a.x %}", "{% endif %}", "{% for x in [1, a] %}", "{% endfor %}", "{% set x = a.x %}"),
    ]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tokens=st.lists(TOKENS, max_size=12), table=tables())
def test_any_text_is_written_or_refused_in_the_agreed_way(loom, tokens, table):
    try:
        loom(["".join(tokens), " ".join(tokens)], table, ("n",)).rows(template=[0, 1], a=[0], b=[0], n=[1])
    except (RecipeError, RunError) as error:
        said = str(error)
    else:
        said = "template 't0'"
    assert "template 't" in said
