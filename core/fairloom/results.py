"""The results of a run: its rows, verdicts and papers, read from the run folder."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.parquet as pq

from fairloom.problems import RunError, did_you_mean
from fairloom.showing import papers
from fairloom.weaving.gates import Verdict
from fairloom.weaving.store import MANIFEST, WORK

_PAPERS = (MANIFEST, "measurements.json", "certificate.json")


@attrs.frozen(eq=False)
class Run:
    """A finished run, read from its folder."""

    path: Path
    manifest: dict[str, Any] = attrs.field(repr=False)
    measurements: dict[str, Any] = attrs.field(repr=False)
    certificate: dict[str, Any] = attrs.field(repr=False)
    already: bool = False
    """Whether the call that gave this found the run complete and made nothing."""

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open the finished run in a folder.

        Raises:
            RunError: There is none, or a file of it cannot be read.
        """
        folder = Path(path)
        if not (folder / MANIFEST).is_file():
            unfinished = (folder / WORK).is_dir()
            why = "the run is not finished; run the same command again to go on" if unfinished else "it holds no run"
            raise RunError(f"{folder}: {why}")
        manifest, measurements, certificate = (papers.paper(folder, name) for name in _PAPERS)
        return cls(folder, manifest, measurements, certificate)

    @property
    def status(self) -> str:
        """``passed``, ``held`` or ``failed``."""
        return str(self.manifest["status"])

    @property
    def gates(self) -> list[Verdict]:
        """What every gate decided."""
        return [Verdict(**entry) for entry in self.measurements["gates"]]

    @property
    def digest(self) -> str:
        """The content digest of the data."""
        return str(self.manifest["content_digest"])

    @functools.cached_property
    def table(self) -> Table:
        """The final rows."""
        return Table.read(self)

    @property
    def files(self) -> list[Path]:
        """The Parquet files of the final rows, in order.

        Raises:
            RunError: One is missing, or has not the size it was written with.
        """
        return papers.files(self.path, self.manifest)

    def split(self, name: str) -> pa.Table:
        """The rows of one split.

        Raises:
            RunError: No row is in a split of that name.
        """
        splits = self.manifest.get("splits") or {}
        if name not in splits:
            raise RunError(f"{self.path} has no split {name!r}; {did_you_mean(name, splits) or 'it is not split'}")
        return _read(self, [file for file in self.files if file.parent.name == name])


class Table:
    """The final rows as an Arrow table with conversions; every other attribute is the Arrow table's."""

    def __init__(self, arrow: pa.Table) -> None:
        self.arrow = arrow

    @classmethod
    def read(cls, run: Run) -> Table:
        """All rows of a run, in order of address."""
        table = _read(run, run.files)
        if run.manifest.get("splits"):
            table = table.sort_by([("family", "ascending"), ("member", "ascending")])
        return cls(table)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.arrow, name)

    def __getitem__(self, key: Any) -> Any:
        return self.arrow[key]

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def to_polars(self) -> Any:
        """A polars DataFrame."""
        return _needed("polars", "polars").from_arrow(self.arrow)

    def to_pandas(self) -> Any:
        """A pandas DataFrame."""
        _needed("pandas", "pandas")
        return self.arrow.to_pandas()

    def to_hf(self) -> Any:
        """A Hugging Face `datasets.Dataset`."""
        return _needed("datasets", "hf").Dataset(self.arrow)


def _needed(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise RunError(f'this needs {module}: pip install "fairloom[{extra}]"') from error


def _read(run: Run, files: list[Path]) -> pa.Table:
    with papers.rows_read(run.path):
        tables = [pq.read_table(path, partitioning=None) for path in files]
    return pa.concat_tables(tables) if tables else pa.table({})
