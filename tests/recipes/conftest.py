"""A workbench for recipes that are wrong: edit the small recipe, call the command, read what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import attrs
import pytest

from fairloom.cli import main

SMALL = Path(__file__).parent / "small"
Edits = Iterable[tuple[str, str]]


@attrs.frozen
class Said:
    """What a call printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        """The lines of stderr before the count."""
        return self.err.splitlines()[:-1]


@attrs.frozen
class Bench:
    """A copy of the small recipe with 60 rows in parts of 20."""

    root: Path
    read: Callable[[], tuple[str, str]]

    @property
    def recipe(self) -> Path:
        return self.root / "recipe.toml"

    @property
    def out(self) -> Path:
        return self.root / "out"

    def edit(self, *edits: tuple[str, str], files: Mapping[str, str | bytes] | None = None) -> Bench:
        """Replace texts of the recipe, once each, and write files beside it."""
        text = self.recipe.read_text("utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        self.recipe.write_text(text, "utf-8")
        for name, data in (files or {}).items():
            path = self.root / name
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return self

    def call(self, command: str, *arguments: str | Path) -> Said:
        """Call the command line; what it says has paths shortened to those below the bench."""
        target = [self.recipe] if command in {"check", "plan", "run", "preview"} else []
        where = ["--to", self.out] if command == "run" and "--to" not in arguments else []
        code = main([str(each) for each in (command, *target, *where, *arguments)])
        out, err = (text.replace(f"{self.root}/", "") for text in self.read())
        return Said(code, out, err)

    def refused(self, *arguments: str | Path) -> list[str]:
        """The problems that check, plan and run all find, with exit code 2 and nothing written."""
        before = sorted(self.root.rglob("*"))
        checked = self.call("check", *arguments)
        assert checked.code == 2, checked
        assert "Traceback" not in checked.err
        for command in ("plan", "run"):
            again = self.call(command, *arguments)
            assert (again.code, again.problems) == (2, checked.problems)
        assert sorted(self.root.rglob("*")) == before
        return checked.problems


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    """A recipe of one's own to spoil."""
    root = tmp_path / "recipe"
    root.mkdir()
    for file in SMALL.iterdir():
        if file.is_file():
            (root / file.name).write_bytes(file.read_bytes())

    def read() -> tuple[str, str]:
        said = capsys.readouterr()
        return said.out, said.err

    return Bench(root, read).edit(("rows = 2_400", "rows = 60"), ("rows = 500", "rows = 20"))
