"""The predictors of a run: every distinct text is asked once, in batches, within a budget, and kept in the run folder.

Probabilities are rounded to six digits, so that the last bits of a numeric library cannot decide which row is kept.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.draws import Ints
from fairloom.predictors import Floats, Prediction
from fairloom.problems import BudgetError, ModelError, PluginError, RecipeError
from fairloom.weaving.guard import blamed
from fairloom.weaving.store import canonical

FILE = "predictions.sqlite"
DIGITS = 6
_AT_ONCE = 500
_TABLES = """
CREATE TABLE IF NOT EXISTS predictions (model TEXT, text BLOB, probabilities BLOB, PRIMARY KEY (model, text));
CREATE TABLE IF NOT EXISTS models (model TEXT PRIMARY KEY, labels TEXT, asked INTEGER NOT NULL DEFAULT 0);
"""


@attrs.define(eq=False)
class Predictors:
    """The predictors of a recipe, by name, and the file that keeps their answers.

    Without a file (a preview) answers are kept in memory.
    """

    path: Path | None = None
    labels: tuple[str, ...] = ()
    """The labels of the task."""
    named: dict[str, Opened] = attrs.field(factory=dict)
    _connection: sqlite3.Connection | None = attrs.field(default=None, init=False)

    def open(self, name: str, work: Any, *, use: str, batch: int, max_texts: int | None) -> None:
        """Take in a predictor that a component built."""
        self.named[name] = Opened(name, work, use, batch, max_texts, self)

    def keep(self, path: Path) -> None:
        """Keep answers in this file from now on; several processes may."""
        self.close()
        self.path = path

    def close(self) -> None:
        """Let the file go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def record(self) -> dict[str, Any]:
        """What the manifest says: of each predictor what decides its answers, and how many texts it was sent."""
        return {
            name: {"use": each.use, "identity": dict(each.work.identity), "texts": each.asked}
            for name, each in self.named.items()
        }

    @property
    def connection(self) -> sqlite3.Connection:
        """The file of answers, opened when the first text is asked."""
        if self._connection is None:
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path or ":memory:", timeout=600, isolation_level=None)
            self._connection.execute("PRAGMA synchronous = OFF")  # a lost answer is asked again
            self._connection.executescript(_TABLES)
        return self._connection


@attrs.define(eq=False)
class Opened:
    """One predictor behind its cache and its budget."""

    name: str
    work: Any
    use: str
    batch: int
    max_texts: int | None
    home: Predictors

    def __str__(self) -> str:
        """As messages name it."""
        return f"predictor {self.name!r} ({self.use})"

    @property
    def key(self) -> str:
        """What tells this model from any other in the file."""
        text = canonical({"use": self.use, "identity": dict(self.work.identity)})
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def source(self) -> str:
        """What tells the model from any other, whatever its settings."""
        return canonical({"use": self.use, "source": dict(getattr(self.work, "source", self.work.identity))})

    @property
    def asked(self) -> int:
        """Texts sent to the model so far, by every process of the run."""
        found = self.home.connection.execute("SELECT asked FROM models WHERE model = ?", (self.key,)).fetchone()
        return int(found[0]) if found else 0

    def predict(self, texts: Any) -> Prediction:
        """The probabilities of these texts, in their order.

        Raises:
            PluginError: The model failed, or its answer breaks the contract.
            BudgetError: The budget does not allow the texts that no one has asked yet.
            ModelError: The file of answers cannot be used.
        """
        try:
            return self._predict(texts)
        except sqlite3.Error as error:
            raise ModelError(
                f"the answers of models kept in {self.home.path} cannot be used: {error}; finished parts are kept. "
                "Make room, or delete that file, and run the same command again: what is missing is asked again"
            ) from error

    def _predict(self, texts: Any) -> Prediction:
        plain = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        coded = plain.cast(pa.string()).fill_null("").dictionary_encode()
        distinct = coded.dictionary
        digests = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in distinct.to_pylist()]
        known = self._known(digests)
        missing = [place for place, digest in enumerate(digests) if digest not in known]
        for start in range(0, len(missing), self.batch):
            some = missing[start : start + self.batch]
            known.update(self._ask(distinct.take(pa.array(some)), [digests[place] for place in some]))
        labels = self._labels()
        table = np.stack([known[digest] for digest in digests]) if digests else np.empty((0, len(labels)))
        return _Answers(labels, table[coded.indices.to_numpy(zero_copy_only=False)], self)

    def _known(self, digests: list[bytes]) -> dict[bytes, Floats]:
        known: dict[bytes, Floats] = {}
        for some in _slices(digests):
            marks = ",".join("?" * len(some))
            query = f"SELECT text, probabilities FROM predictions WHERE model = ? AND text IN ({marks})"  # noqa: S608 - marks
            found = self.home.connection.execute(query, (self.key, *some))
            known.update((text, np.frombuffer(held)) for text, held in found)
        return known

    def _ask(self, texts: pa.Array, digests: list[bytes]) -> Mapping[bytes, Floats]:
        self._reserve(len(texts))
        with blamed(str(self)):
            answer = _checked(self.work.predict(texts), len(texts))
        self._same_labels(answer.labels)
        rounded = np.round(answer.probabilities, DIGITS)
        lines = [(self.key, digest, line.tobytes()) for digest, line in zip(digests, rounded, strict=True)]
        self.home.connection.executemany("INSERT OR IGNORE INTO predictions VALUES (?, ?, ?)", lines)
        return dict(zip(digests, rounded, strict=True))

    def _reserve(self, count: int) -> None:
        """Take ``count`` texts from the budget before they are sent: it holds for all processes together."""
        connection = self.home.connection
        connection.execute("INSERT OR IGNORE INTO models (model) VALUES (?)", (self.key,))
        most = 2**62 if self.max_texts is None else self.max_texts
        done = connection.execute(
            "UPDATE models SET asked = asked + ? WHERE model = ? AND asked + ? <= ?", (count, self.key, count, most)
        )
        if not done.rowcount:
            raise BudgetError(
                f"{self} was sent {self.asked:,} texts, and max_texts = {most:,} does not allow {count:,} more; "
                f"finished parts are kept. Raise predictors.{self.name}.max_texts, or let steps ask less"
            )

    def _labels(self) -> tuple[str, ...]:
        found = self.home.connection.execute("SELECT labels FROM models WHERE model = ?", (self.key,)).fetchone()
        return tuple(json.loads(found[0])) if found and found[0] else ()

    def _same_labels(self, labels: tuple[str, ...]) -> None:
        before = self._labels()
        if before and before != labels:
            raise PluginError(f"{self} answered for the labels {', '.join(labels)} after {', '.join(before)}")
        self.home.connection.execute("UPDATE models SET labels = ? WHERE model = ?", (json.dumps(labels), self.key))


@attrs.frozen(eq=False)
class _Answers(Prediction):
    """Answers that are not held against labels the model has never heard of."""

    model: Opened

    def _places(self, labels: Any) -> Ints:
        places = super()._places(labels)
        task = self.model.home.labels
        if (places < 0).all() and len(labels) > labels.null_count and not set(self.labels) & set(task):
            said = f"{self.model} answers for {', '.join(self.labels)}; the labels are {', '.join(task) or 'others'}"
            way = "have the model answer for the labels of the task: `labels` renames those of predict.transformers"
            beside = self.model.use == self.model.name  # named on the command line, not in a recipe
            raise RecipeError.of(said, *(() if beside else ("predictors", self.model.name)), suggestion=way)
        return places


def _slices(digests: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(digests), _AT_ONCE):
        yield digests[start : start + _AT_ONCE]


def _checked(answer: Any, count: int) -> Prediction:
    """The answer, held to the contract."""
    if not isinstance(answer, Prediction):
        raise PluginError(f"answered a {type(answer).__name__}; a predictor returns a Prediction")
    labels: tuple[object, ...] = answer.labels
    if strange := [label for label in labels if not isinstance(label, str)]:
        raise PluginError(f"answered for the label {strange[0]!r}; labels are texts")
    held = Prediction(answer.labels, np.asarray(answer.probabilities, dtype=np.float64))
    shape = np.shape(held.probabilities)
    if shape != (count, len(held.labels)):
        raise PluginError(f"answered probabilities of shape {shape} for {count} texts and {len(held.labels)} labels")
    if len(set(held.labels)) != len(held.labels) or len(held.labels) < 2:
        said = ", ".join(held.labels) or "none"
        raise PluginError(f"answered for the labels {said}; it takes two or more, each once")
    if not bool(np.all((held.probabilities >= -1e-9) & (held.probabilities <= 1 + 1e-9))):  # NaN fails too
        raise PluginError("answered probabilities outside of 0 to 1")
    return held
