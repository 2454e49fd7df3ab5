"""``llm.counterfactual``: what is dropped, who votes, what is taken, and that a row depends on its family alone."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.problems import RecipeError
from fairloom_llm.asking import Said
from fairloom_llm.candidates import Candidate, read, reason
from fairloom_llm.marks import marked

TEXT = "Ann was happy in Oslo, she said."
SPANS = [
    {"start": 0, "end": 3, "slot": "who", "value": "Ann"},
    {"start": 17, "end": 21, "slot": "city", "value": "Oslo"},
]

RECIPE = """
[recipe]
name = "changed"
seed = 3
rows = 36
[task.labels.good]
definition = "the guest was content"
[task.labels.bad]
definition = "the guest was not content"
[[task.relabel]]
when = 'side != "written"'
flip = true
[factors.side]
values = ["written", "one", "two"]
[factors.word]
key = "name"
match = { label = "label" }
values = [{ name = "great", label = "good" }, { name = "awful", label = "bad" }]
[factors.who]
values = ["Ann", "Bob", "Cleo"]
[factors.template]
values = [{ name = "t", text = "{{ who }} had a {{ word.name }} stay." }]
key = "name"
[design]
cross = ["label"]
within = ["side"]
independent = [["label", "who"]]
attempts = 6
[models]
writer = { use = "llm.local", call = "./model.py:write" }
judge = { use = "llm.local", call = "./model.py:judge" }
strict = { use = "llm.local", call = "./model.py:strict" }
[[step]]
generate = "template"
[[step]]
generate = "llm.counterfactual"
model = "writer"
verifiers = ["judge", "strict"]
when = 'side != "written"'
change = ["word"]
"""
MODEL = """
import re
def write(messages, attempt):
    asked = messages[-1]["content"]
    good = "must be: good" in asked
    version = re.search("version ([0-9])", asked)
    which = int(version[1]) - 1 if version else 0
    words = ("fine", "lovely", "great", "grand") if good else ("poor", "nasty", "doubtful", "not in the least nice")
    return f"[1] had a {words[which]} stay."
def judge(messages, attempt):
    said = messages[-1]["content"].split("The text:")[1].split("The answer")[0]
    return "good" if re.search("fine|lovely|great|grand", said) else "bad"
def strict(messages, attempt):
    said = messages[-1]["content"].split("The text:")[1].split("The answer")[0]
    return "unsure" if re.search("grand|doubtful", said) else judge(messages, attempt)
"""


def recipe(folder: Path, more: str = "", text: str = RECIPE) -> fl.Recipe:
    folder.mkdir(exist_ok=True)
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    (folder / "recipe.toml").write_text(text + more, encoding="utf-8")
    return fl.Recipe.load(folder / "recipe.toml")


def test_rows_get_what_the_verifiers_find_in_small_changes_and_siblings_differ(tmp_path: Path) -> None:
    rows = recipe(tmp_path).run(tmp_path / "out").table.sort_by([("family", "ascending"), ("member", "ascending")])
    families: dict[int, list[str]] = {}
    for row in rows.to_pylist():
        (word,) = (span["value"] for span in row["text.spans"] if span["slot"] == "word.name")
        assert row["text"] == f"{row['who']} had a {word} stay."
        if row["side"] == "written":
            assert word == row["word"]
            assert not row["text.edits"]
            continue
        assert word in ({"fine", "lovely", "great"} if row["label"] == "good" else {"poor", "nasty"})
        assert [(edit["old"], edit["new"], edit["rule"]) for edit in row["text.edits"]] == [
            (row["word"], word, "counterfactual")
        ]
        families.setdefault(row["family"], []).append(word)
    assert len(families) == 12
    assert all(len(set(words)) == 2 for words in families.values())
    assert len({tuple(words) for words in families.values()}) > 2  # the best are taken in turn


def test_one_vote_is_enough_where_the_recipe_says_so(tmp_path: Path) -> None:
    words = set()
    for row in recipe(tmp_path, "votes = 1\n").run(tmp_path / "out").table.to_pylist():
        words |= {edit["new"] for edit in row["text.edits"] or []}
    assert words & {"grand", "doubtful"}
    assert "not in the least nice" not in words  # changes more than the share allows


def test_a_row_depends_on_its_family_alone(tmp_path: Path) -> None:
    digests = {
        recipe(tmp_path / name, f"[parts]\nrows = {rows}\n").run(tmp_path / f"{name}-out", workers=workers).digest
        for name, rows, workers in (("a", 36, 1), ("b", 6, 2))
    }
    assert len(digests) == 1


def test_the_pool_decides_which_candidate_reads_best(tmp_path: Path) -> None:
    tmp_path.joinpath("pool.csv").write_text("text\n" + "\n".join(["Ann had a nasty stay."] * 9), encoding="utf-8")
    reference = '[reference.pool]\nread = "read.csv"\npath = "pool.csv"\n'
    text = RECIPE.replace('values = ["written", "one", "two"]', 'values = ["written", "one"]').replace("36", "24")
    rows = recipe(tmp_path, f'pool = "pool"\n{reference}', text).run(tmp_path / "out").table.to_pylist()
    assert {edit["new"] for row in rows if row["label"] == "bad" for edit in row["text.edits"] or []} == {"nasty"}


def test_the_target_may_be_another_factor_than_the_label(tmp_path: Path) -> None:
    text = RECIPE.replace('["written", "one", "two"]', '["written", "warm"]').replace("rows = 36", "rows = 24")
    text = text.replace("[[task.relabel]]\nwhen = 'side != \"written\"'\nflip = true\n", "")
    run = recipe(tmp_path, 'target = "side"\n', text)
    warm = """
def write(messages, attempt):
    assert "its side must be: warm" in messages[-1]["content"]
    return "[1] had a very great stay." if "great" in messages[-1]["content"] else "[1] had a very awful stay."
def judge(messages, attempt):
    return "warm" if "very" in messages[-1]["content"] else "written"
strict = judge
"""
    (tmp_path / "model.py").write_text(warm, encoding="utf-8")
    rows = run.run(tmp_path / "out").table.to_pylist()
    assert {(row["side"], "very" in row["text"]) for row in rows} == {("written", False), ("warm", True)}
    assert all(row["word"] in row["text"] for row in rows)


def test_where_nobody_verifies_the_ledger_says_so(tmp_path: Path) -> None:
    text = RECIPE.replace('"./model.py:judge"', '"./model.py:write"')
    with pytest.raises(RecipeError, match=r"verifiers: \[models.judge\] cannot verify: it writes the rows"):
        recipe(tmp_path, text=text).run(tmp_path / "out")
    silent = recipe(tmp_path)
    (tmp_path / "model.py").write_text(f"{MODEL}\ndef judge(messages, attempt):\n    return 'unsure'\n", "utf-8")
    assert silent.run(tmp_path / "none").status == "failed"
    reasons = pq.read_table(tmp_path / "none" / "rejected")["reason"].to_pylist()
    assert {"counterfactual is not verified", "family member rejected"} == set(reasons)


def test_one_model_under_two_names_does_not_vote_twice(tmp_path: Path) -> None:
    text = RECIPE.replace('"./model.py:strict"', '"./model.py:judge"')
    with pytest.raises(RecipeError, match=r"\[models.judge\] and \[models.strict\] are one model"):
        recipe(tmp_path, text=text).run(tmp_path / "out")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("verifiers = []", "verifiers: must not be empty; name a model that does not write"),
        ('verifiers = ["judge", "judge"]', "'judge' would vote twice"),
        ('verifiers = ["jugde"]', r"no \[models.jugde\]"),
        ('verifiers = ["judge"]\nvotes = 2', "from 1 to the number of verifiers, 1, got 2"),
        ('verifiers = ["judge"]\ntarget = "sied"', "no factor 'sied' with levels; did you mean 'side'"),
        ('verifiers = ["judge"]\npool = "real"', "no reference 'real'"),
        ('verifiers = ["judge"]\nshare = 0.0', "above 0 and at most 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, more: str, why: str) -> None:
    text = RECIPE.replace('verifiers = ["judge", "strict"]', more)
    with pytest.raises(RecipeError, match=why):
        recipe(tmp_path, text=text).run(tmp_path / "out")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("[1] was unhappy in [2], she said.", "Ann was unhappy in Oslo, she said."),
        ("[1] was happy in [2] , she said.", "Ann was happy in Oslo , she said."),
        ("[1] was happy in [2], she  said.", "is unchanged"),
        ("[2] was unhappy in [1], she said.", "moved a span"),
        ("Ann was unhappy in [2], she said.", "lost the span who"),
        ("[1] and [1] were unhappy in [2].", "repeated the span who"),
        ('"[1] was unhappy in [2], she said."', "stands in quotes"),
        ("> [1] was unhappy in [2], she said.", "stands in quotes"),
        ("Sure, here is the changed text: [1] was unhappy in [2].", "begins with a preface"),
        ("[1] was unhappy in [2], she said.\nI changed one word.", "has more lines"),
        ("[1] never liked it one bit in [2] or elsewhere.", "changes too much"),
    ],
)
def test_an_answer_is_read_strictly(said: str, found: str) -> None:
    before = marked(TEXT, SPANS)
    assert not isinstance(before, str)
    made = read(Said(text=said), before, TEXT, 0.5)
    assert (made.text if isinstance(made, Candidate) else made) == found
    if isinstance(made, Candidate):
        text = TEXT
        for start, end, new in reversed(made.edits):
            text = text[:start] + new + text[end:]
        assert text == made.text


def test_the_reason_is_that_of_the_candidate_that_got_farthest() -> None:
    assert reason(["is unchanged", "changes too much", "is not verified"]) == "is not verified"
    assert reason(["is unchanged", "changes too much"]) == "changes too much"
    assert reason(["lost the span who", "is unchanged"]) == "lost the span who"
