"""Where profiled rows come from: a file opened by a reader, or the final rows of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import attrs
import pyarrow as pa
import pyarrow.parquet as pq

from fairloom.components import Reader, Tools
from fairloom.draws import Draws
from fairloom.plugging.plugins import Plugins
from fairloom.plugging.suffixes import reader_name
from fairloom.problems import Problem, RecipeError
from fairloom.reading.inputs import file_digest
from fairloom.reading.recipespec import ReferenceSpec
from fairloom.reading.structure import structure
from fairloom.results import Run
from fairloom.showing import papers
from fairloom.task import Task
from fairloom.weaving.guard import blamed, built

_ROWS = 65_536


class Source(Protocol):
    """Rows that can be read more than once."""

    @property
    def name(self) -> str:
        """What messages call them."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows; a first batch may be empty and name the columns."""

    def described(self) -> dict[str, Any]:
        """What a profile says of where it comes from, as plain data."""


@attrs.frozen
class FileSource:
    """A file and its reader."""

    path: Path
    use: str
    settings: Mapping[str, Any]
    reader: Any

    @property
    def name(self) -> str:
        """The name of the file, without its folder."""
        return self.path.name

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of the file."""
        with _about_the_file(self.name), blamed(f"reader {self.use}"):
            yield from self.reader.read()

    def described(self) -> dict[str, Any]:
        """Name, digest and size of the file, and how it was read."""
        return {
            "file": self.name,
            "sha256": file_digest(self.path),
            "bytes": self.path.stat().st_size,
            "reader": self.use,
            "settings": dict(self.settings),
        }


@attrs.frozen
class RunSource:
    """The final rows of a run."""

    run: Run

    @property
    def name(self) -> str:
        """The name of the run's recipe."""
        return str(self.run.manifest["identity"]["name"])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, split after split."""
        with papers.rows_read(self.run.path):
            for part in self.run.files:
                with pq.ParquetFile(part) as file:
                    yield from file.iter_batches(batch_size=_ROWS)

    def described(self) -> dict[str, Any]:
        """Name and content digest of the run."""
        return {"run": self.name, "content_digest": self.run.digest}


def opened(path: Path, use: str | None, settings: Mapping[str, Any]) -> FileSource:
    """The file with the reader named, or the one for its ending.

    Raises:
        RecipeError: There is no such file or reader, or the reader does not take these settings.
    """
    if not path.is_file():
        raise RecipeError.of(f"{path} is not a file" if path.exists() else f"there is no file {path}")
    plugins = Plugins()
    use = use or reader_name(path, plugins)
    component, _ = plugins.find(Reader, use, "--reader")
    config: Any = structure(component.config, {"path": path.name, **settings}, (), owner=ReferenceSpec)
    tools = Tools(task=Task(), factors={}, draws=Draws(0), open_path=lambda text: path.parent / text)
    with _about_the_file(path.name):
        return FileSource(path, use, dict(settings), built(component, config, tools, use))


@contextmanager
def _about_the_file(name: str) -> Iterator[None]:
    """Problems that already name the file need no key of a recipe, since there is none."""
    try:
        yield
    except RecipeError as error:
        raise RecipeError([_without_key(problem, name) for problem in error.problems]) from error


def _without_key(problem: Problem, name: str) -> Problem:
    return attrs.evolve(problem, path=()) if problem.message.startswith(name) else problem
