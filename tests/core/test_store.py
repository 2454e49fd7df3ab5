"""The run folder's files appear whole or not at all, and the journal survives a torn end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairloom.problems import RecipeError, RunError
from fairloom.weaving.store import Journal, atomic, open_folder, write_text


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a.json", "old")
    with pytest.raises(KeyboardInterrupt):
        _interrupted(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def _interrupted(path: Path) -> None:
    with atomic(path) as stream:
        stream.write(b"half of the n")
        raise KeyboardInterrupt


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=20), min_size=1, max_size=6), st.data())
def test_a_torn_journal_keeps_every_whole_line(tmp_path: Path, notes: list[str], data: st.DataObject) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.path.unlink(missing_ok=True)
    sizes = []
    for number, note in enumerate(notes):
        journal.append(str(number), {"note": note})
        sizes.append(journal.path.stat().st_size)
    cut = data.draw(st.integers(0, sizes[-1]))
    os.truncate(journal.path, cut)
    whole = sum(size <= cut for size in sizes)
    assert journal.read() == {str(n): {"key": str(n), "note": notes[n]} for n in range(whole)}
    journal.append("next", {"note": "after"})
    assert journal.read()["next"]["note"] == "after"


def test_a_flipped_bit_ends_the_journal_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("a", {"rows": 1})
    good = journal.path.stat().st_size
    journal.append("b", {"rows": 2})
    data = bytearray(journal.path.read_bytes())
    data[good + 15] ^= 1
    journal.path.write_bytes(bytes(data))
    assert list(journal.read()) == ["a"]


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    first = open_folder(tmp_path / "run")
    with pytest.raises(RunError, match="in use"):
        open_folder(tmp_path / "run")
    first.close()
    open_folder(tmp_path / "run").close()


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file", encoding="utf-8")
    with pytest.raises(RecipeError, match="is not a folder"):
        open_folder(tmp_path / "run")


def test_strangers_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("mine", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"notes\.md"):
        open_folder(tmp_path)
    open_folder(tmp_path / "run").close()
