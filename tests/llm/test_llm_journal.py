"""The journal: what is paid for is kept, whatever happens, and makes the same data again."""

from __future__ import annotations

import codecs
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import fairloom as fl
from fairloom.cli import main
from fairloom.modelling.journal import Journal, Question, exported
from fairloom.models import Answer, Failure, Message, Request
from fairloom.problems import ModelError, RecipeError
from fairloom.verify import rebuild, verify

SAID = {"model": "tiny"}


def question(text: str, **more: Any) -> Request:
    return Request(messages=(Message("user", text),), **more)


def said(text: str) -> Question:
    """A question as the journal writes it."""
    (found,) = Question.all_of(SAID, [question(text)])
    return found


def answers(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        (count,) = connection.execute("SELECT count(*) FROM answers").fetchone()
    connection.close()
    return int(count)


def key_of(identity: dict[str, str], request: Request) -> str:
    (asked,) = Question.all_of(identity, [request])
    return asked.key


def test_everything_asked_is_in_the_key() -> None:
    asked = [
        question("a"),
        question("b"),
        question("a", attempt=1),
        question("a", choices=("x", "y")),
        question("a", choices=("y", "x")),
        question("a", parameters={"temperature": 1}),
        Request(messages=(Message("system", "a"),)),
        Request(messages=(Message("system", "s"), Message("user", "a"))),
    ]
    keys = [key_of(SAID, request) for request in asked]
    assert len(set(keys)) == len(asked)
    assert key_of({"model": "other"}, question("a")) not in keys
    assert key_of(SAID, question("a", parameters={"b": 1, "a": 2})) == key_of(
        SAID, question("a", parameters={"a": 2, "b": 1})
    )


def test_the_first_answer_stored_holds_for_all(tmp_path: Path) -> None:
    one, other = Journal(tmp_path / "j", run="one"), Journal(tmp_path / "j", run="other")
    assert one.add(said("a"), Answer(text="first")) == Answer(text="first")
    assert other.add(said("a"), Answer(text="second")) == Answer(text="first")
    one.close()
    other.close()


def test_failures_are_kept_and_are_no_answers(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", run="r")
    keys = {kind: key_of(SAID, question(kind)) for kind in ("unavailable", "refused", "broken")}
    for kind in keys:
        journal.add(said(kind), Failure(kind=kind, message="no"))  # type: ignore[arg-type]
    assert list(journal.find(keys.values(), failures=False)) == [keys["refused"]]
    assert set(journal.find(keys.values(), failures=True)) == set(keys.values())
    journal.add(said("broken"), Answer(text="after all"))
    assert journal.find([keys["broken"]], failures=True) == {keys["broken"]: Answer(text="after all")}
    assert journal.record()["failures"] == {"broken": 1, "refused": 1, "unavailable": 1}
    journal.close()


def test_a_journal_may_be_made_by_several_at_once(tmp_path: Path) -> None:
    for turn in range(40):
        together = Barrier(8)

        def begin(number: int, path: Path = tmp_path / str(turn), together: Barrier = together) -> int:
            journal = Journal(path, run=str(number))
            together.wait()
            answers: int = journal.record()["answers"]
            journal.close()
            return answers

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(begin, range(8))) == [0] * 8


def test_many_at_once_on_one_file(tmp_path: Path) -> None:
    def work(number: int) -> list[str]:
        journal = Journal(tmp_path / "j", run=str(number))
        held = [journal.add(said(str(each)), Answer(text=f"{number}")) for each in range(50)]
        journal.close()
        return [outcome.text for outcome in held if isinstance(outcome, Answer)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    assert all(texts == found[0] for texts in found)
    assert answers(tmp_path / "j") == 50


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("x" * 5000)
    with pytest.raises(ModelError, match="j cannot be used: file is not a database"):
        Journal(tmp_path / "j").record()
    with pytest.raises(ModelError, match="j cannot be read as a journal: file is not a database"):
        list(exported(tmp_path / "j"))


# -- whole runs --------------------------------------------------------------------------------------------------


def test_a_run_is_the_same_with_workers_and_made_again_without_the_model(asking: Any, tmp_path: Path) -> None:
    recipe = fl.Recipe.load(asking())
    first = recipe.run(tmp_path / "first")
    shared = recipe.run(tmp_path / "shared", workers=2)
    assert shared.manifest["content_digest"] == first.manifest["content_digest"]
    assert shared.manifest["journal"]["digest"] == first.manifest["journal"]["digest"]
    assert first.manifest["models"]["writer"]["calls"] == shared.manifest["models"]["writer"]["calls"] == 48
    assert verify(tmp_path / "first") == rebuild(tmp_path / "first") == []


def test_fresh_makes_no_call_for_what_the_journal_has(asking: Any, tmp_path: Path) -> None:
    recipe = fl.Recipe.load(asking())
    recipe.run(tmp_path / "out")
    again = recipe.run(tmp_path / "out", fresh=True)
    assert again.manifest["models"]["writer"]["calls"] == 48  # as before: nothing was added


def test_a_limit_ends_the_run_and_a_higher_one_goes_on(asking: Any, tmp_path: Path) -> None:
    path, limit = asking(), "models.writer.max_calls"
    with pytest.raises(ModelError, match=r"\[models.writer\]: max_calls = 20 is reached \(20 calls"):
        fl.Recipe.load(path, set=[f"{limit}=20"]).run(tmp_path / "out")
    assert answers(tmp_path / "out" / "journal.sqlite") <= 20
    done = fl.Recipe.load(path, set=[f"{limit}=48"]).run(tmp_path / "out")
    assert (done.status, done.manifest["models"]["writer"]["calls"]) == ("passed", 48)


def test_a_limit_holds_for_workers_together(asking: Any, tmp_path: Path) -> None:
    recipe = fl.Recipe.load(asking(), set=["models.writer.max_calls=20"])
    with pytest.raises(ModelError, match="max_calls = 20 is reached"):
        recipe.run(tmp_path / "out", workers=2)
    with sqlite3.connect(tmp_path / "out" / "journal.sqlite") as connection:
        (calls,) = connection.execute("SELECT sum(calls) FROM spent").fetchone()
        (left,) = connection.execute("SELECT count(*) FROM reserved").fetchone()
    connection.close()
    assert calls + left == 20


def test_answers_recorded_as_text_stand_in_for_the_model(asking: Any, tmp_path: Path, capsys: Any) -> None:
    path = asking()
    first = fl.Recipe.load(path).run(tmp_path / "first")
    assert main(["models", str(path), "--journal", str(tmp_path / "first" / "journal.sqlite"), "--answers"]) == 0
    (path.parent / "answers.jsonl").write_text(capsys.readouterr().out, "utf-8")
    # The refusals of the first run are no answers, so here attempt 0 of those rows has to be asked again.
    again = fl.Recipe.load(path, set=['journal.recorded="answers.jsonl"']).run(tmp_path / "again")
    assert again.manifest["content_digest"] == first.manifest["content_digest"]
    assert again.manifest["models"]["writer"]["calls"] == 8


def test_a_line_that_is_no_answer_is_named(asking: Any, tmp_path: Path) -> None:
    path = asking()
    whole = '{"model": {}, "messages": [], "text": %s}\n'
    lines = ('{"text": "x"}\n', "[" * 99_999, b"\xff\xfe", whole % "null", whole % '"\\ud800"')
    for line in lines:
        data = line if isinstance(line, bytes) else line.encode()
        (path.parent / "answers.jsonl").write_bytes(codecs.BOM_UTF8 + (whole % '"good"').encode() + data)
        with pytest.raises(RecipeError, match=r"journal\.recorded: line 2 is no recorded answer"):
            fl.Recipe.load(path, set=['journal.recorded="answers.jsonl"']).run(tmp_path / "out")


def test_where_a_journal_may_be(asking: Any, tmp_path: Path) -> None:
    path = asking()
    with pytest.raises(RecipeError, match=r"journal\.path: '\.\./j\.sqlite' leaves the recipe's folder"):
        fl.Recipe.load(path, set=['journal.path="../j.sqlite"']).run(tmp_path / "out")
    fl.Recipe.load(path, set=['journal.path="j.sqlite"']).run(tmp_path / "out")
    assert answers(path.parent / "j.sqlite") == 40
    assert not (tmp_path / "out" / "journal.sqlite").exists()


SLOW = '''
import time


def answer(messages, attempt):
    """Answer after a while, and note it: what is noted was paid for."""
    time.sleep(0.05)
    text = messages[-1]["content"]
    with open({log!r}, "a") as log:
        log.write(text + "\\n")
    return f"{{text}} ({{attempt}})"
'''


def test_killed_at_any_moment_a_run_loses_no_answer_and_ends_the_same(asking: Any, tmp_path: Path) -> None:
    log = tmp_path / "paid"
    path = asking()
    (path.parent / "model.py").write_text(SLOW.format(log=str(log)))
    whole = fl.Recipe.load(path).run(tmp_path / "whole")
    log.unlink()
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "fairloom", "run", str(path), "--to", str(out), "--quiet", "--workers", "2"]
    kills = 0
    for delay in (0.1, 0.35, 0.2, 0.5, 0.15, 60.0):
        start = len(log.read_text().splitlines()) if log.exists() else 0
        process = subprocess.Popen(command, start_new_session=True)
        for _ in range(600):  # the clock runs from the first call on
            if process.poll() is not None or (log.exists() and len(log.read_text().splitlines()) > start):
                break
            time.sleep(0.02)
        try:
            process.wait(delay)
            break
        except subprocess.TimeoutExpired:
            kills += 1
            for child in _workers(process.pid):
                with suppress(ProcessLookupError):  # it may just have ended
                    os.kill(child, signal.SIGKILL)
            process.kill()
            process.wait()
    assert process.returncode == 0
    assert kills
    # Each kill may have caught one call of each worker between its answer and the journal, never more.
    assert len(log.read_text().splitlines()) <= 40 + 2 * kills
    run = fl.Run.open(out)
    assert run.manifest["content_digest"] == whole.manifest["content_digest"]
    assert run.manifest["journal"]["digest"] == whole.manifest["journal"]["digest"]


def _workers(parent: int) -> list[int]:
    """The child processes of a process."""
    try:
        return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []
