"""Grammars: sentences made by recursive rules, with labels and other values composed beside the text."""

from __future__ import annotations

from collections.abc import Iterable

from fairloom.components import ValueTable
from fairloom.hooks import hookimpl
from fairloom_grammar.sentences import SentencesConfig, build


@hookimpl
def fairloom_tables() -> Iterable[ValueTable]:
    """The table of sentences."""
    yield ValueTable(
        name="sentences",
        summary="the sentences of a grammar, one per derivation, with values composed by the same rules",
        config=SentencesConfig,
        build=build,
    )
