"""The pages say what happens: recipes are checked, Python is run, console sessions are replayed.

    FAIRLOOM_WRITE_DOCS=1 python -m pytest tests/docs

writes into the pages what the commands print now.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import tomli

from fairloom.cli import main
from fairloom.components import Component
from fairloom.plugging.plugins import Plugins
from fairloom.reading.structure import keys, structure
from fairloom.recipe import Recipe
from fairloom_template.writer import TemplateWriter

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITE = "FAIRLOOM_WRITE_DOCS" in os.environ
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SAVED_AS = re.compile(r"(?:Save this as|Put this in) `([^`]+)`")
HOME = "/home/me"
"""The reader's home directory as pages write it; below the folder of the test, home/me."""
HEX = re.compile(r"sha256:[0-9a-f]{64}")


@attrs.frozen
class Block:
    """A fenced block of a page, with the paragraph before it."""

    language: str
    text: str
    start: int
    before: str

    @property
    def file(self) -> str | None:
        """Where the page tells the reader to put it."""
        named = SAVED_AS.search(self.before)
        return named and named[1]


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(found["language"], found["text"], found.start("text"), text[: found.start()].rstrip().split("\n\n")[-1])
        for found in BLOCK.finditer(text)
    ]


def pages_with(*languages: str) -> list[str]:
    """The pages, README included, that hold a block in one of the languages."""
    pages = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])
    return [str(page.relative_to(ROOT)) for page in pages if any(each.language in languages for each in blocks(page))]


# -- sessions -------------------------------------------------------------------------------------------------------


@attrs.define
class Session:
    """A reader at work: saves what the page says to save, and types what it says to type."""

    interrupt: pytest.MonkeyPatch
    code: int = 0
    recipe: Path | None = None
    names: dict[str, Any] = attrs.field(factory=dict)

    def outputs(self, page: Path) -> Iterator[tuple[Block, str]]:
        """Every block that shows output, with the text it should have."""
        printed = ""
        for block in blocks(page):
            if block.file:
                self.save(Path(block.file), block.text)
            elif block.language == "toml" and self.recipe:
                self.edit(block.text)
            if block.language == "console":
                yield block, "".join(self.typed(block.text))
            elif block.language == "python":
                printed = self.run(block.text)
            elif block.language == "text" and printed:
                yield block, printed
                printed = ""

    def save(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if file.suffix == ".toml":
            self.recipe = file

    def edit(self, text: str) -> None:
        """Lines that begin with a key of the recipe take the place of its line."""
        lines = self.recipe.read_text("utf-8").splitlines()
        for line in text.splitlines():
            key = line.partition(" = ")[0]
            (place,) = (number for number, old in enumerate(lines) if old.partition(" = ")[0] == key)
            lines[place] = line
        self.recipe.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self, code: str) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, "<page>", "exec", dont_inherit=True), self.names)
        return out.getvalue()

    def typed(self, text: str) -> Iterator[str]:
        """The prompt lines, each with what its command prints."""
        for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            yield f"$ {command}\n{self.call(command, interrupted=shown.startswith('^C'))}"

    def call(self, command: str, *, interrupted: bool) -> str:
        if command == "echo $?":
            return f"{self.code}\n"
        home = str(Path(HOME.lstrip("/")).resolve())
        program, *arguments = shlex.split(command.replace("~/", f"{HOME}/").replace(HOME, home))
        assert program == "fairloom", command
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), self.interrupt.context() as patch:
            if interrupted:
                patch.setattr(TemplateWriter, "write", stopped_at_the_second(TemplateWriter.write))
            self.code = main(arguments)
        printed = re.sub(r" +$", "", out.getvalue(), flags=re.MULTILINE).rstrip("\n")
        return "^C\n" * interrupted + (printed and f"{printed}\n")


def stopped_at_the_second(write: Any) -> Any:
    """A generator during whose second part somebody presses Ctrl-C."""
    calls = []

    def stopping(self: Any, rows: Any) -> Any:
        calls.append(rows)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(self, rows)

    return stopping


REPLAYED = (
    "README.md",
    "docs/how-to/compare-with-real-data.md",
    "docs/how-to/resume-and-verify.md",
    "docs/tutorial/first-dataset.md",
)
"""Pages whose consoles `test_consoles` follows."""


def masked(text: str) -> str:
    """Digests change with every table of ours, and nobody reads them."""
    return HEX.sub("sha256:...", text)


@pytest.mark.parametrize("name", [name for name in pages_with("python", "console") if name not in REPLAYED])
def test_what_the_page_shows_is_what_is_printed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = ROOT / name
    found = list(Session(monkeypatch).outputs(page))
    if WRITE:
        write(page, found)
        return
    for block, printed in found:
        assert masked(printed) == masked(block.text), "FAIRLOOM_WRITE_DOCS=1 python -m pytest tests/docs mends the page"


def write(page: Path, found: list[tuple[Block, str]]) -> None:
    text = page.read_text("utf-8")
    for block, printed in reversed(found):
        if masked(printed) != masked(block.text):
            text = text[: block.start] + printed + text[block.start + len(block.text) :]
    page.write_text(text, encoding="utf-8")


# -- recipes and pieces of recipes ----------------------------------------------------------------------------------

ELSEWHERE = {"project": "a plugin's pyproject.toml", "text": "a row of a table of templates"}


def pieces() -> Iterator[Any]:
    """Every TOML block of every page."""
    for name in pages_with("toml"):
        texts = [block.text for block in blocks(ROOT / name) if block.language == "toml"]
        yield from (pytest.param(text, id=f"{Path(name).stem}-{number}") for number, text in enumerate(texts, 1))


@pytest.mark.parametrize("text", list(pieces()))
def test_every_piece_of_a_recipe_is_right(text: str, tmp_path: Path) -> None:
    tree = tomli.loads(text)
    if tree.keys() & ELSEWHERE.keys():
        return
    assert tree.keys() <= keys(Recipe).keys()
    if "name" in tree.get("recipe", {}):
        (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
        assert main(["check", str(tmp_path)]) == 0
    for key, field in keys(Recipe).items():
        if key in tree and key != "recipe":
            structure(field.type, tree[key])
    for use, given in named(tree):
        if not use.startswith("./"):
            component, _ = Plugins().find(Component, use)
            structure(component.config, given)


def named(tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The components that a piece names, each with its settings."""
    spec = {name: structure(field.type, tree[name]) for name, field in keys(Recipe).items() if name in tree}
    yield from ((step.use, step.settings) for step in spec.get("step", ()))
    yield from ((gate.metric, gate.settings) for gate in spec.get("gate", ()))
    yield from ((reference.read, reference.settings) for reference in spec.get("reference", {}).values())
    if "design" in spec:
        yield spec["design"].use, spec["design"].settings
