"""The work of one part, as plain data: what an executor sends out and what comes back.

Workers get a `Job` and `PartSpec`s, rebuild the loom from the recipe, write their files into the run
folder and return counts and digests. No object crosses a process border.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT, FAMILY
from fairloom.draws import Ints
from fairloom.modelling.journal import FILE as JOURNAL
from fairloom.modelling.pace import Counts
from fairloom.problems import RunError
from fairloom.reading.inputs import file_digest
from fairloom.reading.load import recipe_of
from fairloom.weaving.answers import Step, remembered
from fairloom.weaving.loom import Loom
from fairloom.weaving.manifest import identity
from fairloom.weaving.predicted import FILE as PREDICTIONS
from fairloom.weaving.prepare import prepare
from fairloom.weaving.store import WORK, atomic, ordered
from fairloom.weaving.tally import to_plain
from fairloom.weaving.weave import Woven, in_order

PARTS = "parts"


@attrs.frozen(kw_only=True)
class Job:
    """What every part of a run shares: the resolved recipe, where its files are, where output goes.

    ``identity`` is the digest of what decides the data; a worker that finds something else refuses to work.
    ``journal`` and ``replay`` overrule ``[journal]`` of the recipe where they say something.
    """

    recipe: dict[str, Any]
    root: str
    allow: tuple[str, ...]
    folder: str
    identity: str = ""
    journal: str = ""
    replay: Literal["", "off", "only"] = ""

    def keep(self, loom: Loom) -> None:
        """Tell the models of ``loom`` which run asks, and where its journal is."""
        run = hashlib.sha256(f"{self.identity} {self.folder}".encode()).hexdigest()
        loom.models.keep(run, Path(self.folder) / JOURNAL)

    def remember(self, loom: Loom) -> None:
        """Let the predictors of ``loom`` keep their answers where every process of the run finds them."""
        loom.predictors.keep(Path(self.folder) / WORK / PREDICTIONS)


@attrs.frozen(kw_only=True)
class PartSpec:
    """One part: the families ``[start, stop)``, or the listed families at the listed attempts."""

    key: str
    start: int = 0
    stop: int = 0
    families: tuple[int, ...] = ()
    attempts: tuple[int, ...] = ()

    def addresses(self) -> tuple[Ints, Ints]:
        """Families and the attempt each starts with."""
        if self.families:
            return np.array(self.families, np.int64), np.array(self.attempts, np.int64)
        families = np.arange(self.start, self.stop, dtype=np.int64)
        return families, np.zeros(len(families), np.int64)


def part_specs(families: int, members: int, part_rows: int) -> list[PartSpec]:
    """The parts of a whole run, in order of address; families never straddle two parts."""
    size = max(1, part_rows // members)
    return [
        PartSpec(key=f"0/{index:05d}", start=start, stop=min(start + size, families))
        for index, start in enumerate(range(0, families, size))
    ]


def refill_specs(turn: int, families: Ints, attempts: Ints, size: int) -> list[PartSpec]:
    """The parts of a refill round."""
    return [
        PartSpec(
            key=f"{turn}/{index:05d}",
            families=tuple(families[start : start + size].tolist()),
            attempts=tuple(attempts[start : start + size].tolist()),
        )
        for index, start in enumerate(range(0, len(families), size))
    ]


def work(
    job: Job, spec: PartSpec, loom: Loom | None = None, hear: Callable[[Counts], None] | None = None
) -> dict[str, Any]:
    """Weave one part, write its files, return its result as plain data.

    ``hear`` is told now and then how the asking of models goes.
    """
    loom = loom or _loom(ordered(attrs.asdict(job)))
    if hear is not None:
        loom.models.count(hear)
    woven = loom.weaver().weave(*spec.addresses())
    folder = Path(job.folder) / WORK / PARTS
    files = _write_all(loom, woven, folder, spec.key.replace("/", "-"))
    return {
        "rows": sum(batch.num_rows for batch in woven.accepted),
        "families": len(spec.families) or spec.stop - spec.start,
        "rejected": sum(batch.num_rows for batch in woven.rejected),
        "files": files,
        "tallies": to_plain(woven.tallies),
        "short": woven.short,
        "unwritable": len(woven.unwritable),
    }


@functools.lru_cache(maxsize=1)
def _loom(job: str) -> Loom:
    import json  # noqa: PLC0415 - only workers come here

    data = json.loads(job)
    journal = Path(data["journal"]) if data["journal"] else None
    recipe = recipe_of(data["recipe"], Path(data["root"]))
    loom = prepare(recipe, data["allow"], journal=journal, replay=data["replay"] or None)
    if data["identity"] not in ("", identity(loom)["digest"]):
        raise RunError(
            "an input or plugin file was changed while the run was going on, so its rows would not fit together; "
            "change it back and run the same command again, or start over with --fresh"
        )
    known = Job(**data)
    known.keep(loom)
    known.remember(loom)
    return loom


def _write_all(loom: Loom, woven: Woven, folder: Path, stem: str) -> dict[str, str]:
    files: dict[str, str] = {}
    rows = woven.rows()
    if rows is not None:
        files["rows"] = write_batches(folder / f"{stem}.arrow", rows.to_batches())
        for index, step in enumerate(loom.dataset_steps):
            memory = [_remember(step, batch, loom.axes) for batch in rows.to_batches()]
            files[f"memory{index}"] = write_batches(folder / f"{stem}.memory{index}.arrow", memory)
    lost = in_order(woven.rejected)
    if lost is not None:
        files["rejected"] = write_batches(folder / f"{stem}.rejected.arrow", lost.to_batches())
    return files


def _remember(step: Step, rows: pa.RecordBatch, axes: Sequence[str]) -> pa.RecordBatch:
    """What a dataset filter keeps of these rows, after what the core needs to place a verdict."""
    kept = remembered(step, rows)
    names = [ADDRESS, FAMILY, ATTEMPT, *axes]
    columns = [rows.column(name) for name in names]
    return pa.RecordBatch.from_arrays([*columns, *kept.columns], names=[*names, *kept.schema.names])


def write_batches(path: Path, batches: Sequence[pa.RecordBatch]) -> str:
    """Write batches as an Arrow stream, atomically; returns the digest of the file.

    The stream format lets dictionaries differ from batch to batch, the file format does not.
    """
    with atomic(path) as stream, pa.ipc.new_stream(stream, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return file_digest(path)


def read_batches(path: Path) -> pa.Table:
    """The rows of a part file, mapped rather than read."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        return reader.read_all()
