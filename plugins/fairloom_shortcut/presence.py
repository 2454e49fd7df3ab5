"""In how many rows of each label a token occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import decoded
from fairloom.draws import Ints

if TYPE_CHECKING:
    from fairloom.tokens import Tokens


@attrs.define
class Presence:
    """A table of tokens by labels that grows with both; each row counts once for each of its tokens."""

    rows: int = attrs.field(default=0, init=False)
    _tokens: dict[str, int] = attrs.field(factory=dict, init=False)
    _labels: dict[str, int] = attrs.field(factory=dict, init=False)
    _counts: Ints = attrs.field(factory=lambda: np.zeros((0, 0), dtype=np.int64), init=False)
    _totals: Ints = attrs.field(factory=lambda: np.zeros(0, dtype=np.int64), init=False)

    def add(self, tokens: Tokens, labels: pa.Array) -> None:
        """Count the tokens of some rows, and the label of every row. No label may be null."""
        if not len(labels):
            return
        encoded = decoded(labels).cast(pa.large_string()).dictionary_encode()
        label_codes = _numbered(encoded.dictionary.to_pylist(), self._labels)[encoded.indices.to_numpy()]
        token_codes = _numbered(tokens.names, self._tokens)[tokens.codes]
        self._grow()
        self.rows += len(labels)
        self._totals += np.bincount(label_codes, minlength=self._totals.size)
        once = _distinct(tokens.rows * max(1, len(self._tokens)) + token_codes)
        row, token = np.divmod(once, max(1, len(self._tokens)))
        width = self._totals.size
        met = np.bincount(token * width + label_codes[row], minlength=len(self._tokens) * width)
        self._counts[: len(self._tokens)] += met.reshape(-1, width)

    def sorted(self) -> tuple[list[str], Ints, list[str], Ints]:
        """Labels, rows per label, tokens and the table, labels and tokens in order of name."""
        labels, tokens = sorted(self._labels), sorted(self._tokens)
        columns = np.array([self._labels[name] for name in labels], dtype=np.int64)
        lines = np.array([self._tokens[name] for name in tokens], dtype=np.int64)
        return labels, self._totals[columns], tokens, self._counts[np.ix_(lines, columns)]

    def _grow(self) -> None:
        """Make room for every token and label known so far, twice as many tokens as before at least."""
        height, width = self._counts.shape
        if len(self._tokens) <= height and len(self._labels) == width:
            return
        taller = height if len(self._tokens) <= height else max(2 * height, len(self._tokens))
        counts = np.zeros((taller, len(self._labels)), dtype=np.int64)
        counts[:height, :width] = self._counts
        self._counts = counts
        self._totals = np.concatenate((self._totals, np.zeros(len(self._labels) - width, dtype=np.int64)))


def _numbered(names: list[str], known: dict[str, int]) -> Ints:
    """The code of each name; new names get the next codes."""
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)


def _distinct(keys: Ints) -> Ints:
    """The distinct keys, sorted; ``numpy.unique`` hashes, which takes ten times as long here."""
    ordered = np.sort(keys)
    first = np.ones(ordered.size, dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]
