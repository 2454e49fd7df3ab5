"""The reader ``bio``: one token and its tag per line, a blank line between sentences (CoNLL)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pyarrow as pa

from fairloom.batch import SPANS
from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from fairloom.components import Tools


@attrs.frozen(kw_only=True)
class Bio:
    """Settings of ``read.bio``."""

    path: str = attrs.field(metadata={"help": "the file, relative to the recipe"})
    encoding: str = attrs.field(default="utf-8", metadata={"help": "the encoding of the file"})


@attrs.frozen
class BioReader:
    """Reads the first column as the token and the last as its tag; tokens are joined by one blank."""

    path: Path
    encoding: str

    def read(self) -> Iterator[pa.RecordBatch]:
        """Columns ``text`` and ``text.spans``."""
        rows = [_row(tokens) for tokens in self._sentences()]
        if not rows:
            raise RecipeError.of(f"{self.path.name} has no rows", "path")
        texts, spans = zip(*rows, strict=True)
        yield pa.record_batch({"text": pa.array(texts, pa.string()), "text.spans": pa.array(spans, SPANS)})

    def _sentences(self) -> Iterator[list[tuple[str, str]]]:
        tokens: list[tuple[str, str]] = []
        try:
            lines = self.path.read_text(self.encoding).splitlines()
        except (ValueError, LookupError) as error:
            raise RecipeError.of(f"{self.path.name} is not {self.encoding}: {error}", "encoding") from error
        for number, line in enumerate([*lines, ""], start=1):
            parts = line.split()
            if not parts or parts[0] == "-DOCSTART-":
                if tokens:
                    yield tokens
                tokens = []
            elif len(parts) < 2 or (parts[-1] != "O" and parts[-1][:2] not in {"B-", "I-"}):
                raise RecipeError.of(f"{self.path.name}, line {number}: no token and tag (B-, I- or O)", "path")
            else:
                tokens.append((parts[0], parts[-1]))


def build(config: Bio, tools: Tools) -> BioReader:
    """The reader."""
    return BioReader(tools.open_path(config.path), config.encoding)


def _row(tokens: list[tuple[str, str]]) -> tuple[str, list[dict[str, Any]]]:
    spans: list[dict[str, Any]] = []
    position, last = 0, "O"
    for token, tag in tokens:
        end = position + len(token)
        if tag.startswith("I-") and last[2:] == tag[2:]:
            spans[-1]["end"] = end
        elif tag != "O":
            spans.append({"start": position, "end": end, "slot": tag[2:]})
        position, last = end + 1, tag
    text = " ".join(token for token, _ in tokens)
    return text, [{**span, "value": text[span["start"] : span["end"]]} for span in spans]
