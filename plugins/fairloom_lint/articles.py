"""``lint.articles``: how many rows have a wrong "a" or "an", and in which group they fall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.components import Measurement, Tools
from fairloom.factors import Axis, Factor
from fairloom.sounds import begins_with_vowel_sound
from fairloom_lint.axes import levels_of

_QUOTES = "'\"\u201c\u2018\u00ab([*_"
_SENTENCE_END = "[.!?:;\u2026]['\"\u201d\u2019\u00bb)\\]*_]*$"
_SHOWN = 20

Flags = npt.NDArray[np.bool_]


@attrs.frozen(kw_only=True)
class ArticlesConfig:
    """Settings of ``lint.articles``."""

    field: str | None = attrs.field(default=None, metadata={"help": "text field to read; the task's first by default"})
    by: str | None = attrs.field(default=None, metadata={"help": "axis to count the faulty rows by, `template.label`"})


@attrs.define
class Articles:
    """Counts rows with at least one wrong article.

    ``value`` is the number of such rows. ``values`` has ``a`` and ``an`` (rows with that article
    wrong) and, with ``by``, ``gap``: the largest difference between two levels in the share of faulty
    rows. ``detail`` has the counts per level, the commonest faults and the first texts. A capital "A"
    counts as an article only where a sentence starts.
    """

    field: str
    by: Axis | None
    factors: Mapping[str, Factor]
    rows: int = 0
    wrong: int = 0
    kinds: Counter[str] = attrs.field(factory=Counter)
    faults: Counter[str] = attrs.field(factory=Counter)
    groups: Counter[str] = attrs.field(factory=Counter)
    wrong_groups: Counter[str] = attrs.field(factory=Counter)
    examples: list[str] = attrs.field(factory=list)
    missing: str | None = None

    @classmethod
    def build(cls, config: ArticlesConfig, tools: Tools) -> Articles:
        """The metric for the task's main field, or the one named."""
        by = Axis.parse(config.by) if config.by else None
        return cls(config.field or tools.task.fields[0], by, tools.factors)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Find the articles, judge the words after them, and count the rows."""
        if self.field not in rows.schema.names:
            self.missing = f"the rows have no text field {self.field!r}"
            return
        texts = rows.column(self.field)
        owner, article, following = _after_articles(texts)
        faulty = _wrong(article, following)
        at = np.unique(owner[faulty])
        self.rows += rows.num_rows
        self.wrong += len(at)
        self._note_faults(owner[faulty], article.filter(pa.array(faulty)), following.filter(pa.array(faulty)))
        self._note_groups(rows, at)
        self.examples += texts.take(pa.array(at[: 5 - len(self.examples)])).to_pylist()

    def result(self) -> Measurement:
        """The number of faulty rows, with its parts."""
        if self.missing:
            return Measurement(value=None, why=self.missing)
        shares = {name: self.wrong_groups[name] / n for name, n in self.groups.items()}
        values = {kind: float(self.kinds[kind]) for kind in ("a", "an")}
        if shares:
            values["gap"] = max(shares.values()) - min(shares.values())
        groups = {name: {"wrong": self.wrong_groups[name], "rows": n} for name, n in sorted(self.groups.items())}
        common = sorted(self.faults.items(), key=lambda fault: (-fault[1], fault[0]))
        detail = {"by": groups, "faults": dict(common[:_SHOWN]), "examples": self.examples}
        return Measurement(value=float(self.wrong), n=self.rows, values=values, detail=detail)

    def _note_faults(self, owner: npt.NDArray[np.int64], article: pa.Array, following: pa.Array) -> None:
        for kind in ("a", "an"):
            self.kinds[kind] += len(np.unique(owner[pc.equal(article, kind).to_numpy(zero_copy_only=False)]))
        phrases = pc.binary_join_element_wise(article, following, " ")
        for count in pc.value_counts(phrases).to_pylist():
            self.faults[count["values"]] += count["counts"]

    def _note_groups(self, rows: pa.RecordBatch, at: npt.NDArray[np.int64]) -> None:
        if self.by is None:
            return
        levels = levels_of(rows, self.by, self.factors)
        if levels is None:
            self.missing = f"the rows have no column for the axis {self.by}"
            return
        for counter, part in ((self.groups, levels), (self.wrong_groups, levels.take(pa.array(at)))):
            for count in pc.value_counts(part).to_pylist():
                counter[str(count["values"])] += count["counts"]


def _after_articles(texts: pa.Array) -> tuple[npt.NDArray[np.int64], pa.Array, pa.Array]:
    """Every article with a word after it: the row it is in, the article in lower case, the word."""
    words = pc.utf8_split_whitespace(texts)
    counts = pc.fill_null(pc.list_value_length(words), 0).to_numpy(zero_copy_only=False)
    flat = words.flatten()
    owner = np.repeat(np.arange(len(texts), dtype=np.int64), counts)
    at = np.flatnonzero(_articles(flat, owner))
    at = at[at + 1 < len(owner)]
    at = at[owner[at] == owner[at + 1]]
    article = pc.utf8_lower(pc.utf8_ltrim(flat.take(pa.array(at)), characters=_QUOTES))
    return owner[at], article, flat.take(pa.array(at + 1))


def _articles(words: pa.Array, owner: npt.NDArray[np.int64]) -> Flags:
    """Which words are articles: "a" and "an" anywhere, "A" and "An" where a sentence starts."""
    bare = pc.utf8_ltrim(words, characters=_QUOTES)
    small = _is_in(bare, ["a", "an"])
    large = _is_in(bare, ["A", "An"])
    starts = np.ones(len(words), dtype=bool)
    starts[1:] = owner[1:] != owner[:-1]
    ends = _flags(pc.match_substring_regex(words, _SENTENCE_END))
    starts[1:] |= ends[:-1]
    starts |= ~_flags(pc.equal(bare, words))
    return small | (large & starts)


def _wrong(article: pa.Array, following: pa.Array) -> Flags:
    """Which articles do not fit the word after them; each different word is judged once."""
    encoded = following.dictionary_encode()
    sounds = [begins_with_vowel_sound(word) for word in encoded.dictionary.to_pylist()]
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    vowel = np.array([sound is True for sound in sounds], dtype=bool)[codes]
    consonant = np.array([sound is False for sound in sounds], dtype=bool)[codes]
    an = _is_in(article, ["an"])
    wrong: Flags = (an & consonant) | (~an & vowel)
    return wrong


def _is_in(words: pa.Array, values: list[str]) -> Flags:
    return _flags(pc.is_in(words, value_set=pa.array(values, pa.string())))


def _flags(mask: pa.Array) -> Flags:
    flags: Flags = pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False)
    return flags
