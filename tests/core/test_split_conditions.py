"""Splits by condition: the first condition that a row meets, families whole, faults said before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import fairloom as fl

if TYPE_CHECKING:
    from pathlib import Path


def recipe(root: Path, split: dict[str, Any], **design: Any) -> fl.Recipe:
    sizes = [{"word": f"w{number}", "size": number} for number in range(1, 7)]
    templates = [{"name": "long", "text": "{{ word }} {{ mood }}."}, {"name": "short", "text": "{{ mood }}."}]
    return fl.Recipe.from_data(
        {
            "recipe": {"name": "apart", "seed": 1},
            "factors": {
                "template": {"values": templates},
                "word": {"values": sizes, "keep": ["size"]},
                "mood": {"values": ["glad", "sad"]},
                "amount": {"sample": "values.integer", "min": 1, "max": 3},
            },
            "design": {"use": "design.factorial", **design},
            "step": [{"generate": "template"}],
            "export": {"split": split},
        },
        root,
    )


def test_rows_go_to_the_first_condition_they_meet(tmp_path: Path) -> None:
    split = {"train": "rest", "test": "word.size > 4", "dev": "word.size > 2 and mood == 'sad'"}
    run = recipe(tmp_path, split).run(tmp_path / "out")
    assert run.manifest["splits"] == {"train": 8, "test": 4, "dev": 2}
    assert set(run.split("test")["word.size"].to_pylist()) == {"5", "6"}
    short = [row for row in run.split("train").to_pylist() if row["template"] == "short"]
    assert len(short) == 2  # they use no word, so they meet no condition about one


def test_families_go_as_a_whole(tmp_path: Path) -> None:
    run = recipe(tmp_path, {"test": "word.size > 4", "train": "rest"}, within=["mood"]).run(tmp_path / "out")
    families = [set(run.split(name)["family"].to_pylist()) for name in ("train", "test")]
    assert not families[0] & families[1]
    assert run.manifest["splits"] == {"test": 4, "train": 10}


def test_exports_have_a_file_per_split(tmp_path: Path) -> None:
    made = recipe(tmp_path, {"test": "word.size > 4", "train": "rest"})
    data = {**made.resolved, "export": {**made.resolved["export"], "formats": ["write.jsonl"]}}
    fl.Recipe.from_data(data, tmp_path).run(tmp_path / "out")
    assert len((tmp_path / "out" / "export" / "test.jsonl").read_text("utf-8").splitlines()) == 4


@pytest.mark.parametrize(
    ("split", "design", "said"),
    [
        ({"test": "word.size > 4"}, {}, "export.split: exactly one split takes the rows that meet no condition"),
        ({"a": "rest", "b": "rest"}, {}, "got a and b"),
        ({"a": "word.size > 4", "b": 0.5, "c": "rest"}, {}, "export.split.b: is a share, and a is a condition"),
        ({"a": "wrd.size > 4", "b": "rest"}, {}, "export.split.a: there is no factor 'wrd'; did you mean 'word'?"),
        ({"a": "word.sise > 4", "b": "rest"}, {}, "export.split.a: factor 'word' has no column 'sise'"),
        ({"a": "word.size >", "b": "rest"}, {}, "export.split.a: "),
        ({"a": "amount > 1", "b": "rest"}, {}, "'amount' is sampled and has no levels"),
        ({"a": "mood == 'sad'", "b": "rest"}, {"within": ["mood"]}, "'mood' varies inside each family"),
        ({"a": "mood == 'sad'", "b": "rest", "together": ["word"]}, {}, "export.split.together: goes with shares"),
        ({"a": " ", "b": "rest"}, {}, "export.split.a: an empty condition"),
        ({"a": True, "b": "rest"}, {}, "export.split.a: "),
    ],
)
def test_what_cannot_be_split_is_said(tmp_path: Path, split: dict[str, Any], design: dict[str, Any], said: str) -> None:
    with pytest.raises(fl.RecipeError) as caught:
        recipe(tmp_path, split, **design).run(tmp_path / "out")
    assert said in str(caught.value)
