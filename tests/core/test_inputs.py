"""A recipe reads below its own folder and nowhere else unless the caller says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairloom.problems import RecipeError
from fairloom.reading.inputs import file_digest, inputs_for


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "below").mkdir(parents=True)
    (tmp_path / "home" / "below" / "a.csv").write_text("x\n1\n", encoding="utf-8")
    (tmp_path / "secret.csv").write_text("x\n2\n", encoding="utf-8")
    (tmp_path / "home" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "home" / "dirlink").symlink_to(tmp_path)
    return tmp_path / "home"


@pytest.mark.parametrize(
    "trick",
    [
        "../secret.csv",
        "below/../../secret.csv",
        "link.csv",
        "dirlink/secret.csv",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1/x.csv",
        "below/\x00.csv",
    ],
)
def test_paths_may_not_leave_the_folder(home: Path, trick: str) -> None:
    with pytest.raises(RecipeError):
        inputs_for(home).open_path(trick)


def test_allowed_folders_are_open(home: Path) -> None:
    assert inputs_for(home, [home.parent]).open_path("../secret.csv") == home.parent / "secret.csv"


def test_what_was_read_is_recorded(home: Path) -> None:
    inputs = inputs_for(home)
    inputs.open_path("below/a.csv")
    (record,) = inputs.records()
    assert record["path"] == "below/a.csv"
    assert record["bytes"] == 4


@pytest.mark.parametrize("name", ["nothing.csv", "below"])
def test_missing_files_and_folders_are_named(home: Path, name: str) -> None:
    with pytest.raises(RecipeError, match=name):
        inputs_for(home).open_path(name)


def test_the_digest_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # the first example of FIPS 180-2, B.1
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_digest(tmp_path / "abc") == f"sha256:{digest}"
