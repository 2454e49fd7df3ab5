"""The value table ``grammar.sentences``: every sentence of a grammar, or a spread sample of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.tables import Document, read_document
from fairloom_grammar.composing import DERIVATION, Composer
from fairloom_grammar.counting import CEILING, Class, Counts
from fairloom_grammar.grammar import TEXT, Grammar
from fairloom_grammar.reading import RESERVED, grammar_of
from fairloom_grammar.sampling import drawn
from fairloom_grammar.soundness import height_of
from fairloom_grammar.values import Complain

MOST = 1_000_000
"""Sentences that one table may hold: value tables are kept in memory."""


def _between(low: int, high: int) -> Callable[[object, object, int | None], None]:
    def check(_instance: object, _field: object, value: int | None) -> None:
        if value is not None and not low <= value <= high:
            msg = f"must be from {low:,} to {high:,}, got {value:,}"
            raise ValueError(msg)

    return check


@attrs.frozen(kw_only=True)
class SentencesConfig:
    """Settings of ``grammar.sentences``."""

    rules: str | dict[str, Any] = attrs.field(
        metadata={"help": "a TOML file with the rules, or the rules: alternatives by nonterminal"}
    )
    start: str | None = attrs.field(
        default=None, metadata={"help": "the nonterminal of a sentence; the file's start, or the first"}
    )
    compose: tuple[str, ...] | None = attrs.field(
        default=None, metadata={"help": "the values that become columns; the file's, or all that a sentence has"}
    )
    max_depth: int | None = attrs.field(
        default=None,
        metadata={"help": "the greatest height of a derivation; needed where rules are recursive"},
        validator=_between(1, 200),
    )
    limit: int | None = attrs.field(
        default=None,
        metadata={"help": "draw so many sentences, all different derivations"},
        validator=_between(1, MOST),
    )
    by: Literal["sentence", "depth", "rule"] = attrs.field(
        default="sentence",
        metadata={"help": "what a sample is even over: derivations, their heights, or alternatives of the start"},
    )
    words: dict[str, str] = attrs.field(
        factory=dict, metadata={"help": "further columns with numbers of words: ours = the column counted"}
    )
    same_text: Literal["stop", "first", "keep"] = attrs.field(
        default="stop", metadata={"help": "what a text with several derivations does"}
    )
    derivation: bool = attrs.field(default=False, metadata={"help": "add the whole derivation as a column"})


def build(config: SentencesConfig, tools: Tools) -> Sentences:
    """Read, check and count the grammar."""
    grammar, complain = _read(config, tools)
    counts = Counts.of(grammar, height_of(grammar, config.max_depth, complain))
    problems = list(_setting_problems(config, grammar))
    if problems:
        raise RecipeError(problems)
    total = counts.size(_all(counts))
    if config.limit is None and total > MOST or total >= CEILING:
        said = f"more than {CEILING:,}" if total >= CEILING else f"{total:,}"
        way = "give a lower max_depth" if total >= CEILING else "give limit (a sample) or a lower max_depth"
        raise RecipeError.of(f"the grammar holds {said} sentences; a table may hold {MOST:,}", suggestion=way)
    return Sentences(config, counts, tools.draws)


def _read(config: SentencesConfig, tools: Tools) -> tuple[Grammar, Complain]:
    start, values = config.start, config.compose
    if not isinstance(config.rules, str):
        return grammar_of(config.rules, start, values, _plain), _plain
    try:
        path = tools.open_path(config.rules)
    except RecipeError as error:
        raise RecipeError([attrs.evolve(problem, path=("rules",)) for problem in error.problems]) from error
    document = read_document(path)
    document = attrs.evolve(document, path=type(path)(config.rules))
    _check_document(document)
    start = document.data.get("start") if start is None else start
    values = document.data.get("compose") if values is None else values
    return grammar_of(document.data.get("rules"), start, values, document.problem), document.problem


def _check_document(document: Document) -> None:
    kinds = {"start": str, "compose": list, "rules": dict}
    problems = [
        document.problem(f"unknown key {key!r}", key, suggestion=did_you_mean(key, kinds))
        for key in document.data
        if key not in kinds
    ]
    problems += [
        document.problem(f"must be {_KINDS[kind]}, got {document.data[key]!r}", key)
        for key, kind in kinds.items()
        if key in document.data and not isinstance(document.data[key], kind)
    ]
    if problems:
        raise RecipeError(problems)


_KINDS = {str: "a string", list: "an array", dict: "a table"}


def _plain(message: str, *key: str | int, suggestion: str | None = None) -> Problem:
    """A problem in rules that stand in the recipe itself, which knows its places."""
    return Problem(message, path=key, suggestion=suggestion)


def _all(counts: Counts) -> Class:
    start = counts.grammar.start
    return Class(start, len(counts.within[start]) - 1)


def _setting_problems(config: SentencesConfig, grammar: Grammar) -> Iterator[Problem]:
    columns = grammar.columns[grammar.start]
    for ours, theirs in config.words.items():
        if theirs not in columns:
            hint = did_you_mean(theirs, columns)
            yield Problem(f"sentences have no column {theirs!r}", ("words", ours), suggestion=hint)
        if ours in {*columns, *RESERVED}:
            yield Problem(f"there is a column {ours!r} already", ("words", ours))
    if config.limit is None and config.by != "sentence":
        yield Problem("says how a sample is drawn, and there is no limit", ("by",), suggestion="give limit")


@attrs.frozen(eq=False)
class Sentences:
    """The sentences of a grammar as levels."""

    config: SentencesConfig
    counts: Counts
    draws: Draws

    def table(self) -> pa.Table:
        """One row per derivation, in documented order: text, values, numbers of words, ``depth``, ``rule``.

        Raises:
            RecipeError: texts come up more than once and the recipe does not say what then.
        """
        composer = Composer(self.counts, self.config.derivation)
        whole = _all(self.counts)
        total = self.counts.size(whole)
        if self.config.limit is None or self.config.limit >= total:
            table = self._columns(composer.write(whole, np.arange(total, dtype=np.int64)))
        else:
            picked = drawn(self.counts, whole, self.config.limit, self.config.by, self.draws)
            tables = [self._columns(composer.write(wanted, ranks)) for wanted, ranks in picked]
            table = pa.concat_tables(tables).combine_chunks()
        return self._unambiguous(table)

    def _columns(self, written: Any) -> pa.Table:
        names = self.counts.grammar.columns[self.counts.grammar.start]
        columns = {name: written.columns[name] for name in names}
        columns |= {ours: words_of(columns[theirs]) for ours, theirs in self.config.words.items()}
        columns |= {"depth": pa.array(written.depth), "rule": written.rule}
        if self.config.derivation:
            columns[DERIVATION] = written.columns[DERIVATION]
        return pa.table(columns)

    def _unambiguous(self, table: pa.Table) -> pa.Table:
        coded = table.column(TEXT).combine_chunks().dictionary_encode()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        readings = np.bincount(codes, minlength=len(coded.dictionary))
        if self.config.same_text == "keep":
            return table.append_column("readings", pa.array(readings[codes]))
        if (readings == 1).all():
            return table
        if self.config.same_text == "stop":
            example = coded.dictionary[int(np.argmax(readings > 1))].as_py()
            several = int((readings[codes] > 1).sum())
            message = f"{several:,} of {len(codes):,} sentences share their text with another, such as {example!r}"
            way = 'write "first" to keep the first derivation of each text, or "keep" for all, with their number'
            raise RecipeError.of(message, "same_text", suggestion=way)
        _, first = np.unique(codes, return_index=True)
        return table.take(pa.array(np.sort(first)))


def words_of(column: pa.Array) -> pa.Array:
    """The number of words, parted by blanks, in each text."""
    trimmed = pc.utf8_trim_whitespace(column)
    words = pc.list_value_length(pc.utf8_split_whitespace(trimmed))
    return pc.if_else(pc.equal(trimmed, ""), 0, words).cast(pa.int64())
