"""The report: rendered from a run folder alone, whatever the texts in it say."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairloom.showing import card, croissant, presented, report, worded
from fairloom.showing.report import detail, figures, samples, view

VOID = {"meta", "br", "img", "rect"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that what opens closes."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts, self._open = [], [], [], []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def folders(made_runs, tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return {
        "passed": made_runs.build(root / "passed"),
        "held": made_runs.build(root / "held", status="held"),
        "hostile": made_runs.build(root / "hostile", status="failed", hostile=True),
    }


@pytest.mark.parametrize("name", ["passed", "held", "hostile"])
def test_the_page_is_whole_and_asks_for_nothing(folders, name):
    text = report.render(folders[name])
    page = Page(text)
    assert text.startswith("<!doctype html>")
    assert not {"script", "img", "iframe", "object", "link", "base", "form"} & set(page.tags)
    assert not [one for one in page.attributes if one[1].startswith("on")]
    assert not [one for one in page.attributes if one[1] in {"src", "srcset", "action", "data"}]
    assert all(value.startswith("#") for _, key, value in page.attributes if key in {"href", "xlink:href"})
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    targets = {value[1:] for _, key, value in page.attributes if key == "href"}
    assert targets == {value for tag, key, value in page.attributes if (tag, key) == ("section", "id")}
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_hostile_texts_are_shown_as_texts(folders, made_runs):
    text = report.render(folders["hostile"])
    said = Page(text).text
    shown = " ".join(made_runs.HOSTILE.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b").split())
    assert said.count(shown) >= 4, "in a definition, a reason, a sample and a level"
    assert "<script" not in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "{{7*7}}" in text


def test_what_the_reader_is_told(folders):
    passed, held = (Page(report.render(folders[name])).text for name in ("passed", "held"))
    assert "bank-intents 1.2.0" in passed
    assert "Passed 4 of 4 gates passed; no row is missing" in passed
    assert "Held 3 of 5 gates passed; 2 rows are missing" in held
    assert "6.2 is more than 4: 'shop' gives card_broken away" in held
    assert "the metric needs two rows or more" in held
    assert "label card_lost person.gender female person.origin India" in held
    assert "Missing rows" not in passed
    assert "the 96 cells are the combinations of label , person.gender , person.origin" in passed
    assert "more than 12 words 15" in passed
    assert "banking77" in passed


def test_rendering_again_gives_the_same_page(folders, tmp_path):
    first = report.write(folders["passed"])
    assert first == folders["passed"] / "report.html"
    assert report.write(folders["passed"], tmp_path / "new" / "page.html").read_bytes() == first.read_bytes()
    assert not list((tmp_path / "new").glob(".*"))


def test_the_manifest_may_list_the_page_itself(made_runs, tmp_path):
    folder = made_runs.build(tmp_path)
    first = report.render(folder), card.readme(folder), croissant.describe(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] += [{"path": name, "sha256": "0", "bytes": 1} for name in presented.PRESENTATION]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert (report.render(folder), card.readme(folder), croissant.describe(folder)) == first


def test_a_folder_with_only_a_manifest(folders, tmp_path):
    manifest = json.loads((folders["passed"] / "manifest.json").read_text())
    more = {"splits", "attempts", "inputs", "plugins", "environment"}
    bare = {key: value for key, value in manifest.items() if key not in more}
    (tmp_path / "manifest.json").write_text(json.dumps({**bare, "recipe": {"recipe": {"name": "bare"}}}))
    text = Page(report.render(tmp_path)).text
    assert "The recipe sets no gates, so nothing has been tested." in text


def test_large_tables_are_folded(folders, tmp_path):
    names = [f"level-{number}" for number in range(300)]
    pair = {"axes": ["label", "city"], "rows": ["a", "b"], "columns": names, "table": [[1] * 300] * 2, "gap": 0}
    manifest = json.loads((folders["passed"] / "manifest.json").read_text())
    manifest["shortfall"] = [{"cell": {"city": name}, "missing": 1, "reasons": {}} for name in names]
    manifest["files"] = manifest["files"] * 200
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "certificate.json").write_text(json.dumps({"n": 600, "axes": [], "pairs": [pair]}))
    text = report.render(tmp_path)
    outside = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert text.count("level-299") == 2
    assert "level-299" not in outside
    assert "part-00000" not in outside


def test_samples_cover_the_labels_and_are_the_same_however_the_parts_lie(folders, made_runs, tmp_path):
    whole = samples.read(folders["passed"], ("text",))
    assert set(whole.families) == set(made_runs.LABELS)
    assert {len(families) for families in whole.families.values()} == {4}
    data = made_runs.table(made_runs.rows())
    (tmp_path / "data").mkdir()
    # The folder sorts its splits by name, test before train.
    data = pa.concat_tables([data[304:], data[:304]])
    for part in range(0, data.num_rows, 50):
        pq.write_table(data[part : part + 50], tmp_path / "data" / f"part-{part:05d}.parquet", row_group_size=16)
    assert samples.read(tmp_path, ("text",)) == whole


def test_families_are_shown_whole_and_what_they_share_once(made_runs, tmp_path):
    folder = made_runs.build(tmp_path / "run")
    data = [{**row, "family": place // 2, "member": place % 2} for place, row in enumerate(made_runs.rows())]
    data[1::2] = [{**row, "label": data[0]["label"]} for row in data[1::2]]
    shutil.rmtree(folder / "data")
    made_runs._parquet(folder / "data" / "part-00000.parquet", made_runs.table(data, {"member": pa.int32()}))
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "members": 2}), "utf-8")
    groups = view.of(folder)["samples"]
    families = [family for group in groups for family in group["families"]]
    assert [len(family["rows"]) for family in families] == [2] * 24
    for family in families:
        numbers = [int(row["id"][-8:]) for row in family["rows"]]
        assert numbers == [numbers[0], numbers[0] + 1]
        assert numbers[0] % 2 == 0
        assert "person.gender" in family["shared"]
        assert all("person.origin" in row["factors"] for row in family["rows"])
        assert family["labels"] == (family["rows"][0]["label"] != data[0]["label"])
    assert sum(family["labels"] for family in families) == 24 - len(groups[0]["families"])
    assert 'class="mates"' in report.render(folder)


def test_references_stand_side_by_side_with_what_chance_gives(folders):
    text = report.render(folders["passed"])
    page = Page(text)
    assert "384 rows of ours against 10,003 reference rows" in page.text
    assert "6 labels are on both sides; they hold 100.0 % of our rows and 75.0 % of the reference rows." in page.text
    assert "1 label that only the reference has" in page.text
    assert "would be about 0.044 apart" in page.text
    assert "11 or more words: ours 0.0 %, banking77 20.0 %" in page.text
    assert "Not compared: no labels." in page.text


def test_entries_with_the_same_cells_become_a_table():
    found = detail.node({"toxic": {"wrong": 3, "rows": 9}, "nontoxic": {"wrong": 1, "rows": 9}})
    assert found["kind"] == "table"
    assert found["lines"] == [["toxic", 3, 9], ["nontoxic", 1, 9]]
    assert detail.node({"a": {"x": 1}, "b": {"y": 1}})["kind"] == "facts"
    assert detail.node({"a": [1, 2], "b": ["one text", "another text"]})["nested"] == [
        ("a", {"kind": "line", "items": [1, 2], "left_out": 0}),
        ("b", detail.node(["one text", "another text"])),
    ]


def test_lengths_count_words(folders, made_runs):
    found = samples.read(folders["passed"], ("text",)).lengths
    words = np.zeros(samples.LONGEST + 1, int)
    for row in made_runs.rows():
        words[len(row["text"].split())] += 1
    assert np.array_equal(np.sum(list(found.values()), axis=0), words)


def test_one_rejected_candidate_for_each_reason(folders):
    found = samples.rejected(folders["passed"])
    assert [(row["step"], row["reason"]) for row in found] == [
        ("length", "more than 12 words"),
        ("duplicates", "same text"),
    ]


def test_spans_inside_a_span_are_left_to_the_outer_one():
    spans = [
        {"start": 2, "end": 6, "slot": "a"},
        {"start": 3, "end": 4, "slot": "b"},
        {"start": 6, "end": 7, "slot": "c"},
    ]
    pieces = list(view._pieces("xxABCDyzz", spans, view._Slots()))
    assert [(piece["text"], piece["slot"]) for piece in pieces] == [
        ("xx", None),
        ("ABCD", "a"),
        ("y", "c"),
        ("zz", None),
    ]


def test_groups_kept_unevenly_are_marked():
    def audit(ratio, p):
        groups = [{"name": "a", "seen": 10, "rejected": 5, "rate": 0.5}, {"name": "b", "seen": 0, "rejected": 0}]
        return view._audit({"step": "s", "axis": "x", "groups": groups, "ratio": ratio, "p": p})

    assert [audit(*pair)["skewed"] for pair in ((0.79, 0.5), (0.9, 0.001), (0.9, 0.5), (None, None))] == [
        True,
        True,
        False,
        False,
    ]
    assert audit(1.0, 1.0)["least"] == 0.5


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234567, "1,234,567"),
        (0.00012345, "0.0001234"),
        (12.0, "12"),
        (123456.7, "123,457"),
        (None, "\u2013"),
        (True, "yes"),
        (float("nan"), "nan"),
        ("x", "x"),
    ],
)
def test_numbers(value, shown):
    assert figures.number(value) == shown


def test_bars_cover_every_value_once():
    counts = [0, 0, 5, 0, 7] + [1] * 200
    bars = figures.bars(counts)
    assert len(bars) <= 48
    assert sum(bar.count for bar in bars) == sum(counts)
    assert bars[0].low == 2
    assert [one.high + 1 for one in bars[:-1]] == [other.low for other in bars[1:]]
    assert max(bar.height for bar in bars) == 100
    assert figures.bars([0, 0]) == ()


def test_quantiles():
    counts = [0, 2, 0, 2]
    assert [figures.quantile(counts, share) for share in (0.0, 0.5, 0.51, 1.0)] == [1, 1, 3, 3]


def test_anything_plain_can_be_shown():
    found = detail.node({"n": 1, "deep": {"a": [1, [2]]}, "lines": [{"x": 1}, {"y": "z"}]})
    assert found["simple"] == [("n", 1)]
    assert found["nested"][1][1]["lines"] == [[1, None], [None, "z"]]
    assert detail.node([{"label": "a", "ours": 0.5, "theirs": 0.25}])["kind"] == "compare"
    assert detail.node([{"label": "a", "ours": "x", "theirs": None}])["kind"] == "table"
    long = detail.node([{"x": 1}] * 500)
    assert (len(long["lines"]), long["left_out"]) == (200, 300)
    nest = []
    for _ in range(50):
        nest = [nest]
    assert "scalar" in str(detail.node(nest))


def test_records_inside_a_table_are_words() -> None:
    """A reader of the report sees no Python."""
    found = detail.node([{"group": {"name": "polish", "rate": 0.506756756}, "also": ["a", "b"]}])
    assert found["lines"] == [["name polish, rate 0.5068", "a, b"]]


def test_a_conversation_is_told_once() -> None:
    turns = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]
    row = {"text": "user: Hi.\nassistant: Hello.", "messages": turns, "options": ["a", "b"], "text.edits": []}
    assert worded.about(row, {"text"}) == {"options": "a / b"}
    assert "messages" in worded.about({**row, "text": "user: Hi."}, {"text"})
