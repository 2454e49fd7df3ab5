"""The engine: one run in progress, from parts to a published folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fairloom.events import RunInfo, StepInfo
from fairloom.plugging.observers import Observers
from fairloom.reading.inputs import file_digest
from fairloom.showing.log import FILE, Log
from fairloom.showing.progress import Progress
from fairloom.weaving.audit import Shortfall, audit
from fairloom.weaving.certificate import CertificateBuilder, PlannedBuilder
from fairloom.weaving.comparison import Comparison
from fairloom.weaving.executors import Runs
from fairloom.weaving.explained import Explained
from fairloom.weaving.finish import Parts, final_pass, write_ledger
from fairloom.weaving.gates import decide, outcome
from fairloom.weaving.guard import asked, blamed, watching
from fairloom.weaving.loom import Loom
from fairloom.weaving.manifest import environment, file_records, sealed
from fairloom.weaving.parts import PARTS, Job, PartSpec, part_specs
from fairloom.weaving.rounds import Result, Settled, settle
from fairloom.weaving.store import MANIFEST, OUTPUTS, Folder, pretty, sync_folder, write_text
from fairloom.weaving.tally import StepTally, from_plain, total
from fairloom.weaving.trim import Layout, Trim, dropped_rows, trim

FINAL = "final"


@attrs.define(eq=False)
class Engine:
    """One run in progress."""

    loom: Loom
    folder: Folder
    job: Job
    executor: Runs
    progress: Progress
    log: Log
    observers: Observers = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Listen to the observers of the plugins in use."""
        self.observers = self.loom.plugins.observers(
            lambda name, error: self.log.warning("observer.off", plugin=name, error=_said(error))
        )

    def go(self, who: dict[str, Any]) -> None:
        """Do whatever is not done yet."""
        loom = self.loom
        about = loom.recipe.recipe
        info = RunInfo(name=about.name, version=about.version, seed=about.seed, rows=loom.rows, folder=self.folder.path)
        self.observers.run_started(info)
        self.log.info("run.started", rows=loom.rows, folder=str(self.folder.path))
        self.progress.start(loom.rows, "weaving")
        specs = part_specs(loom.plan.families, loom.plan.members, loom.recipe.parts.rows)
        settled = settle(loom, self.folder.path, self._execute(specs), self._execute)
        self.progress.stage("measuring and writing")
        out = self.folder.work / FINAL
        _fresh_folder(out)
        tallies = self._tallies(settled)
        settled, trimmed = self._trimmed(settled)
        status = self._write(settled, trimmed, tallies, out, who, info)
        self._publish(out)
        self.progress.done()
        self.observers.run_finished(info)
        self.log.info("run.finished", status=status)

    def _execute(self, specs: Sequence[PartSpec]) -> list[Result]:
        """Results of these parts, in their order; what the journal has and the disk confirms is not redone."""
        journal = self.folder.journal
        done = {key: entry for key, entry in journal.read().items() if self._intact(key, entry)}
        missing = [spec for spec in specs if spec.key not in done]
        for spec in specs:
            if spec.key in done:
                self.progress.advance(done[spec.key]["rows"])
        for spec, result in self.executor.run(self.job, missing) if missing else ():
            journal.append(spec.key, result)
            done[spec.key] = {"key": spec.key, **result}
            self.log.info("part.done", key=spec.key, rows=result["rows"], rejected=result["rejected"])
            self.progress.advance(result["rows"])
        return [done[spec.key] for spec in specs]

    def _intact(self, key: str, entry: dict[str, Any]) -> bool:
        stem = key.replace("/", "-")
        for kind, digest in entry["files"].items():
            name = f"{stem}.arrow" if kind == "rows" else f"{stem}.{kind}.arrow"
            path = self.folder.work / PARTS / name
            if not path.is_file() or file_digest(path) != digest:
                return False
        return True

    def _tallies(self, settled: Settled) -> list[StepTally]:
        """Counts in the order of the recipe's steps."""
        loom = self.loom
        rows = iter(total([from_plain(result["tallies"]) for result in settled.results], len(loom.row_steps)))
        everything = iter(settled.tallies)
        return [next(everything) if step.scope == "dataset" else next(rows) for step in loom.steps]

    def _trimmed(self, settled: Settled) -> tuple[Settled, Trim | None]:
        """Without the families that even out what fell short, if the recipe wants that and it can be done."""
        loom = self.loom
        if not settled.short or loom.recipe.design.on_shortfall != "trim":
            return settled, None
        short = np.array(sorted({family for family, _ in settled.short}), dtype=np.int64)
        trimmed = trim(Layout(loom.plan, loom.summary, loom.recipe.design.independent, loom.factors), short)
        if trimmed is None:
            self.log.warning("trim.impossible", why="a cell reached nothing, so nothing could stay")
            return settled, None
        rows = dropped_rows(Parts(loom, self.folder.path, settled).batches(), trimmed.families, settled.drops.schema)
        return attrs.evolve(settled, drops=pa.concat_tables([settled.drops, rows])), trimmed

    def _write(  # noqa: PLR0913, PLR0917 - what the run came to, one each
        self,
        settled: Settled,
        trimmed: Trim | None,
        tallies: Sequence[StepTally],
        out: Path,
        who: dict[str, Any],
        info: RunInfo,
    ) -> str:
        loom, recipe = self.loom, self.loom.recipe
        for step, tally in zip(loom.steps, tallies, strict=True):
            kept = tally.seen - tally.rejected
            told = StepInfo(
                name=step.name, use=step.use, kind=step.kind, seen=tally.seen, kept=kept, rejected=tally.reasons
            )
            self.observers.step_done(info, told)
        audited = audit(loom.steps, tallies, loom.factors)
        metrics = [loom.metric(gate, index, audited) for index, gate in enumerate(recipe.gate)]
        certificate = CertificateBuilder.of(loom)
        planned = PlannedBuilder(loom.briefs, certificate)
        explained = Explained.of(loom)
        parts = Parts(loom, self.folder.path, settled)
        comparison = Comparison.of(loom)
        watchers = [watching(gate, metric) for gate, metric in zip(recipe.gate, metrics, strict=True)]
        observers = [certificate.observe, planned.observe, explained.observe, comparison.observe, *watchers]
        digest, data = final_pass(loom, parts, out, observers)
        short = Shortfall.of(settled.short)
        rejected = write_ledger(loom, parts, out, [short.observe, explained.reject])
        explained.give_up(short.families)
        verdicts = [decide(gate, asked(gate, metric)) for gate, metric in zip(recipe.gate, metrics, strict=True)]
        for verdict in verdicts:
            self.observers.gate_decided(info, verdict)
            self.log.info("gate.decided", name=verdict.name, status=verdict.status, value=verdict.value)
        status = outcome(verdicts, short=0 if trimmed else len(settled.short), on_shortfall=recipe.design.on_shortfall)
        measured = {
            "gates": [attrs.asdict(verdict) for verdict in verdicts],
            "audit": audited,
            "references": comparison.result(),
        }
        write_text(out / "measurements.json", pretty(measured))
        design = planned.result(np.union1d(short.families, trimmed.families) if trimmed else short.families)
        cost = {"explained": explained.result(), **({"trimmed": trimmed.report} if trimmed else {})}
        write_text(out / "certificate.json", pretty({**certificate.result(), "design": design, **cost}))
        write_text(out / "recipe.json", pretty(recipe.resolved))
        manifest = self._manifest(settled, tallies, who, status)
        if trimmed:
            manifest["trimmed"] = trimmed.report
        if loom.models:
            manifest |= loom.models.record()
        if loom.predictors.named:
            manifest["predictors"] = loom.predictors.record()
        manifest |= {"content_digest": digest, "rows": sum(data.counts.values()), "rejected": rejected}
        manifest["shortfall"] = short.result(loom)
        if unwritable := sum(result.get("unwritable", 0) for result in settled.results):
            manifest["unwritable"] = {"families": unwritable, "rows": unwritable * loom.plan.members}
        manifest["splits"] = data.counts if recipe.export.split.splits else {}
        if data.assignment is not None:
            manifest["split"] = data.assignment.report
        if status == "passed":
            self._export(out)
        self._present(out, manifest, data.files)
        return status

    def _manifest(
        self, settled: Settled, tallies: Sequence[StepTally], who: dict[str, Any], status: str
    ) -> dict[str, Any]:
        loom = self.loom
        recipe_file = loom.recipe.path
        place = os.path.relpath(recipe_file, self.folder.path) if recipe_file else None
        steps = [
            {
                "name": step.name,
                "use": step.use,
                "kind": step.kind,
                "seen": tally.seen,
                "rejected": tally.rejected,
                "mates": tally.mates,
                "reasons": tally.reasons,
            }
            for step, tally in zip(loom.steps, tallies, strict=True)
        ]
        return {
            "format": 1,
            "fairloom": who["fairloom"],
            "status": status,
            "identity": who,
            "recipe": loom.recipe.resolved,
            "recipe_file": place,
            "seed": loom.recipe.recipe.seed,
            "families": loom.plan.families,
            "members": loom.plan.members,
            "asked": loom.rows,
            "counts": {"steps": steps, "refill_rounds": settled.turns},
            "excluded": loom.excluded,
            "inputs": who["inputs"],
            "tables": who["tables"],
            "plugins": who["plugins"],
            "environment": environment(),
        }

    def _export(self, out: Path) -> None:
        """The further formats, one file per format and split."""
        splits = self.loom.recipe.export.split.splits
        folders = {split: out / "data" / split for split in splits} or {"data": out / "data"}
        for use in self.loom.recipe.export.formats:
            writer = self.loom.writer(use)
            for name, folder in folders.items():
                target = out / "export" / f"{name}{writer.suffix}"
                target.parent.mkdir(exist_ok=True)
                with blamed(f"writer {use}"):
                    writer.write(_batches(folder), target)

    def _present(self, out: Path, manifest: dict[str, Any], rows: dict[str, int]) -> None:
        """Report, card and manifest; the manifest last, with the digests of everything else."""
        from fairloom.showing import card, report  # noqa: PLC0415 - jinja2 is needed only now

        manifest["files"] = file_records(out, rows)
        write_text(out / MANIFEST, pretty(sealed(manifest)))
        card.write(out)
        report.write(out)
        manifest["files"] = file_records(out, rows)
        write_text(out / MANIFEST, pretty(sealed(manifest)))

    def _publish(self, out: Path) -> None:
        """Move the finished files into place, the manifest last, then forget the work."""
        path = self.folder.path
        kept = [name for name in OUTPUTS if name != MANIFEST]
        self.folder.clear_outputs()
        # The log is still being written; on POSIX an open file can be moved.
        (self.folder.work / FILE).rename(out / FILE)
        for name in (*kept, MANIFEST):
            if (out / name).exists():
                (out / name).rename(path / name)
        sync_folder(path)


def _batches(folder: Path) -> Iterable[pa.RecordBatch]:
    for path in sorted(folder.rglob("*.parquet")):
        yield from pq.ParquetFile(path).iter_batches()


def _said(error: BaseException) -> str:
    return "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])


def _fresh_folder(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
    path.mkdir(parents=True)
