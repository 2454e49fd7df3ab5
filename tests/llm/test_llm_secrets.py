"""Keys that servers say back: in no journal, log, manifest, report, ledger, row or traceback, whatever the mode."""

from __future__ import annotations

import json
import logging
import sqlite3
import traceback
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.modelling.journal import exported
from fairloom.problems import FairloomError

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
MODES = sorted(path.name for path in RECIPES.glob("llm-*"))


def echoing(secret: str) -> Any:
    """A server that says the key back in whatever it answers: good texts, bad ones, refusals of the request."""
    count = 0

    async def answer(asked: Any) -> Any:
        nonlocal count
        count += 1
        prompt = " ".join(message["content"] for message in asked["messages"])
        good = "It is card_lost or a plain message about a card"
        if "[person.given]" in prompt:
            good = "Hello, [person.given] of [city] has something to say about it"
        elif "[1]" in prompt:
            good = "So [1] was in [2] and has something to say"
        text = secret if count % 3 == 0 else f"{good}, number {count}, and the key is {secret}!"
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        if count % 7 == 0:
            return 400, {"x-key": secret}, json.dumps({"error": {"message": f"bad key {secret}"}}).encode()
        return 200, {"x-key": secret}, json.dumps({"choices": [choice]}).encode()

    return answer


def read(file: Path) -> str:
    """What is in a file: its bytes, and what they say once they are unpacked."""
    raw = file.read_bytes().decode("latin-1")
    if file.suffix == ".parquet":
        return raw + str(pq.ParquetFile(file).read().to_pylist())
    if file.suffix == ".sqlite":
        with closing(sqlite3.connect(file)) as opened:
            return raw + "".join(opened.iterdump()) + "".join(exported(file))
    return raw


@pytest.mark.parametrize("mode", MODES)
def test_a_key_that_is_said_back_is_nowhere_in_any_mode(
    mode: str, serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = f"sk-planted-{mode}-0f1e2d3c"
    monkeypatch.setenv("PLANTED_KEY", secret)
    raised = ""
    with serve(echoing(secret)) as server:
        model = {"llm-judge": "judge"}.get(mode, "writer")
        own = [f'models.{model}.base_url="{server.url}"', f'models.{model}.key_env="PLANTED_KEY"']
        recipe = fl.Recipe.load(
            RECIPES / mode / "recipe.toml", set=[*own, 'journal={replay="off"}', "design.attempts=2"]
        )
        try:
            recipe.run(tmp_path / "out")
        except FairloomError as error:
            raised = "".join(traceback.format_exception(error, chain=True))
        assert {headers["authorization"] for _, _, headers in server.asked} == {f"Bearer {secret}"}
    files = {file: read(file) for file in tmp_path.rglob("*") if file.is_file()}
    said = "".join([caplog.text, raised, *capfd.readouterr()])
    assert any("***" in content for content in files.values())  # it was there to be found
    assert [str(file) for file, content in files.items() if secret in content] == []
    assert secret not in said
