"""What the report shows of the rows themselves: lengths, and a few rows of every label.

The data are read once in batches, only label and text; then only the row groups that hold a chosen row.
Which rows are chosen depends on their place in the data and on nothing else.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairloom.batch import FAMILY, LABEL, MEMBER, REASON, STEP, decoded
from fairloom.utf8 import words

Places = npt.NDArray[np.int64]
SCANNED = 200_000
"""Beyond about this many rows, lengths and samples come from whole data files picked evenly."""
LONGEST = 2000
"""Texts with more words than this are counted as this long."""
_ALL = ""
"""The group of every row when there are no labels."""


@attrs.frozen
class Texts:
    """Rows per length and label, and sample families.

    ``lengths[label][w]`` is the number of rows with ``w`` words (runs of anything but spaces) in the
    first field. ``families[label]`` are sample families, each a list of rows as dictionaries; the label
    is that of the first row.
    """

    lengths: dict[str, list[int]]
    families: dict[str, list[list[dict[str, Any]]]]


def read(folder: Path, fields: tuple[str, ...], members: int = 1, samples: int = 48) -> Texts:
    """Lengths and about ``samples`` rows, whole families evenly over the labels, of the run in ``folder``."""
    files = _some(sorted((folder / "data").rglob("*.parquet")))
    if not files:
        return Texts({}, {})
    scan = _Scan(max(1, samples // members))
    for file in files:
        names = pq.read_schema(file).names
        wanted = [name for name in (LABEL, MEMBER, fields[0]) if name in names]
        for batch in pq.ParquetFile(file).iter_batches(columns=wanted):
            scan.take(batch, fields[0])
    chosen = scan.chosen()
    first = np.sort(np.concatenate(list(chosen.values()))) if chosen else np.empty(0, np.int64)
    # The rows of a family follow one another.
    rows = _fetch(files, (first[:, None] + np.arange(members)).reshape(-1))
    grouped: dict[str, list[list[dict[str, Any]]]] = {name: [] for name in chosen}
    for _, found in itertools.groupby(rows, lambda row: row[FAMILY]):
        family = list(found)
        label = family[0].get(LABEL)
        grouped[_ALL if label is None else label].append(family)
    return Texts(scan.lengths(), grouped)


def _some(files: list[Path]) -> list[Path]:
    """All data files where they are few; else files evenly over the data with about ``SCANNED`` rows."""
    if not files:
        return files
    rows = pq.read_metadata(files[0]).num_rows
    step = max(1, rows * len(files) // SCANNED)
    return files[::step]


def rejected(folder: Path, most: int = 60) -> list[dict[str, Any]]:
    """The first rejected candidate of every step and reason, as dictionaries."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for file in sorted((folder / "rejected").rglob("*.parquet")):
        for batch in pq.ParquetFile(file).iter_batches():
            for row in _first_of_each(batch):
                found.setdefault((row[STEP], row[REASON]), row)
            if len(found) >= most:
                return list(found.values())[:most]
    return list(found.values())


def _first_of_each(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    columns = {name: decoded(batch.column(name)) for name in (STEP, REASON)}
    keys = pa.table({**columns, "place": np.arange(batch.num_rows)})
    first = keys.group_by([STEP, REASON]).aggregate([("place", "min")])["place_min"]
    rows: list[dict[str, Any]] = batch.take(pa.array(np.sort(first.to_numpy()))).to_pylist()
    return rows


class _Scan:
    """Counts lengths and keeps, for each label, the families whose place has the smallest scrambled number."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._names: dict[str, int] = {}
        self._counts: list[npt.NDArray[np.int64]] = []
        self._seen = 0
        self._places = np.empty(0, np.int64)
        self._labels = np.empty(0, np.int64)

    def take(self, batch: pa.RecordBatch, field: str) -> None:
        codes = self._codes(batch)
        self._count(codes, batch.column(field))
        first = np.arange(batch.num_rows)
        if MEMBER in batch.schema.names:
            first = first[batch.column(MEMBER).to_numpy() == 0]
        self._places = np.concatenate([self._places, self._seen + first])
        self._labels = np.concatenate([self._labels, codes[first]])
        self._seen += batch.num_rows
        self._prune(max(1, min(4, self._samples // max(1, len(self._names)))))

    def chosen(self) -> dict[str, Places]:
        names = list(self._names)[: self._samples]
        return {name: self._places[self._labels == self._names[name]] for name in names}

    def lengths(self) -> dict[str, list[int]]:
        return {name: self._counts[code].tolist() for name, code in self._names.items()}

    def _codes(self, batch: pa.RecordBatch) -> Places:
        if LABEL not in batch.schema.names:
            return np.full(batch.num_rows, self._code(_ALL), np.int64)
        encoded = pc.fill_null(decoded(batch.column(LABEL)).cast(pa.string()), _ALL).dictionary_encode()
        known = np.array([self._code(name) for name in encoded.dictionary.to_pylist()], np.int64)
        codes: Places = known[encoded.indices.to_numpy(zero_copy_only=False)]
        return codes

    def _code(self, name: str) -> int:
        if name not in self._names:
            self._names[name] = len(self._names)
            self._counts.append(np.zeros(LONGEST + 1, np.int64))
        return self._names[name]

    def _count(self, codes: Places, texts: pa.Array) -> None:
        cells = codes * (LONGEST + 1) + np.minimum(words(decoded(texts)), LONGEST)
        counted = np.bincount(cells, minlength=len(self._counts) * (LONGEST + 1)).reshape(-1, LONGEST + 1)
        self._counts = [total + more for total, more in zip(self._counts, counted, strict=True)]

    def _prune(self, keep: int) -> None:
        order = np.lexsort((_scrambled(self._places), self._labels))
        labels = self._labels[order]
        starts = np.searchsorted(labels, labels, side="left")
        kept = order[np.arange(len(order)) - starts < keep]
        self._places, self._labels = self._places[kept], self._labels[kept]


def _scrambled(places: Places) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): neighbours get unrelated numbers."""
    values = places.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _fetch(files: list[Path], places: Places) -> Iterator[dict[str, Any]]:
    """The rows at these places of all files one after the other, in order."""
    start = 0
    for path in files:
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            size = file.metadata.row_group(group).num_rows
            inside = places[(places >= start) & (places < start + size)] - start
            if len(inside):
                yield from file.read_row_group(group).take(inside).to_pylist()
            start += size
