"""The pages keep their word: what the tutorial shows is what happens, and no link is dead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


SHOWN = [
    "README.md",
    "docs/tutorial/first-dataset.md",
    "docs/how-to/resume-and-verify.md",
    "docs/how-to/publish-a-dataset.md",
    "docs/how-to/reuse-real-phrasing.md",
    "docs/how-to/when-a-filter-discriminates.md",
    "docs/how-to/use-a-model.md",
    "docs/how-to/generate-with-a-model.md",
    "docs/recipes/suite/README.md",
]


@pytest.mark.parametrize("page", SHOWN)
def test_a_page_shows_what_happens(page, consoles, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    held_to_its_word(consoles, page)


@pytest.mark.parametrize("page", ["docs/how-to/compare-with-real-data.md", "docs/how-to/start-from-real-data.md"])
def test_a_page_about_real_data_shows_what_happens(page, consoles, shared, tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLOOM_SHARED", str(shared))
    monkeypatch.chdir(tmp_path)
    held_to_its_word(consoles, page)


def held_to_its_word(consoles, page):
    shown = [one for one in consoles.play(page) if one[1]]
    broken = [(command, promised, said) for command, promised, said in shown if not consoles.keeps(promised, said)]
    told = [f"$ {command}\n--- the page says\n{promised}--- it says\n{said}" for command, promised, said in broken]
    assert shown
    assert not broken, "\n".join(told)


@pytest.mark.parametrize(
    ("promised", "said", "kept"),
    [
        ("a\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n...\nc\n", "a\nb\nb\nc\n", True),
        ("a  sha256:...\n", "a  sha256:" + "0f" * 32 + "\n", True),
        ("1 of 2\n", "1 of 3\n", False),
        ("", "a\n", False),
    ],
)
def test_what_keeping_a_promise_means(consoles, promised, said, kept):
    assert consoles.keeps(promised, said) is kept


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page):
    text = CODE.sub("", page.read_text("utf-8"))
    relative = [link.split("#")[0] for link in LINK.findall(text) if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in relative if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_nothing_is_left_to_do(page):
    assert not re.search(r"TODO|FIXME|XXX", page.read_text("utf-8"))


def test_the_index_leads_to_every_page():
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link.split("#")[0]).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    written = {page for page in (ROOT / "docs").rglob("*.md") if page != index}
    assert sorted(page.relative_to(ROOT).as_posix() for page in written - linked) == []
