"""What the page shows, section by section, as plain data: the template only lays it out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairloom.batch import ADDRESS, ATTEMPT, CELL, CITES, FAMILY, ID, LABEL, MEMBER, REASON, SIMILARITY, STEP, spans_of
from fairloom.showing import leftout, worded
from fairloom.showing.bounds import bounds
from fairloom.showing.papers import paper, rows_read
from fairloom.showing.presented import data_files
from fairloom.showing.report import balance, detail, figures, samples
from fairloom.showing.report.balance import LONG

Tree = Mapping[str, Any]

FAIR = 0.8
"""Kept shares whose ratio is below this are marked: the four-fifths rule (29 CFR 1607.4 D)."""
UNLIKELY = 0.01
"""Differences between groups with a smaller p are marked."""
FEW = 24
"""Up to so many groups the filter audit is laid open."""


_TESTS = {"permutation": "a permutation test", "G-test": "the G-test"}


def of(folder: Path) -> dict[str, Any]:
    """Everything the template needs, read from the run folder."""
    manifest, measurements, certificate = (_read(folder, name) for name in ("manifest", "measurements", "certificate"))
    recipe = manifest["recipe"]
    task = recipe.get("task", {})
    fields = tuple(task.get("fields", ["text"]))
    with rows_read(folder):
        texts = samples.read(folder, fields, manifest.get("members", 1))
        rejected = samples.rejected(folder)
    slots = _Slots()
    return {
        "head": _head(manifest, measurements),
        "gates": [_gate(gate) for gate in measurements.get("gates", [])],
        "task": _task(task),
        "design": _design(recipe, certificate),
        "pairs": balance.pairs(certificate),
        "cells": balance.cells(certificate),
        "reversals": balance.reversals(certificate),
        "accounts": balance.accounts(certificate),
        "trimmed": manifest.get("trimmed"),
        "relabels": bool(task.get("relabel")),
        "split": balance.split(manifest),
        "p_methods": " or ".join(sorted({_TESTS[p] for p in _p_methods(certificate) if p in _TESTS})),
        "left_out": sum(len(axes) == 2 for axes in certificate.get("left_out", [])),
        "planned": "design" in certificate,
        "mates": any(step.get("mates") for step in manifest.get("counts", {}).get("steps", [])),
        "steps": _steps(manifest),
        "audit": _audits(measurements.get("audit", [])),
        "rejected": [_sample(row, fields, slots) for row in rejected],
        "samples": [
            {"label": label, "families": [_family(rows, fields, slots) for rows in texts.families[label]]}
            for label in _in_order(texts.families, task)
            if texts.families[label]  # none where no family begins with the label
        ],
        "slots": slots,
        "lengths": _lengths(texts, task),
        "references": [_reference(name, found) for name, found in measurements.get("references", {}).items()],
        "shortfall": manifest.get("shortfall", []),
        "excluded": list(leftout.lines(manifest)),
        "provenance": _provenance(manifest),
    }


def _read(folder: Path, name: str) -> dict[str, Any]:
    return paper(folder, f"{name}.json", optional=name != "manifest")


def _head(manifest: Tree, measurements: Tree) -> dict[str, Any]:
    about = manifest["recipe"].get("recipe", {})
    gates = measurements.get("gates", [])
    passed = sum(gate["status"] == "passed" for gate in gates)
    missing = sum(cell["missing"] for cell in manifest.get("shortfall", []))
    return {
        "name": about.get("name", "dataset"),
        "version": about.get("version", ""),
        "description": about.get("description", ""),
        "licence": about.get("licence", ""),
        "status": manifest["status"],
        "rows": manifest["rows"],
        "families": manifest["families"],
        "splits": manifest.get("splits") or {},
        "seed": manifest["seed"],
        "digest": manifest["content_digest"],
        "fairloom": manifest["fairloom"],
        "gates": len(gates),
        "passed": passed,
        "warned": sum(gate["status"] != "passed" and gate.get("on_fail") == "warn" for gate in gates),
        "missing": missing,
        "trimmed": (manifest.get("trimmed") or {}).get("rows", 0),
    }


def _gate(gate: Tree) -> dict[str, Any]:
    others = {key: value for key, value in gate.get("values", {}).items() if key != gate.get("of")}
    return {
        **gate,
        "more": bool(others or gate.get("detail")),
        "bound": bounds(gate.get("min"), gate.get("max")),
        "sub": ", ".join(part for part in (gate["metric"], gate.get("of")) if part and part != gate["name"]),
        "others": others,
        "node": detail.node(gate["detail"]) if gate.get("detail") else None,
        "tone": _tone(gate),
    }


def _tone(gate: Tree) -> str:
    if gate["status"] == "passed":
        return "good"
    return "bad" if gate.get("on_fail", "stop") == "stop" else "mind"


def _task(task: Tree) -> dict[str, Any]:
    constraints = task.get("constraints", {})
    return {
        "kind": task.get("kind", ""),
        "unit": task.get("unit", ""),
        "labels": [
            {"name": name, "definition": label.get("definition", ""), "cues": label.get("cues", [])}
            for name, label in task.get("labels", {}).items()
        ],
        "never": task.get("never", {}),
        "constraints": [(key, _constraint(value)) for key, value in constraints.items() if value],
    }


def _constraint(value: Any) -> str:
    if isinstance(value, Mapping):
        return bounds(value.get("min"), value.get("max"))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _design(recipe: Tree, certificate: Tree) -> dict[str, Any]:
    planned = {axis["axis"]: axis for axis in certificate.get("design", {}).get("axes", [])}
    levels = {axis["axis"]: len(axis["levels"]) for axis in certificate.get("axes", [])}
    design = recipe.get("design", {})
    cross = design.get("cross", [])
    return {
        "use": design.get("use", "design.balanced"),
        "cross": cross,
        "cells": math.prod(levels[axis] for axis in cross) if set(cross) <= set(levels) else None,
        "independent": design.get("independent", []),
        "within": design.get("within", []),
        "rules": [("require", rule) for rule in design.get("require", [])]
        + [("forbid", rule) for rule in design.get("forbid", [])],
        "axes": [{**axis, "planned": planned.get(axis["axis"], {}).get("gap")} for axis in certificate.get("axes", [])],
    }


def _p_methods(certificate: Tree) -> set[str]:
    return {pair.get("p_method", "permutation") for pair in certificate.get("pairs", [])}


def _steps(manifest: Tree) -> list[dict[str, Any]]:
    return [
        {
            **step,
            "share": step["rejected"] / step["seen"] if step.get("seen") else None,
            "reasons": sorted(step.get("reasons", {}).items(), key=lambda item: (-item[1], item[0])),
        }
        for step in manifest.get("counts", {}).get("steps", [])
    ]


def _audits(found: Sequence[Tree]) -> list[dict[str, Any]]:
    """The audit of every filter and axis; groups are laid open where they are few or kept unevenly."""
    audits = [_audit(one) for one in found]
    few = sum(len(one["groups"]) for one in audits if one["rejecting"]) <= FEW
    return [{**one, "open": few or (one["skewed"] and len(one["groups"]) <= LONG)} for one in audits]


def _audit(one: Tree) -> dict[str, Any]:
    groups = [
        {**group, "kept": 1 - group["rejected"] / group["seen"] if group["seen"] else None} for group in one["groups"]
    ]
    shares = [group["kept"] for group in groups if group["kept"] is not None]
    ratio, p = one.get("ratio"), one.get("p")
    skewed = (ratio is not None and ratio < FAIR) or (p is not None and p < UNLIKELY)
    return {
        **one,
        "groups": groups,
        "least": min(shares, default=None),
        "most": max(shares, default=None),
        "skewed": skewed,
        "rejecting": any(group["rejected"] for group in groups),
    }


class _Slots:
    """Gives every slot a colour, in order of first appearance."""

    COLOURS = 8

    def __init__(self) -> None:
        self.names: dict[str, int] = {}

    def colour(self, slot: str) -> int:
        return self.names.setdefault(slot, len(self.names) % self.COLOURS)

    def legend(self, most: int = 24) -> list[tuple[str, int]]:
        return list(self.names.items())[:most]


_SYSTEM = {ADDRESS, FAMILY, MEMBER, ATTEMPT, CELL, ID, LABEL, REASON, STEP, CITES, SIMILARITY}


def _sample(row: Tree, fields: tuple[str, ...], slots: _Slots) -> dict[str, Any]:
    return {
        "id": row.get(ID),
        "label": row.get(LABEL),
        "step": row.get(STEP),
        "reason": row.get(REASON),
        "cites": row.get(CITES),
        "similarity": row.get(SIMILARITY),
        "factors": worded.about(row, {*_SYSTEM, *fields}),
        "fields": [
            (field, list(_pieces(row.get(field) or "", row.get(spans_of(field)) or [], slots))) for field in fields
        ],
    }


def _family(rows: Sequence[Tree], fields: tuple[str, ...], slots: _Slots) -> dict[str, Any]:
    """The rows of a family; what they share is said once, and their labels where these differ."""
    shown = [_sample(row, fields, slots) for row in rows]
    if len(shown) == 1:
        return {"rows": shown, "shared": {}, "labels": False}
    common = {
        key: value
        for key, value in shown[0]["factors"].items()
        if all(row["factors"].get(key) == value for row in shown)
    }
    for row in shown:
        row["factors"] = {key: value for key, value in row["factors"].items() if key not in common}
    return {"rows": shown, "shared": common, "labels": len({row["label"] for row in shown}) > 1}


def _pieces(text: str, spans: list[Tree], slots: _Slots) -> Iterator[dict[str, Any]]:
    """The text cut at its spans; a span inside another one is left to the outer one."""
    position = 0
    for span in spans:
        if span["start"] < position:
            continue
        if span["start"] > position:
            yield {"text": text[position : span["start"]], "slot": None}
        slot = span["slot"] or ""
        yield {"text": text[span["start"] : span["end"]], "slot": slot, "colour": slots.colour(slot)}
        position = span["end"]
    if position < len(text):
        yield {"text": text[position:], "slot": None}


def _in_order(found: Mapping[str, Any], task: Tree) -> list[str]:
    """Labels as the recipe orders them, then any others as they were found."""
    return [label for label in dict.fromkeys((*task.get("labels", {}), *found)) if label in found]


def _lengths(texts: samples.Texts, task: Tree) -> dict[str, Any] | None:
    if not texts.lengths:
        return None
    total = [sum(column) for column in zip(*texts.lengths.values(), strict=True)]
    words = task.get("constraints", {}).get("words") or {}
    bars = figures.bars(total)
    return {
        "bars": bars,
        "most": max(bar.count for bar in bars),
        "whole": _spread("all", total),
        "labels": [_spread(name, texts.lengths[name]) for name in _in_order(texts.lengths, task)],
        "bound": bounds(words.get("min"), words.get("max")) if words else None,
    }


def _reference(name: str, found: Tree) -> dict[str, Any]:
    """A reference beside the rows: label shares as pairs of bars, lengths as one histogram over another."""
    labels, lengths = dict(found["labels"]), dict(found["lengths"])
    if "why" not in labels:
        labels |= _label_shares(labels["counts"])
    if "why" not in lengths:
        bins = (lengths["counts"], lengths["counts_reference"])
        lengths["bars"], lengths["outline"] = figures.overlay(*bins, lengths["low"], lengths["width"])
    return {**found, "name": name, "labels": labels, "lengths": lengths}


def _label_shares(counts: Sequence[Tree]) -> dict[str, Any]:
    ours, theirs = (sum(line[side] for line in counts) for side in ("n", "n_reference"))
    lines = [{**line, "ours": line["n"] / ours, "theirs": line["n_reference"] / theirs} for line in counts]
    both = [line for line in lines if line["n"] and line["n_reference"]]
    return {
        "here": [line for line in lines if line["n"]],
        "elsewhere": [line for line in lines if not line["n"]],
        "both": len(both),
        "covered": sum(line["ours"] for line in both),
        "covers": sum(line["theirs"] for line in both),
        "largest": max(share for line in lines for share in (line["ours"], line["theirs"])),
    }


def _spread(name: str, counts: list[int]) -> dict[str, Any]:
    rows = sum(counts)
    return {
        "name": name,
        "rows": rows,
        "mean": sum(value * count for value, count in enumerate(counts)) / rows,
        "least": next(value for value, count in enumerate(counts) if count),
        "p5": figures.quantile(counts, 0.05),
        "median": figures.quantile(counts, 0.5),
        "p95": figures.quantile(counts, 0.95),
        "most": figures.quantile(counts, 1.0),
    }


def _provenance(manifest: Tree) -> dict[str, Any]:
    return {
        "inputs": manifest.get("inputs", []),
        "plugins": manifest.get("plugins", []),
        "files": data_files(manifest),
        "environment": detail.node(manifest.get("environment", {})),
        "attempts": detail.node(manifest.get("attempts", {})),
        "recipe": json.dumps(manifest["recipe"], indent=2, ensure_ascii=False),
    }
