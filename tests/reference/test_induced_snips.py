"""Real utterances: all that are cleanly annotated come back from their templates, and balancing evens out entities."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import fairloom as fl
from fairloom.contingency import effective_number
from fairloom.inducing.writing import about, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def induced(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("snips") / "induced"
    files = sorted((shared / "seed-snips").glob("train_*.json"))
    found = fl.induce(files, reader="read.snips", settings={"damaged": "mark"}, keep_personal=True)
    write(found, folder, name="snips", replay=True)
    return found, folder


def published(folder: Path) -> list[tuple[str, str]]:
    rows = []
    for path in sorted(folder.glob("train_*.json")):
        for intent, utterances in json.loads(path.read_text("utf-8", errors="replace")).items():
            rows += [(intent, "".join(piece["text"] for piece in each["data"])) for each in utterances]
    return rows


def test_every_cleanly_annotated_utterance_comes_back(induced: Any, shared: Path, tmp_path: Path) -> None:
    found, folder = induced
    wanted = published(shared / "seed-snips")
    assert len(wanted) == 13_784
    told = about(found)
    assert told["refused"] == {"damaged encoding": {"rows": 1, "first": [6377]}}
    assert told["templates"] == 8_556
    table = fl.Recipe.load(folder / "replay.toml").run(tmp_path / "out").table
    made = list(zip(table.column("label").to_pylist(), table.column("text").to_pylist(), strict=True))
    assert made == wanted[:6376] + wanted[6377:]


def test_balancing_evens_out_the_entities(induced: Any, tmp_path: Path) -> None:
    """In the real rows nine of ten playlists are 'my' playlists, and half the restaurants are 'restaurant'."""
    found, folder = induced
    table = fl.Recipe.load(folder / "recipe.toml", set=["recipe.rows=5_000"]).run(tmp_path / "out").table
    assert set(Counter(table.column("label").to_pylist()).values()) <= {714, 715}
    for slot, largest, effective in (("playlist_owner", 0.907, 2.1), ("restaurant_type", 0.495, 9.2)):
        before = found.values[slot]
        after = Counter(value for value in table.column(slot).to_pylist() if value is not None)
        assert before.largest == pytest.approx(largest, abs=0.001)
        assert before.effective == pytest.approx(effective, abs=0.1)
        assert max(after.values()) / after.total() < largest / 5
        assert effective_number(np.array(list(after.values()))) > 0.9 * len(before.value)


def test_rare_values_of_people_are_refused_unless_told(shared: Path) -> None:
    files = sorted((shared / "seed-snips").glob("train_*.json"))
    told = about(fl.induce(files, reader="read.snips", settings={"damaged": "mark"}))
    assert told["refused"]["a rare value that looks personal"]["rows"] == 149
    assert told["slots"]["playlist_owner"]["left_out"] > 50
