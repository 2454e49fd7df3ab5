"""The reader ``snips``: utterances in pieces, some of them named, as in the Snips voice assistant's files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pyarrow as pa

from fairloom.batch import SPANS
from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from fairloom.components import Tools


@attrs.frozen(kw_only=True)
class Snips:
    """Settings of ``read.snips``."""

    path: str = attrs.field(metadata={"help": "the file, relative to the recipe"})
    encoding: str = attrs.field(default="utf-8", metadata={"help": "the encoding of the file"})
    damaged: Literal["refuse", "mark"] = attrs.field(
        default="refuse", metadata={"help": "what bytes that are not of the encoding do: refuse the file, or mark them"}
    )


@attrs.frozen
class SnipsReader:
    """Reads ``{"intent": [{"data": [{"text": "play "}, {"text": "Elbow", "entity": "artist"}]}]}``."""

    path: Path
    config: Snips

    def read(self) -> Iterator[pa.RecordBatch]:
        """Columns ``text``, ``label`` (the intent) and ``text.spans``."""
        rows = [_row(intent, self._pieces(intent, each)) for intent, each in self._utterances()]
        if not rows:
            raise RecipeError.of(f"{self.path.name} has no rows", "path")
        texts, labels, spans = zip(*rows, strict=True)
        yield pa.record_batch(
            {
                "text": pa.array(texts, pa.string()),
                "label": pa.array(labels, pa.string()),
                "text.spans": pa.array(spans, SPANS),
            }
        )

    def _utterances(self) -> Iterator[tuple[str, Any]]:
        errors = "strict" if self.config.damaged == "refuse" else "replace"
        try:
            data = json.loads(self.path.read_text(self.config.encoding, errors=errors))
        except UnicodeError as error:
            way = 'damaged = "mark" reads it with the marks U+FFFD where bytes are wrong'
            said = f"{self.path.name} is not {self.config.encoding}: {error}"
            raise RecipeError.of(said, "encoding", suggestion=way) from error
        except (ValueError, LookupError, RecursionError) as error:
            raise RecipeError.of(f"{self.path.name} cannot be read as JSON: {error}", "path") from error
        if not isinstance(data, Mapping) or not all(isinstance(each, list) for each in data.values()):
            raise RecipeError.of(f"{self.path.name} must hold an object of lists, one per intent", "path")
        return ((intent, each) for intent, rows in data.items() for each in rows)

    def _pieces(self, intent: str, utterance: Any) -> list[Mapping[str, str]]:
        pieces = utterance.get("data") if isinstance(utterance, Mapping) else None
        if isinstance(pieces, list) and all(isinstance(each, Mapping) and "text" in each for each in pieces):
            return pieces
        raise RecipeError.of(f'{self.path.name}: an utterance of {intent} has no "data" with pieces of "text"', "path")


def build(config: Snips, tools: Tools) -> SnipsReader:
    """The reader."""
    return SnipsReader(tools.open_path(config.path), config)


def _row(intent: str, pieces: list[Mapping[str, str]]) -> tuple[str, str, list[dict[str, Any]]]:
    text, spans = "", []
    for piece in pieces:
        end = len(text) + len(piece["text"])
        if piece.get("entity"):
            spans.append({"start": len(text), "end": end, "slot": piece["entity"], "value": piece["text"]})
        text += piece["text"]
    return text, intent, spans
