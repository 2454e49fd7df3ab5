"""The journal: every answer of a language model under the digest of what was asked, in one SQLite file.

An answer is committed before anybody sees it, so that a killed run loses none that was paid for. The key covers the
model, the messages, the closed choices, the parameters and the attempt. Several processes may share a journal: where
two asked the same at the same time, both get the answer that was stored first. Failures have a table of their own, and
never stand for an answer.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs

from fairloom.modelling.sharing import TABLES as SHARED
from fairloom.modelling.sharing import claim, release
from fairloom.models import Answer, Failure, Message, Outcome, Request
from fairloom.problems import ModelError, RecipeError

FILE = "journal.sqlite"
MEMORY = ":memory:"
KEPT = ("refused", "cut")
"""Failures that say what the model did: asked again, it would most likely do the same, and be paid again."""

_WAIT = 60.0
"""Seconds to wait for another process that writes."""
_FEW = 500
"""Keys asked for in one query; SQLite bounds the number of parameters."""
_TABLES = """
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, model TEXT NOT NULL, request TEXT NOT NULL, text TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
  answer_tokens INTEGER NOT NULL, seconds REAL NOT NULL, calls INTEGER NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, run TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL,
  calls INTEGER NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS failures_by_key ON failures (key);
CREATE TABLE IF NOT EXISTS used (run TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (run, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (
  run TEXT NOT NULL, model TEXT NOT NULL, calls INTEGER NOT NULL, tokens INTEGER NOT NULL, cost REAL NOT NULL,
  began REAL NOT NULL, PRIMARY KEY (run, model)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reserved (
  ticket INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, model TEXT NOT NULL, tokens INTEGER NOT NULL,
  cost REAL NOT NULL);
CREATE TABLE IF NOT EXISTS probes (model TEXT PRIMARY KEY, found TEXT NOT NULL) WITHOUT ROWID;
"""


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(data: Any) -> str:
    """JSON with sorted keys and no blanks, which keys and digests are taken over."""
    return _ENCODER.encode(data)


def asked(request: Request) -> dict[str, Any]:
    """A request as plain data."""
    return {
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "choices": list(request.choices),
        "parameters": dict(request.parameters),
        "attempt": request.attempt,
    }


@attrs.frozen
class Question:
    """A request to a model as the journal writes it: the canonical JSON of both, and the SHA-256 over them."""

    key: str
    model: str
    request: str

    @classmethod
    def all_of(cls, identity: Mapping[str, Any], requests: Iterable[Request]) -> list[Question]:
        """The questions that these requests to one model are."""
        model = canonical(dict(identity))
        texts = (canonical(asked(request)) for request in requests)
        return [cls(_digest(model, text), model, text) for text in texts]


def _digest(model: str, request: str) -> str:
    return hashlib.sha256(f'{{"model":{model},"request":{request}}}'.encode()).hexdigest()


@attrs.define(eq=False)
class Journal:
    """The journal of one run in this process; the file is opened when something is first asked.

    ``run`` tells the runs that share a file apart. ``recorded`` is a file of answers to begin with.
    """

    path: Path | None
    run: str = ""
    recorded: Path | None = None
    _connection: sqlite3.Connection | None = attrs.field(default=None, init=False)
    _lock: threading.RLock = attrs.field(factory=threading.RLock, init=False)

    def find(self, keys: Iterable[str], *, failures: bool) -> dict[str, Outcome]:
        """What is known under these keys, and note that this run used it.

        ``failures`` asks for all recorded failures where there is no answer; else only those that say what the model
        did (``KEPT``).
        """
        wanted = list(dict.fromkeys(keys))
        with self.writing() as connection:
            found: dict[str, Outcome] = {}
            for few in _chunks(wanted):
                marks = ",".join("?" * len(few))
                failed = {row[0]: _failure(row) for row in connection.execute(_FAILED.format(marks), few)}
                found |= {key: each for key, each in failed.items() if failures or each.kind in KEPT}
                found |= {row[0]: _answer(row) for row in connection.execute(_ANSWERED.format(marks), few)}
            answered = [(self.run, key) for key, each in found.items() if isinstance(each, Answer)]
            connection.executemany("INSERT OR IGNORE INTO used VALUES (?, ?)", answered)
        return found

    @contextmanager
    def asking(self, keys: Iterable[str]) -> Iterator[tuple[dict[str, Outcome], list[str]]]:
        """What is known under these keys by now, and those of the rest that this process may ask inside the block.

        Whatever is in neither is being asked by another process: one request is under way for each key, however many
        processes and runs share the file.
        """
        wanted = list(keys)
        with self.writing() as connection:
            known = self.find(wanted, failures=False)
            mine = claim(connection, [key for key in wanted if key not in known], time.time())
        try:
            yield known, [key for key in wanted if key in mine]
        finally:
            with self.writing() as connection:
                release(connection)

    def add(self, question: Question, outcome: Outcome) -> Outcome:
        """Store an outcome and give back the one that holds: the first answer stored under its key."""
        with self.writing() as connection:
            if isinstance(outcome, Failure):
                row = (question.key, self.run, outcome.kind, outcome.message, outcome.calls, time.time())
                connection.execute(_FAIL, row)
                return outcome
            stored = _store(connection, question, outcome)
            connection.execute("INSERT OR IGNORE INTO used VALUES (?, ?)", (self.run, question.key))
            if stored:
                return outcome
            (row,) = connection.execute(_ANSWERED.format("?"), (question.key,))
            return _answer(row)

    def take_in(self, answers: Iterable[tuple[Mapping[str, Any], Request, Answer]]) -> None:
        """Store answers recorded elsewhere, with the model they are of; what is here already stays."""
        with self.writing() as connection:
            for identity, request, answer in answers:
                (question,) = Question.all_of(identity, [request])
                _store(connection, question, answer)

    def probed(self, identity: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the last look at this model found, if there was one."""
        with self.writing() as connection:
            row = connection.execute(
                "SELECT found FROM probes WHERE model = ?", (canonical(dict(identity)),)
            ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def note_probe(self, identity: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """Keep what a look at this model found."""
        with self.writing() as connection:
            values = (canonical(dict(identity)), canonical(dict(found)))
            connection.execute("INSERT OR REPLACE INTO probes VALUES (?, ?)", values)

    def record(self) -> dict[str, Any]:
        """What the manifest says: how many answers this run used, what they cost, and the digest over them."""
        with self.writing() as connection:
            digest, counts = hashlib.sha256(), dict.fromkeys(("answers", "calls", "prompt_tokens", "answer_tokens"), 0)
            for key, text, calls, prompt, answer in connection.execute(_USED, (self.run,)):
                digest.update(canonical([key, text]).encode() + b"\n")
                for name, more in zip(counts, (1, calls, prompt, answer), strict=True):
                    counts[name] += more
            failed = dict(connection.execute(_FAILURES, (self.run,)).fetchall())
        return {"digest": f"sha256:{digest.hexdigest()}", **counts, "failures": failed}

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other process can come between; inside another one it is a part of that.

        Raises:
            ModelError: The file is no journal or cannot be written.
        """
        with self._lock:
            try:
                connection = self._connection or self._open()
                if connection.in_transaction:
                    yield connection
                    return
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise ModelError(
                    f"the journal {self.path} cannot be used: {error}; what was finished and answered is kept. "
                    "Make room or free the file, or name another with --journal, and run the same command again"
                ) from error

    def _open(self) -> sqlite3.Connection:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        place = MEMORY if self.path is None else str(self.path)
        connection = sqlite3.connect(place, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        _write_ahead(connection)
        # What is committed outlives the process; to outlive a power cut, each answer would wait for the disk.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_TABLES + SHARED)
        self._connection = connection
        if self.recorded is not None:
            with self.recorded.open("rb") as lines:
                self.take_in(recorded(lines))
        return connection

    def close(self) -> None:
        """Fold the log into the file and let it go."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Keep a log beside the file. SQLite does not wait for another process that makes the same change just now."""
    end = time.monotonic() + _WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


_ANSWERED = "SELECT key, text, prompt_tokens, answer_tokens, seconds, calls FROM answers WHERE key IN ({})"
_FAILED = "SELECT key, kind, message, calls FROM failures WHERE key IN ({}) ORDER BY id"
_FAIL = "INSERT INTO failures (key, run, kind, message, calls, at) VALUES (?, ?, ?, ?, ?, ?)"
_USED = (
    "SELECT answers.key, text, calls, prompt_tokens, answer_tokens FROM used JOIN answers USING (key) "
    "WHERE run = ? ORDER BY answers.key"
)
_FAILURES = "SELECT kind, count(DISTINCT key) FROM failures WHERE run = ? GROUP BY kind ORDER BY kind"


def _store(connection: sqlite3.Connection, question: Question, answer: Answer) -> bool:
    """Whether it was stored; ``False`` where there is an answer already."""
    asked_for, tokens = (question.key, question.model, question.request), (answer.prompt_tokens, answer.answer_tokens)
    values = (*asked_for, answer.text, *tokens, answer.seconds, answer.calls, time.time())
    return connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values).rowcount == 1


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _FEW):
        yield keys[start : start + _FEW]


def _answer(row: Sequence[Any]) -> Answer:
    return Answer(text=row[1], prompt_tokens=row[2], answer_tokens=row[3], seconds=row[4], calls=row[5])


def _failure(row: Sequence[Any]) -> Failure:
    return Failure(kind=row[1], message=row[2], calls=row[3])


# -- answers as text, to be kept beside a recipe -------------------------------------------------------------------


def exported(path: Path) -> Iterator[str]:
    """Every answer of a journal as a line of JSON, in order of key: what ``[journal] recorded`` reads.

    Raises:
        ModelError: The file is no journal, or damaged.
    """
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    with closing(connection):
        try:
            for model, request, text, prompt, answer in connection.execute(_ALL):
                line = {"model": json.loads(model), **json.loads(request), "text": text}
                yield json.dumps({**line, "prompt_tokens": prompt, "answer_tokens": answer}, ensure_ascii=False)
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise ModelError(f"{path} cannot be read as a journal: {error}; what came before is whole") from error


_ALL = "SELECT model, request, text, prompt_tokens, answer_tokens FROM answers ORDER BY key"


def recorded(lines: Iterable[bytes]) -> Iterator[tuple[Mapping[str, Any], Request, Answer]]:
    """The answers that ``exported`` wrote.

    Raises:
        RecipeError: A line is no recorded answer.
    """
    for number, line in enumerate(lines, start=1):
        try:
            yield _recorded(json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8")))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            said = f"line {number} is no recorded answer: {type(error).__name__}: {error}"
            raise RecipeError.of(said, "journal", "recorded") from error


def _recorded(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Request, Answer]:
    request = Request(
        messages=tuple(Message(each["role"], each["content"]) for each in data["messages"]),
        choices=tuple(data.get("choices", ())),
        parameters=dict(data.get("parameters", {})),
        attempt=int(data.get("attempt", 0)),
    )
    if not isinstance(data["text"], str):
        raise TypeError(f"'text' is not a text: {data['text']!r}")
    data["text"].encode()  # half a character of JSON is none
    tokens = {name: int(data.get(name, 0)) for name in ("prompt_tokens", "answer_tokens")}
    return dict(data["model"]), request, Answer(text=data["text"], **tokens)
