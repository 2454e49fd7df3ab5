"""``./bio.py:bio``: one token and its tag per line, an empty line after each sentence (CoNLL-2003, BIO)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa

import fairloom as fl

TYPES = {"person": "PER", "organisation": "ORG", "city": "LOC"}
"""What each slot is. Slots that are not listed, such as ``person.their``, are no entities."""

TOKEN = re.compile(r"\w+(?:[-'\u2019]\w+)*|[^\w\s]")


def tags(text: str, spans: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The tokens of a text, each with ``O``, ``B-TYPE`` or ``I-TYPE``."""
    entities = [(span["start"], span["end"], TYPES[span["slot"]]) for span in spans if span["slot"] in TYPES]
    for token in TOKEN.finditer(text):
        inside = [(start, kind) for start, end, kind in entities if start <= token.start() < end]
        if inside:
            start, kind = inside[0]
            yield token.group(), f"{'B' if token.start() == start else 'I'}-{kind}"
        else:
            yield token.group(), "O"


@attrs.frozen
class Settings:
    """No keys."""


@attrs.frozen
class Bio:
    """Writes one file with all rows."""

    suffix = ".bio"

    def write(self, batches: Iterator[pa.RecordBatch], path: Path) -> None:
        """Write every row of every batch."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for rows in batches:
                for row in rows.select(["text", "text.spans"]).to_pylist():
                    lines = [f"{token}\t{tag}\n" for token, tag in tags(row["text"], row["text.spans"])]
                    file.write("".join(lines) + "\n")


bio = fl.Writer(
    name="bio",
    summary="One token and its BIO tag per line.",
    config=Settings,
    build=lambda _config, _tools: Bio(),
)
