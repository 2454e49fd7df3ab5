"""What the processes of a run share: quotas, places, and answers that come to several rows at once."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import fairloom as fl
from fairloom.modelling.journal import Journal, Question
from fairloom.modelling.pace import Counts, together
from fairloom.modelling.sharing import Shared
from fairloom.showing.progress import Silent


@settings(max_examples=60, deadline=None)
@given(
    most=st.integers(1, 12),
    turns=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 15), st.integers(0, 15)), max_size=40),
)
def test_processes_never_hold_more_places_than_there_are(most: int, turns: list[tuple[str, int, int]]) -> None:
    """Each says again and again how many it wants and how many of those it had are still under way."""
    journal, held = Journal(None, run="r"), dict.fromkeys("abc", 0)
    for now, (process, wanted, under_way) in enumerate(turns):
        still = min(under_way, held[process])
        with journal.writing() as connection:
            shared = Shared(connection, "r", "m", float(now), process)
            granted = shared.places(most, wanted=wanted, held=still, seconds=1e6)
        assert granted <= wanted
        held[process] = max(granted, still) if wanted or still else 0
        assert sum(held.values()) <= most
        alone = sum(held.values()) == held[process]
        assert not alone or granted >= min(1, wanted)
    journal.close()


def test_places_are_given_up_to_whoever_comes_and_come_back_from_the_dead() -> None:
    journal = Journal(None, run="r")

    def ask(process: str, now: float, held: int = 0) -> int:
        with journal.writing() as connection:
            return Shared(connection, "r", "m", now, process).places(8, wanted=20, held=held, seconds=10)

    assert (ask("a", 0.0), ask("b", 0.1)) == (8, 0)
    assert (ask("a", 0.2, held=8), ask("b", 0.3)) == (4, 0)  # what is under way stays
    assert (ask("a", 0.4, held=4), ask("b", 0.5)) == (4, 4)
    assert ask("a", 11.0, held=4) == 8  # nothing was heard of b
    journal.close()


def test_processes_draw_from_one_bucket() -> None:
    journal = Journal(None, run="r")
    used: list[float] = []
    for number in range(200):
        with journal.writing() as connection:
            now = 0.01 * number
            used.append(now + Shared(connection, "r", "m", now, "ab"[number % 2]).draw("q", rate=10, burst=5, amount=1))
    assert used == sorted(used)
    assert all(later - first >= (number - 5) / 10 - 1e-6 for first in used[:1] for number, later in enumerate(used, 1))
    assert abs(used[-1] - (200 - 5) / 10) < 0.2
    journal.close()


OTHER = """
import sys, time
from pathlib import Path
from fairloom.modelling.journal import Journal, Question
from fairloom.models import Answer
journal = Journal(Path(sys.argv[1]), run="other")
with journal.asking(sys.argv[2:]) as (known, mine):
    print(len(mine), flush=True)
    sys.stdin.readline()
    journal.add(Question(mine[0], "m", "r"), Answer(text="from the other"))
    print("answered", flush=True)
    time.sleep(60)
"""


def test_a_key_is_asked_by_one_process_at_a_time(opened: Any, serve: Any, ask: Any, tmp_path: Path) -> None:
    """The other one waits for its answer, and asks by itself once that one died without."""
    requests = [ask("one"), ask("two")]

    async def answer(_: Any) -> Any:
        return 200, {}, b'{"choices": [{"message": {"content": "from here"}}]}'

    with serve(answer) as server, ThreadPoolExecutor(1) as pool:
        model = opened(server.url)
        keys = [question.key for question in Question.all_of(model.asks.identity, requests)]
        command = [sys.executable, "-c", OTHER, str(tmp_path / "journal.sqlite"), *keys]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as other:
            assert other.stdin
            assert other.stdout
            assert other.stdout.readline() == "2\n"
            outcomes = pool.submit(model.ask, requests)
            time.sleep(0.3)
            other.stdin.write("\n")
            assert other.stdout.readline() == "answered\n"
            time.sleep(0.3)
            assert server.asked == []
            other.kill()
        assert [outcome.text for outcome in outcomes.result(10)] == ["from the other", "from here"]
    assert len(server.asked) == 1


def test_claims_of_a_process_whose_number_lives_on_are_free(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", run="r")
    with journal.writing() as connection:
        connection.execute("INSERT INTO asking VALUES ('k', 'of old', ?, '1', ?)", (os.getpid(), time.time()))
    with journal.asking(["k"]) as (_, mine):
        assert mine == ["k"]
    journal.close()


def test_claims_of_a_killed_process_that_nobody_has_waited_for_are_free(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", run="r")
    command = [sys.executable, "-c", OTHER, str(tmp_path / "j"), "k"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "1\n"
        other.kill()
        assert other.stdout.read() == ""  # it has ended, and is still in the table of processes
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        with journal.asking(["k"]) as (_, mine):
            assert mine == ["k"]
    journal.close()


def _over_http(path: Path, url: str, more: str = "") -> Path:
    text = path.read_text("utf-8").replace('use = "llm.local"', f'use = "llm.openai"\nbase_url = "{url}"\nmodel = "m"')
    path.write_text(text.replace('call = "./model.py:answer"', more), "utf-8")
    return path


class _Notes(Silent):
    """Progress that keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_workers_keep_to_one_quota_and_one_number_of_places(asking: Any, serve: Any, tmp_path: Path) -> None:
    async def answer(_: Any) -> Any:
        await asyncio.sleep(0.05)
        return 200, {}, b'{"choices": [{"message": {"content": "a day"}}], "usage": {"prompt_tokens": 1000}}'

    said = _Notes()
    with serve(answer) as server:
        more = "requests_per_minute = 900\nmax_places = 3\nprompt_price = 10000"
        recipe = fl.Recipe.load(_over_http(asking(), server.url, more))
        done = recipe.run(tmp_path / "out", workers=2, progress=said)
    assert done.status == "passed"
    assert said.notes
    assert all(note.startswith("writer: ") and "cost" in note and "s left" in note for note in said.notes)
    times = [at for at, _, _ in server.asked]
    rate = 900 / 60
    assert len(times) == 40
    assert times[-1] - times[0] >= (40 - rate - 2) / rate  # a second of the quota may come at once
    assert 2 <= server.most <= 3


def test_what_workers_say_is_added_up() -> None:
    waiting = Counts(model="a", asked=4, done=0, failed=0, cost=0, rate=0, why="unavailable: ConnectError")
    assert waiting.line == "a: 0 of 4 asked, 0.0 a second, tried again: unavailable: ConnectError"
    one = Counts(model="a", asked=20, done=5, failed=0, cost=0.25, rate=2.0)
    other = Counts(model="a", asked=30, done=15, failed=1, cost=0.5, rate=3.0)
    assert [each.line for each in together([one, other])] == [
        "a: 20 of 50 asked, 5.0 a second, 1 failed, cost 0.75, 6 s left"
    ]


def test_killed_at_any_moment_answers_that_came_together_are_kept(asking: Any, serve: Any, tmp_path: Path) -> None:
    """Eight places: each kill may have caught what was under way, never more. No two calls are answered alike."""
    places, numbers = 8, itertools.count()

    async def answer(asked: Any) -> Any:
        await asyncio.sleep(0.05)
        text = f"{asked['messages'][-1]['content']} {next(numbers)}"
        return 200, {}, b'{"choices": [{"message": {"content": "%s"}}]}' % text.encode()

    with serve(answer) as server:
        path = _over_http(asking(("rows = 40", "rows = 400")), server.url, f"max_places = {places}")
        path.write_text(path.read_text("utf-8").replace("rows = 8", "rows = 200"), "utf-8")
        out, kills, before = tmp_path / "out", 0, 0
        command = [sys.executable, "-m", "fairloom", "run", str(path), "--to", str(out), "--quiet"]
        for delay in (0.1, 0.4):
            start = len(server.asked) + 3 * places  # some of it of the run before
            process = subprocess.Popen(command, start_new_session=True)
            while len(server.asked) < start:
                assert process.poll() is None
                time.sleep(0.01)
            time.sleep(delay)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            with sqlite3.connect(out / "journal.sqlite") as connection:
                (kept,) = connection.execute("SELECT count(*) FROM answers").fetchone()
            connection.close()
            assert before < kept < 400
            assert kept >= len(server.asked) - places * kills
            before = kept
        assert subprocess.run(command, check=False).returncode == 0
    assert len(server.asked) <= 400 + places * kills
    ended = fl.Run.open(out).manifest
    assert ended["journal"]["answers"] == 400
    again = fl.Recipe.load(path).run(tmp_path / "again", replay="only", journal=out / "journal.sqlite", workers=2)
    assert again.manifest["content_digest"] == ended["content_digest"]
