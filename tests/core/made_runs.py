"""Finished run folders made by hand, shaped like those of the engine, for everything that reads a folder.

Run as a script it writes one to look at: ``python tests/core/made_runs.py DIR``.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

LABELS = {
    "card_lost": ("the customer no longer has the card", ["lost", "stolen"]),
    "card_broken": ("the customer has the card but it does not work", ["broken"]),
    "refund_late": ("money that was promised back has not arrived", []),
    "limit_change": ("the customer wants a higher or lower limit", ["limit"]),
    "address_change": ("the customer has moved and says so", ["moved"]),
    "fee_question": ("the customer does not understand a fee", ["fee"]),
}
TEMPLATES = {
    "card_lost": ["{given} from {city} says {their} {item} is gone since {day}.", "The {item} was lost in {city}."],
    "card_broken": ["{given} says {their} {item} fails in every shop in {city}.", "Every shop refuses the {item}."],
    "refund_late": ["{given} still waits for the refund promised on {day}.", "No refund since {day} in {city}."],
    "limit_change": ["{given} asks to raise the limit of {their} {item} by {day}.", "A lower limit for the {item}."],
    "address_change": ["{given} has moved to {city} and wants {their} letters there.", "New address in {city}."],
    "fee_question": ["{given} wonders about a fee of {day} on {their} {item}.", "What is the fee on my {item} for?"],
}
ORIGINS = ["Brazil", "China", "France", "India", "Japan", "Mexico", "Nigeria", "Norway"]
GENDERS = {"female": "her", "male": "his"}
GIVEN = {"female": ["Aisha", "Maria", "Noor", "Zoë"], "male": ["Chen", "Kofi", "Mateo", "Pavel"]}
CITIES = ["Lagos", "Lyon", "Oslo", "Osaka"]
ITEMS = ["debit card", "credit card", "prepaid card"]
DAYS = ["Monday", "Tuesday", "Thursday", "Saturday"]
HOSTILE = (
    "</title></script><script>alert(1)</script><img src=x onerror=alert(2)> \"' onmouseover=alert(3) "
    "\u202e\x1b[31m {{7*7}} | `code` [a](javascript:alert(5))"
)

_NAMES = pa.dictionary(pa.int32(), pa.string())
_SPANS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("slot", _NAMES), ("value", _NAMES)]))


def rows(per_cell: int = 4) -> list[dict[str, Any]]:
    """Rows of the balanced design label x gender x origin, in order of address."""
    cells = list(itertools.product(LABELS, GENDERS, ORIGINS))
    return [_row(address, *cells[address % len(cells)]) for address in range(per_cell * len(cells))]


def _row(address: int, label: str, gender: str, origin: str) -> dict[str, Any]:
    step = address * 7 + address // 96
    values = {
        "given": GIVEN[gender][step % 4],
        "their": GENDERS[gender],
        "city": CITIES[(step // 4) % 4],
        "item": ITEMS[step % 3],
        "day": DAYS[(step // 3) % 4],
    }
    text, spans = _fill(TEMPLATES[label][address // 96 % 2], values)
    return {
        "id": f"bank-intents-{address:08d}",
        "text": text,
        "text.spans": spans,
        "label": label,
        "person": f"{values['given']}-{origin}",
        "person.gender": gender,
        "person.origin": origin,
        "city": values["city"],
        "family": address,
    }


def _fill(template: str, values: dict[str, str]) -> tuple[str, list[dict[str, Any]]]:
    text, spans = "", []
    for part in template.replace("{", "\0{").replace("}", "}\0").split("\0"):
        if part.startswith("{"):
            name = part[1:-1]
            slot = f"person.{name}" if name in {"given", "their"} else name
            spans.append(
                {"start": len(text), "end": len(text) + len(values[name]), "slot": slot, "value": values[name]}
            )
            text += values[name]
        else:
            text += part
    return text, spans


def table(data: list[dict[str, Any]], extra: dict[str, Any] | None = None) -> pa.Table:
    """Rows as an Arrow table with the types of a run."""
    kinds = {"id": pa.string(), "text": pa.string(), "text.spans": _SPANS, "family": pa.int64()} | (extra or {})
    return pa.table({name: pa.array([row[name] for row in data], kinds.get(name, _NAMES)) for name in data[0]})


def build(folder: Path, *, hostile: bool = False, status: str = "passed") -> Path:
    """Write a run folder and return it. ``hostile`` puts strings in that want to break out of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    data = rows()
    if hostile:
        for row in data[:6]:
            row["text"] = HOSTILE + row["text"]
            row["text.spans"] = [
                {"start": 0, "end": len(HOSTILE), "slot": '"><script>alert(4)</script>', "value": HOSTILE}
            ]
            row["person.origin"] = HOSTILE
    files = [
        _parquet(folder / "data" / "train" / "part-00000.parquet", table(data[: len(data) // 5 * 4])),
        _parquet(folder / "data" / "test" / "part-00000.parquet", table(data[len(data) // 5 * 4 :])),
    ]
    for file, split in zip(files, ("train", "test"), strict=True):
        file["path"] = f"data/{split}/part-00000.parquet"
    _rejected(folder, data, hostile=hostile)
    manifest = _manifest(data, files, status, hostile=hostile)
    for name, content in (
        ("manifest", manifest),
        ("measurements", _measurements(status, hostile=hostile)),
        ("certificate", _certificate(data)),
    ):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1), "utf-8")
    return folder


def _parquet(path: Path, content: pa.Table) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(content, path, compression="zstd")
    read = path.read_bytes()
    return {"sha256": "sha256:" + hashlib.sha256(read).hexdigest(), "bytes": len(read), "rows": content.num_rows}


def _rejected(folder: Path, data: list[dict[str, Any]], *, hostile: bool) -> None:
    lost = [
        {
            **row,
            "step": "length",
            "reason": HOSTILE if hostile and not index else "more than 12 words",
            "cites": None,
        }
        for index, row in enumerate(data[3:60:4])
    ]
    lost += [{**row, "step": "duplicates", "reason": "same text", "cites": row["id"]} for row in data[5:40:6]]
    _parquet(folder / "rejected" / "part-00000.parquet", table(lost, {"cites": pa.string()}))


def _manifest(data: list[dict[str, Any]], files: list[dict[str, Any]], status: str, *, hostile: bool) -> dict[str, Any]:
    definition = HOSTILE if hostile else LABELS["card_lost"][0]
    labels = {name: {"definition": text, "cues": cues} for name, (text, cues) in LABELS.items()}
    labels["card_lost"]["definition"] = definition
    missing = [
        {
            "cell": {"label": "card_lost", "person.gender": "female", "person.origin": "India"},
            "missing": 2,
            "reasons": {"length: more than 12 words": 31, "duplicates: same text": 9},
        }
    ]
    return {
        "fairloom": "0.1.0",
        "status": status,
        "identity": {"name": "bank-intents", "version": "1.2.0"},
        "recipe": {
            "recipe": {
                "name": "bank-intents",
                "version": "1.2.0",
                "description": "Messages to a retail bank, one intent each.",
                "licence": "CC-BY-4.0",
                "seed": 20260411,
                "rows": len(data),
            },
            "task": {
                "kind": "classification",
                "unit": "one message from a customer to a retail bank",
                "fields": ["text"],
                "labels": labels,
                "never": {"two_intents": "a message never asks for two things"},
                "constraints": {"words": {"min": 4, "max": 12}, "must_not": ["pii", "profanity"]},
            },
            "factors": {
                "template": {"from": "templates.toml", "role": "surface", "match": {"label": "label"}},
                "person": {"from": "people.csv", "role": "protected", "balance": ["gender", "origin"]},
                "city": {"values": CITIES, "role": "nuisance"},
            },
            "design": {
                "use": "design.balanced",
                "cross": ["label", "person.gender", "person.origin"],
                "independent": [["label", "city"]],
            },
            "step": [{"generate": "template"}, {"filter": "text.length"}, {"filter": "text.duplicates"}],
            "gate": [{"metric": "balance.gap", "over": ["label", "person.gender"], "max": 1}],
        },
        "content_digest": "sha256:" + hashlib.sha256(b"rows").hexdigest(),
        "rows": len(data),
        "families": len(data),
        "members": 1,
        "asked": len(data),
        "seed": 20260411,
        "counts": {
            "steps": [
                {"name": "template", "use": "template", "kind": "generate", "seen": 405, "rejected": 0, "reasons": {}},
                {
                    "name": "length",
                    "use": "text.length",
                    "kind": "filter",
                    "seen": 405,
                    "rejected": 15,
                    "reasons": {HOSTILE if hostile else "more than 12 words": 15},
                },
                {
                    "name": "duplicates",
                    "use": "text.duplicates",
                    "kind": "filter",
                    "seen": 390,
                    "rejected": 6,
                    "reasons": {"same text": 6},
                },
            ]
        },
        "attempts": {"most": 3, "mean": 1.05},
        "shortfall": [] if status == "passed" else missing,
        "inputs": [
            {"path": "recipe.toml", "sha256": "1f" * 32, "bytes": 2104},
            {"path": "templates.toml", "sha256": "2e" * 32, "bytes": 1822},
            {"path": "people.csv", "sha256": "3d" * 32, "bytes": 9120},
        ],
        "plugins": [
            {"name": name, "distribution": "fairloom", "version": "0.1.0"}
            for name in ("balance", "compare", "design", "shortcut", "template", "text")
        ],
        "files": files,
        "splits": {"train": files[0]["rows"], "test": files[1]["rows"]},
        "environment": {"python": "3.11.9", "platform": "linux-x86_64", "pyarrow": "21.0.0", "numpy": "2.1.0"},
    }


def _measurements(status: str, *, hostile: bool) -> dict[str, Any]:
    gates: list[dict[str, Any]] = [
        _gate("gap", "balance.gap", 1.0, high=1, n=384, values={"cells": 12}),
        _gate("association", "balance.association", 0.004, high=0.05, n=384, of="v", values={"v": 0.004, "p": 0.91}),
        _gate(
            "shortcut",
            "shortcut.token",
            3.1,
            high=4.0,
            n=384,
            detail=[
                {"token": HOSTILE if hostile else "shop", "label": "card_broken", "z": 3.1, "rows": 40},
                {"token": "letters", "label": "address_change", "z": 2.9, "rows": 32},
            ],
        ),
        _gate("lengths", "text.lengths", 8.4, low=5, high=12, n=384, of="mean", values={"mean": 8.4, "max": 12.0}),
    ]
    if status != "passed":
        gates[2] |= {"value": 6.2, "status": "failed", "why": "6.2 is more than 4: 'shop' gives card_broken away"}
        lost = _gate("duplicates", "text.duplicate_share", None, high=0.01, on_fail="hold", n=0)
        gates.append(lost | {"status": "not computed", "why": "the metric needs two rows or more"})
    return {"gates": gates, "audit": [_audit("length"), _audit("duplicates")], "references": _references()}


def _gate(name: str, metric: str, value: float | None, **facts: Any) -> dict[str, Any]:
    return {
        "name": name,
        "metric": metric,
        "of": facts.get("of"),
        "min": facts.get("low"),
        "max": facts.get("high"),
        "value": value,
        "status": "passed",
        "on_fail": facts.get("on_fail", "stop"),
        "why": None,
        "n": facts["n"],
        "values": facts.get("values", {}),
        "detail": facts.get("detail"),
    }


def _audit(step: str) -> dict[str, Any]:
    groups = [
        {"name": name, "seen": 200 + 5 * index, "rejected": 8 - index, "rate": (8 - index) / (200 + 5 * index)}
        for index, name in enumerate(GENDERS)
    ]
    return {"step": step, "use": f"text.{step}", "axis": "person.gender", "groups": groups, "ratio": 0.994, "p": 0.73}


def _references() -> dict[str, Any]:
    counts = [{"label": name, "n": 64, "n_reference": 1000 + 100 * index} for index, name in enumerate(LABELS)]
    counts.append({"label": "card_arrival", "n": 0, "n_reference": 2503})
    anchored = {"distance": 0.281, "expected": 0.044, "verdict": "different"}
    middles = {"mean": 8.4, "mean_reference": 11.9, "median": 8, "median_reference": 10}
    bins = {"low": 2, "width": 3, "counts": [40, 200, 144, 0], "counts_reference": [1000, 3000, 4000, 2003]}
    return {
        "banking77": {
            "n": 384,
            "n_reference": 10_003,
            "labels": {"counts": counts, **anchored},
            "lengths": {"field": "text", "unit": "words", **middles, **bins, **anchored, "chance_95": 0.07},
        },
        "silent": {"n": 384, "n_reference": 12, "labels": {"why": "no labels"}, "lengths": {"why": "no texts"}},
    }


def _certificate(data: list[dict[str, Any]]) -> dict[str, Any]:
    axes = ["label", "person.gender", "person.origin", "city"]
    reached = _balance(data, axes)
    return {"n": len(data), **reached, "design": {"n": len(data), **reached}}


def _balance(data: list[dict[str, Any]], axes: list[str]) -> dict[str, Any]:
    return {
        "axes": [_margin(data, axis) for axis in axes],
        "pairs": [_pair(data, *pair) for pair in itertools.combinations(axes, 2)],
    }


def _margin(data: list[dict[str, Any]], axis: str) -> dict[str, Any]:
    counts = Counter(row[axis] for row in data)
    shares = [count / len(data) for count in counts.values()]
    entropy = -sum(share * math.log(share) for share in shares)
    return {
        "axis": axis,
        "levels": list(counts),
        "counts": list(counts.values()),
        "gap": max(counts.values()) - min(counts.values()),
        "entropy": entropy,
        "effective": math.exp(entropy),
    }


def _pair(data: list[dict[str, Any]], first: str, second: str) -> dict[str, Any]:
    counts = Counter((row[first], row[second]) for row in data)
    names = [list(dict.fromkeys(row[axis] for row in data)) for axis in (first, second)]
    cells = [[counts[one, other] for other in names[1]] for one in names[0]]
    flat = [count for line in cells for count in line]
    sums = ([sum(line) for line in cells], [sum(line) for line in zip(*cells, strict=True)])
    expected = [[left * right / len(data) for right in sums[1]] for left in sums[0]]
    chi = sum(
        (seen - want) ** 2 / want
        for line, wanted in zip(cells, expected, strict=True)
        for seen, want in zip(line, wanted, strict=True)
    )
    strength = math.sqrt(chi / len(data) / (min(len(names[0]), len(names[1])) - 1))
    return {
        "axes": [first, second],
        "rows": names[0],
        "columns": names[1],
        "table": cells,
        "gap": max(flat) - min(flat),
        "v": strength,
        "mi": chi / 2 / len(data),
        "p": 1.0 if strength < 0.01 else 0.42,
    }


if __name__ == "__main__":
    target = Path(sys.argv[1])
    build(target / "passed")
    build(target / "held", status="held")
    build(target / "hostile", status="failed", hostile=True)
