from __future__ import annotations

import re

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.reading.locate import locate
from fairloom.reading.plain import paths

SCALARS = (
    "1",
    "0x1F",
    "1_000",
    "-3.5e3",
    "true",
    "1979-05-27 07:32:00",
    "1979-05-27T07:32:00.5-07:00",
    "07:32",
    '""',
    "''",
    '"a # b ] } , = ."',
    r'"\" ] \e \u00e9 \\"',
    r"'it ] } , = \'",
    '"""\nmany " lines ""\n[x]\n # no \\""" comment"""',
    '"""two more"""""',
    "'''\nraw ''\n[[y]]'''",
    "'''one more''''",
    '""""""',
)
KEYS = ("a", "b", "a-b", "1", "3_4", '"q"', "'lit.eral'", '"dot.ted"', '"esc \\" \\u00e9"', '""', "'[x]'")
GAPS = ("", " ", "\n", "\t", " # a ] } , comment\n")

_nodes = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(st.dictionaries(st.sampled_from(KEYS), inner, max_size=2), min_size=1, max_size=3),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    ),
    max_leaves=12,
)


class _Writer:
    def __init__(self, draw):
        self.draw = draw
        self.text = ""
        self.offsets = {}

    def flip(self):
        return self.draw(st.booleans())

    def put(self, text):
        self.text += text

    def gap(self):
        self.put(self.draw(st.sampled_from(GAPS)))

    def mark(self, path, *, own=False):
        if own or path not in self.offsets:
            self.offsets[path] = len(self.text)

    def body(self, path, header, table):
        later = {}
        for key, node in table.items():
            headed = isinstance(node, dict) or (isinstance(node, list) and node and isinstance(node[0], dict))
            if headed and all(isinstance(item, dict) for item in node) == isinstance(node, list) and self.flip():
                later[key] = node
            else:
                self.pair(path, [key], node)
                self.put(self.draw(st.sampled_from(("\n", " # comment = 1\n", "\n\n"))))
        for key, node in later.items():
            if isinstance(node, dict):
                self.table((*path, name(key)), [*header, (key, (*path, name(key)))], node)
            else:
                for index, item in enumerate(node):
                    self.entry((*path, name(key)), [*header, (key, (*path, name(key)))], index, item)

    def head(self, header, opening, closing):
        self.put(opening)
        for number, (key, path) in enumerate(header):
            self.put("." if number else "")
            self.put(" " * self.flip())
            self.mark(path)
            last = len(self.text)
            self.put(key + " " * self.flip())
        self.put(closing + "\n")
        return last

    def table(self, path, header, table):
        self.offsets[path] = self.head(header, "[", "]")
        self.body(path, header, table)

    def entry(self, path, header, index, table):
        self.offsets[*path, index] = self.head(header, "[[", "]]")
        self.body((*path, index), header, table)

    def pair(self, path, keys, node, *, inline=False):
        if isinstance(node, dict) and node and len(keys) < 3 and self.flip():
            for number, (key, inner) in enumerate(node.items()):
                if number:
                    self.put("," if inline else "\n")
                self.pair(path, [*keys, key], inner, inline=inline)
            return
        at = path
        for number, key in enumerate(keys):
            self.put(" . " if number and self.flip() else "." if number else "")
            at = (*at, name(key))
            self.mark(at)
            self.put(key)
        self.put(" = " if self.flip() else "=")
        self.value(at, node)

    def value(self, path, node):
        if isinstance(node, str):
            self.put(node)
        elif isinstance(node, list):
            self.put("[")
            for index, item in enumerate(node):
                self.gap()
                self.mark((*path, index))
                self.value((*path, index), item)
                self.gap()
                self.put("," if index < len(node) - 1 or self.flip() else "")
            self.put("]")
        else:
            self.put("{")
            for number, (key, item) in enumerate(node.items()):
                self.gap()
                self.pair(path, [key], item, inline=True)
                self.gap()
                self.put("," if number < len(node) - 1 or self.flip() else "")
            self.put("}")


def name(key):
    """The key that a written key stands for."""
    if key[0] == '"':
        return re.sub(r"\\u00e9", "\u00e9", key[1:-1].replace('\\"', '"'))
    return key[1:-1] if key[0] == "'" else key


@st.composite
def toml_texts(draw):
    """``(text, offset by key path)``."""
    writer = _Writer(draw)
    writer.body((), [], draw(st.dictionaries(st.sampled_from(KEYS), _nodes, max_size=4)))
    return writer.text, writer.offsets


def position(text, offset):
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


@settings(max_examples=60, deadline=None)
@given(toml_texts())
def test_every_key_of_any_text_is_found_where_it_was_written(written):
    text, offsets = written
    found = locate(text)
    assert set(found) == set(paths(tomli.loads(text)))
    assert found == {path: position(text, offset) for path, offset in offsets.items()}
    assert locate(text.replace("\n", "\r\n")) == found


def test_places_in_a_recipe():
    text = """\
# a recipe
[recipe]
name = "x"  # [not.a.table]
[task.labels]
a = { definition = "one", cues = ["b",
  "c"] }
[[step]]
filter = "text.length"
[step.words]
min = 1
[[step]]
generate = "template"
"""
    found = locate(text)
    assert found["recipe",] == (2, 2)
    assert found["recipe", "name"] == (3, 1)
    assert found["task",] == (4, 2)
    assert found["task", "labels"] == (4, 7)
    assert found["task", "labels", "a", "cues"] == (5, 27)
    assert found["task", "labels", "a", "cues", 1] == (6, 3)
    assert found["step",] == found["step", 0] == (7, 3)
    assert found["step", 0, "words", "min"] == (10, 1)
    assert found["step", 1, "generate"] == (12, 1)


def test_a_table_stands_at_its_own_header_even_after_its_subtables():
    found = locate("[a.b]\nx = 1\n[a]\ny = 2\n")
    assert found["a",] == (3, 2)
    assert found["a", "b"] == (1, 4)


def test_columns_count_code_points():
    assert locate('a = { "\u00e9\U0001f600" = 1, b = 2 }')["a", "b"] == (1, 17)


def test_nesting_as_deep_as_tomli_allows_needs_no_recursion():
    text = "a = " + "[" * 390 + "]" * 390
    assert len(locate(text)) == len(list(paths(tomli.loads(text))))


def test_an_empty_text_has_no_keys():
    assert locate("") == locate("# nothing\n\n") == {}


def test_text_that_tomli_would_refuse_ends_in_an_error_and_not_in_a_loop():
    with pytest.raises(ValueError, match="not valid TOML"):
        locate("a = [1, 2")
