"""Every perturbation over real rows and generated rows: spans, protection, lineage, order.

The catalogue is asked of the plugin, so a new perturbation is held to all of this without being named here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pytest

import fairloom_edits
from fairloom.batch import SPANS, with_columns
from fairloom.components import Generator, Tools
from fairloom.problems import RecipeError
from fairloom.testing import sample_rows, sample_tools
from fairloom.testing.checks import HARD_TEXTS
from fairloom.weaving.digest import ContentDigest
from fairloom_read.snips import Snips, SnipsReader

CATALOGUE = {each.name: each for each in fairloom_edits.fairloom_generators()}
NEEDS: dict[str, dict[str, Any]] = {
    "entity": {"factor": "person", "same": ("origin",)},
    **{name: {"verifier": "judge"} for name in ("antonym", "negation", "number", "quantifier")},
}
HEAVY = {"count": 3}


def settings_of(component: Generator, **more: Any) -> Any:
    names = {field.name for field in attrs.fields(component.config)}
    dose = HEAVY if "count" in names else {}
    return component.config(**NEEDS.get(component.name, {}), **dose, **more)


def built(name: str, tools: Tools, **more: Any) -> Any:
    component = CATALOGUE[name]
    return component.build(settings_of(component, **more), attrs.evolve(tools, judges=("judge",)))


@pytest.fixture(scope="module")
def snips(shared: Path) -> pa.RecordBatch:
    """2,000 rows of Snips with their spans, and a name in each so that people are found."""
    return snips_of(shared)


def snips_of(shared: Path) -> pa.RecordBatch:
    paths = sorted((shared / "seed-snips").glob("train_*.json"))
    each = [SnipsReader(path, Snips(path=path.name, damaged="mark")).read() for path in paths]
    rows = pa.Table.from_batches([one for reader in each for one in reader]).combine_chunks()
    rows = rows.take(pa.array(np.arange(2_000) * (rows.num_rows // 2_000))).to_batches()[0]
    size = np.arange(rows.num_rows)
    person = pa.array(["Zoë"] * rows.num_rows).dictionary_encode()
    extra = {"address": pa.array(size), "attempt": pa.array(size * 0), "person": person}
    return with_columns(rows, pa.RecordBatch.from_pydict(extra))


def carrying() -> Tools:
    """Tools in which the spans of ``city`` carry the label."""
    tools = sample_tools()
    city = attrs.evolve(tools.factors["city"], role="label")
    return attrs.evolve(tools, factors={**tools.factors, "city": city})


def written(rows: pa.RecordBatch, name: str, tools: Tools, **more: Any) -> pa.RecordBatch:
    return with_columns(rows, built(name, tools, **more).write(rows))


def led_back(text: str, made: list[dict[str, Any]]) -> str:
    """The text before the edits of one step, which are in order; of several steps: ``test_edits_applied``."""
    parts, place = [], 0
    for edit in made:
        assert text[edit["start"] : edit["end"]] == edit["new"]
        parts += [text[place : edit["start"]], edit["old"]]
        place = edit["end"]
    return "".join([*parts, text[place:]])


def check(before: pa.RecordBatch, after: pa.RecordBatch, untouched: set[str], *, kept: bool) -> None:
    """Spans equal their text, differ from before only where an edit is inside, and none is lost where all are kept."""
    columns = [each.column(name).to_pylist() for each in (before, after) for name in ("text", "text.spans")]
    for old, old_spans, new, new_spans, made in zip(*columns, after.column("text.edits").to_pylist(), strict=True):
        assert all(new[span["start"] : span["end"]] == span["value"] != "" for span in new_spans)
        for slot in untouched:
            values = [[each["value"] for each in spans if each["slot"] == slot] for spans in (old_spans, new_spans)]
            assert values[0] == values[1]
        assert led_back(new, made) == old
        assert not kept or [span["slot"] for span in old_spans] == [span["slot"] for span in new_spans]
        for span, was in zip(new_spans, old_spans, strict=False) if kept else ():
            assert span["value"] == was["value"] or any(
                span["start"] <= edit["start"] and edit["end"] <= span["end"] for edit in made
            )


COLUMNS = ["text", "text.spans", "text.edits", "reason"]


def digest(rows: pa.RecordBatch) -> str:
    """The content of what a perturbation writes, whatever Arrow makes of it in memory."""
    content = ContentDigest()
    content.add(rows.select(COLUMNS))
    return content.hexdigest()


def backwards(rows: pa.RecordBatch, work: Any, size: int) -> pa.RecordBatch:
    """What is written where rows come in the other order and in batches of so many, put in order again."""
    turned = rows.take(pa.array(np.arange(rows.num_rows)[::-1]))
    parts = [work.write(turned.slice(at, size)) for at in range(0, rows.num_rows, size)]
    whole = pa.Table.from_batches([part.select(COLUMNS) for part in parts]).combine_chunks()
    return whole.take(pa.array(np.arange(rows.num_rows)[::-1])).to_batches()[0]


def kinds(shared: Path) -> dict[str, tuple[pa.RecordBatch, Tools, dict[str, Any]]]:
    """2,000 real rows and 2,000 generated ones, with the tools and settings that protect what carries labels."""
    protect = {"protect": ("restaurant_type", "city")}
    return {"real": (snips_of(shared), sample_tools(), protect), "generated": (sample_rows(2_000), carrying(), {})}


LOSE_SPANS = {"encode"}


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_spans_over_real_rows(name: str, snips: pa.RecordBatch) -> None:
    after = written(snips, name, sample_tools(), protect=("restaurant_type", "city"))
    check(snips, after, {"restaurant_type", "city"}, kept=name not in LOSE_SPANS)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_spans_over_generated_rows(name: str) -> None:
    rows = sample_rows(2_000)
    after = written(rows, name, carrying())
    check(rows, after, {"city"}, kept=name not in LOSE_SPANS)


def in_order(shared: Path) -> dict[str, str]:
    return {
        f"{name} {kind}": digest(built(name, tools, **more).write(rows))
        for kind, (rows, tools, more) in kinds(shared).items()
        for name in sorted(CATALOGUE)
    }


def turned(shared: Path) -> dict[str, str]:
    return {
        f"{name} {kind}": digest(backwards(rows, built(name, tools, **more), 333))
        for kind, (rows, tools, more) in kinds(shared).items()
        for name in sorted(CATALOGUE)
    }


def test_same_bytes_for_any_order_batch_worker_and_hash_seed(shared: Path) -> None:
    """Another process, with another hash seed, gets the rows of every perturbation backwards and in small batches."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    call = [sys.executable, __file__, str(shared)]
    with subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, text=True) as worker:
        here = in_order(shared)
        there, _ = worker.communicate(timeout=300)
    assert worker.returncode == 0
    assert {name for name in here if json.loads(there).get(name) != here[name]} == set()


@pytest.mark.parametrize("name", ["swap", "typo", "ocr", "insert", "substitute", "repeat", "invisible", "double_word"])
def test_most_rows_are_edited_and_edits_are_as_many_as_asked(name: str, snips: pa.RecordBatch) -> None:
    made = written(snips, name, sample_tools()).column("text.edits").to_pylist()
    found = np.array([len(each) for each in made])
    assert (found <= 3).all()
    assert (found == 3).mean() > 0.9


def test_every_site_is_as_likely_as_any_other() -> None:
    count = 16_000
    many = pa.RecordBatch.from_pydict(
        {"address": np.arange(count), "attempt": np.zeros(count, int), "text": ["abcdefgh"] * count}
    )
    for amount in (1, 3):
        component = CATALOGUE["substitute"]
        made = component.build(component.config(count=amount), sample_tools()).write(many).column("text.edits")
        starts = [edit["start"] for each in made.to_pylist() for edit in each]
        shares = np.bincount(starts, minlength=8) / len(starts)
        assert shares == pytest.approx([1 / 8] * 8, abs=0.01)


def test_only_edits_nothing_outside_and_when_nothing_in_other_rows() -> None:
    rows = sample_rows(200)
    after = written(rows, "typo", sample_tools(), only=("person",), when='label == "card_lost"')
    for row in after.to_pylist():
        spans = [span for span in row["text.spans"] if span["slot"].startswith("person")]
        assert row["label"] == "card_lost" or not row["text.edits"]
        for edit in row["text.edits"]:
            assert any(span["start"] <= edit["start"] and edit["end"] <= span["end"] for span in spans)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_only_holds_for_every_perturbation(name: str) -> None:
    """Nothing outside changes; a few take the spans themselves away, or have nothing to do in them."""
    rows = sample_rows(100)
    after = written(rows, name, sample_tools(), only=("person",), unedited="keep")
    for row in after.to_pylist():
        for edit in row["text.edits"]:
            spans = [span for span in row["text.spans"] if span["slot"].startswith("person")]
            inside = any(span["start"] <= edit["start"] and edit["end"] <= span["end"] for span in spans)
            assert inside or name in LOSE_SPANS


def test_rate_is_met_on_average(snips: pa.RecordBatch) -> None:
    component = CATALOGUE["substitute"]
    work = component.build(component.config(rate=0.1), sample_tools())
    made = work.write(snips).column("text.edits").to_pylist()
    letters = sum(sum("a" <= each.lower() <= "z" for each in text) for text in snips.column("text").to_pylist())
    assert sum(map(len, made)) / letters == pytest.approx(0.1, abs=0.005)


def test_entities_agree_because_all_forms_come_from_one_level() -> None:
    rows, tools = sample_rows(400), sample_tools()
    component = CATALOGUE["entity"]
    work = component.build(component.config(factor="person", differ=("gender",), same=("origin",)), tools)
    table = {row["given"]: row for row in tools.factors["person"].table.to_pylist()}
    after = with_columns(rows, work.write(rows))
    swapped = 0
    for row in after.to_pylist():
        forms = {span["slot"]: span["value"] for span in row["text.spans"]}
        now = table[forms["person.given"]]
        assert forms.get("person.their", now["their"]) == now["their"]
        if row["text.edits"]:
            swapped += 1
            assert now["gender"] != table[row["person"]]["gender"]
            assert now["origin"] == table[row["person"]]["origin"]
    assert swapped > 100


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_awkward_texts(name: str) -> None:
    texts = [
        *HARD_TEXTS,
        None,
        "\u1112\u1161\u11ab\uae00 \uac01 \u00e9 e\u0301 \ufb01ne \u2460 \u212b",
        "\U0001f600 ok, don\u2019t DO NOT \u0130stanbul \u0131 \u00df \u0149 a.b.c 1,000 3.5 12:30 007 99",
        "x",
    ]
    size = len(texts)
    columns = {"address": np.arange(size), "attempt": np.zeros(size, int), "label": ["card_lost"] * size}
    columns |= {"person": ["Paul"] * size, "text": pa.array(texts), "text.spans": pa.array([[]] * size, SPANS)}
    component, rows = CATALOGUE[name], pa.RecordBatch.from_pydict(columns)
    names = {field.name for field in attrs.fields(component.config)}
    config = component.config(**NEEDS.get(name, {}), **({"rate": 1.0} if "rate" in names else {}))
    made = component.build(config, attrs.evolve(sample_tools(), judges=("judge",))).write(rows)
    for text, after, edits in zip(
        texts, *(made.column(each).to_pylist() for each in ("text", "text.edits")), strict=True
    ):
        assert after is None if text is None else led_back(after, edits) == text


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_normal_forms_are_those_of_the_standard_library(form: Any) -> None:
    texts = [
        "\u1112\u1161\u11ab\uae00 \uac01",
        "\u00e9 e\u0301 \ufb01ne \u2460 \u212b",
        "a\u0323\u0307 \u1e9b\u0323 \U0001d49c",
    ]
    rows = pa.RecordBatch.from_pydict({"address": [0, 1, 2], "attempt": [0, 0, 0], "text": texts})
    component = CATALOGUE["unicode"]
    made = component.build(component.config(form=form), sample_tools()).write(rows)
    assert made.column("text").to_pylist() == [unicodedata.normalize(form, text) for text in texts]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(turned(Path(sys.argv[1]))))


def test_a_misspelt_slot_protects_nothing_and_is_refused() -> None:
    for given, near in (("persn", "person"), ("person.gvien", "person.given"), ("citty", "city")):
        with pytest.raises(RecipeError, match=re.escape(f"no factor has the slot {given!r}")) as caught:
            written(sample_rows(), "typo", sample_tools(), protect=(given,))
        assert f"did you mean {near!r}?" in str(caught.value)
    written(sample_rows(), "typo", sample_tools(), protect=("restaurant_type",))
