"""The dataset card of a run: README.md with the front matter that Hugging Face reads, and croissant.json.

Everything is read from the run folder, so the card says what was reached and not what was hoped for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairloom.showing import columns, croissant, printable
from fairloom.showing.bounds import bounds
from fairloom.showing.presented import CROISSANT, README, data_files

Tree = Mapping[str, Any]

_CATEGORIES = {
    "classification": "text-classification",
    "multilabel": "text-classification",
    "spans": "token-classification",
    "pair": "text-classification",
    "choice": "multiple-choice",
    "text": "text-generation",
    "chat": "text-generation",
    "tabular": "tabular-classification",
}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGER = ((10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"))


def write(folder: Path) -> tuple[Path, Path]:
    """Write README.md and croissant.json into the run folder and return their paths."""
    card, metadata = folder / README, folder / CROISSANT
    card.write_text(readme(folder), "utf-8", newline="\n")
    described = json.dumps(croissant.describe(folder), indent=2, ensure_ascii=False)
    metadata.write_text(described + "\n", "utf-8", newline="\n")
    return card, metadata


def readme(folder: Path) -> str:
    """The text of README.md for the run in ``folder``."""
    manifest, measurements, certificate = (_read(folder, name) for name in ("manifest", "measurements", "certificate"))
    sections = [
        _what(manifest),
        _columns(folder, manifest),
        _made(manifest),
        _balance(certificate),
        _filters(manifest, measurements),
        _gates(measurements),
        _use(manifest),
        _limits(manifest, measurements, certificate),
        _again(manifest),
        _files(manifest),
    ]
    return front_matter(manifest) + "\n".join(line for section in sections for line in (*section, ""))


def front_matter(manifest: Tree) -> str:
    """The YAML block at the top; values are written as JSON, which YAML includes."""
    recipe = manifest["recipe"]
    about, task = recipe.get("recipe", {}), recipe.get("task", {})
    data: dict[str, Any] = {
        "pretty_name": about.get("name", ""),
        **_licence(about.get("licence", "")),
        "task_categories": [_CATEGORIES.get(task.get("kind", ""), "other")],
        "size_categories": [_size(manifest["rows"])],
        "tags": ["synthetic", "fairloom"],
        "configs": [{"config_name": "default", "data_files": _data_files(manifest)}],
    }
    lines = (f"{key}: {json.dumps(value, ensure_ascii=True)}" for key, value in data.items())
    return "\n".join(("---", *lines, "---", "", ""))


def _licence(name: str) -> dict[str, str]:
    known = ("apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "odbl", "bsd-3-clause")
    if not name:
        return {"license": "unknown"}
    return {"license": name.lower()} if name.lower() in known else {"license": "other", "license_name": name}


def _size(rows: int) -> str:
    return next((name for limit, name in (*_SIZES, *_LARGER) if rows < limit), "n>1T" if rows >= 10**12 else "1B<n<10B")


def _data_files(manifest: Tree) -> list[dict[str, str]]:
    splits = manifest.get("splits") or {}
    if not splits:
        return [{"split": "train", "path": "data/*.parquet"}]
    return [{"split": name, "path": f"data/{name}/*.parquet"} for name in splits]


def _what(manifest: Tree) -> Iterator[str]:
    recipe = manifest["recipe"]
    about, task = recipe.get("recipe", {}), recipe.get("task", {})
    yield f"# {escape(about.get('name', 'dataset'))} {escape(about.get('version', ''))}".rstrip()
    yield ""
    if about.get("description"):
        yield escape(about["description"])
        yield ""
    unit = f" One row is {escape(task['unit'])}." if task.get("unit") else ""
    kind = f" for {escape(task['kind'])}" if task.get("kind") else ""
    yield f"{manifest['rows']:,} synthetic rows{kind}, in {manifest['families']:,} families.{unit}"
    labels = task.get("labels", {})
    if labels:
        yield ""
        rows = [(name, label.get("definition", ""), ", ".join(label.get("cues", []))) for name, label in labels.items()]
        yield from table(("Label", "Definition", "Words that may give it away"), rows)
    if task.get("never"):
        yield ""
        yield "What never appears, by the task's own words:"
        yield ""
        yield from (f"- {escape(text)}" for text in task["never"].values())


def _columns(folder: Path, manifest: Tree) -> Iterator[str]:
    yield "## What a row holds"
    yield ""
    yield from table(("Column", "Type", "Meaning"), columns.described(folder, manifest))
    shown = columns.example(folder, manifest)
    if shown is not None:
        yield from ("", "The first one:", "", "```json", shown, "```")


def _made(manifest: Tree) -> Iterator[str]:
    recipe = manifest["recipe"]
    design = recipe.get("design", {})
    yield "## How it was made"
    yield ""
    yield (
        f"fairloom {escape(manifest['fairloom'])} planned every row before any text was written "
        f"({code(design.get('use', 'design.balanced'))}, seed {escape(manifest['seed'])}), then ran these steps:"
    )
    yield ""
    steps = manifest.get("counts", {}).get("steps", [])
    yield from (f"{index}. {escape(step['kind'])} {code(step['use'])}" for index, step in enumerate(steps, 1))
    if recipe.get("factors"):
        yield ""
        rows = [
            (name, factor.get("role", "nuisance"), ", ".join(factor.get("balance", [])))
            for name, factor in recipe["factors"].items()
        ]
        yield from table(("Factor", "Role", "Balanced by"), rows)


def _balance(certificate: Tree) -> Iterator[str]:
    yield "## Balance reached"
    yield ""
    pairs = sorted(certificate.get("pairs", []), key=lambda pair: -(pair.get("v") or 0))
    if not pairs:
        yield "No axes were declared, so no balance is claimed."
        return
    yield "Counted in the final rows; V is Cramér's V, 0 for independent axes; p tests their independence."
    yield ""
    rows = [(" by ".join(pair["axes"]), pair.get("gap"), pair.get("v"), pair.get("p")) for pair in pairs[:20]]
    yield from table(("Pair", "Gap", "V", "p"), rows)
    if len(pairs) > 20:
        yield ""
        yield f"The {len(pairs) - 20} pairs with a smaller V are in `certificate.json`."
    yield from _coverage(certificate)


def _coverage(certificate: Tree) -> Iterator[str]:
    """Empty cells, reversals, and how the rows came out of the plan."""
    said = []
    if certificate.get("cells"):
        pairs = [one for one in certificate["cells"] if len(one["axes"]) == 2]
        empty = [f"{' by '.join(one['axes'])} ({one['empty']:,})" for one in pairs if one["empty"]]
        said.append(f"Pairs with empty cells: {escape(', '.join(empty) or 'none')}.")
    if "reversals" in certificate:
        found = certificate["reversals"]["found"]
        where = ", ".join(f"{one['label']} by {one['axis']} {one['level']} within {one['given']}" for one in found[:5])
        said.append(f"Simpson reversals: {escape(where or 'none')}.")
    total = certificate.get("explained", {}).get("total")
    if total:
        lost = total["given_up"] + total["trimmed"]
        said.append(
            f"{total['made']:,} candidates were made for {total['planned']:,} planned rows; "
            f"{total['given_up']:,} rows were given up and {total['trimmed']:,} trimmed."
            if lost
            else f"{total['made']:,} candidates were made for {total['planned']:,} rows."
        )
    if said:
        yield ""
        yield " ".join(said)


def _filters(manifest: Tree, measurements: Tree) -> Iterator[str]:
    yield "## Filters and rejections"
    yield ""
    steps = [
        step
        for step in manifest.get("counts", {}).get("steps", [])
        if step.get("kind") == "filter" or step.get("rejected")  # a generator refuses what it cannot write
    ]
    if not steps:
        yield "No filter was used, and nothing was rejected."
        return
    rows = [
        (step["name"], step["seen"], step["rejected"], "; ".join(f"{r} ({n:,})" for r, n in step["reasons"].items()))
        for step in steps
    ]
    yield from table(("Step", "Seen", "Rejected", "Reasons"), rows)
    audit = measurements.get("audit", [])
    if audit:
        yield ""
        yield "Share kept in the least kept group over the share kept in the most kept group:"
        yield ""
        yield from table(
            ("Step", "Axis", "Ratio", "p"), [(a["step"], a["axis"], a.get("ratio"), a.get("p")) for a in audit]
        )
    yield ""
    if any(step["rejected"] for step in steps):
        yield "A rejected row was written again in its own cell. Every rejected candidate is in `rejected/`."
    else:
        yield "Nothing was rejected."


def _gates(measurements: Tree) -> Iterator[str]:
    yield "## Gates"
    yield ""
    gates = measurements.get("gates", [])
    if not gates:
        yield "The recipe sets no gates."
        return
    rows = [
        (gate["name"], gate["metric"], gate.get("value"), bounds(gate.get("min"), gate.get("max")), gate["status"])
        for gate in gates
    ]
    yield from table(("Gate", "Metric", "Value", "Bound", "Status"), rows)


def _use(manifest: Tree) -> Iterator[str]:
    task = manifest["recipe"].get("task", {})
    yield "## Intended use"
    yield ""
    kind = escape(task.get("kind", "the task above"))
    yield f"Training and evaluating models on {kind} as defined above. It is not a sample of any population:"
    yield "shares of labels, people and words follow the design and must not be read as how often things occur."


def _limits(manifest: Tree, measurements: Tree, certificate: Tree) -> Iterator[str]:
    yield "## Limits"
    yield ""
    yield "- Every text is synthetic; models trained on it need a test on real text before they are used."
    axes = ", ".join(code(axis["axis"]) for axis in certificate.get("axes", []))
    if axes:
        yield f"- Balance is claimed for {axes}, as declared in the recipe, and for nothing else."
    bad = [gate for gate in measurements.get("gates", []) if gate["status"] != "passed"]
    yield from (f"- Gate {escape(g['name'])} {escape(g['status'])}: {escape(g.get('why') or 'see Gates')}" for g in bad)
    missing = sum(cell["missing"] for cell in manifest.get("shortfall", []))
    if missing:
        yield f"- {missing:,} planned rows are missing; `manifest.json` names their cells."


def _again(manifest: Tree) -> Iterator[str]:
    yield "## Verify and rebuild"
    yield ""
    yield "```"
    yield f"pip install fairloom=={printable.line(manifest['fairloom'])}"
    yield "fairloom verify .              # every file against its digest"
    files = [record["path"] for record in manifest.get("inputs", [])]
    files += [plugin["name"] for plugin in manifest.get("plugins", []) if plugin.get("sha256")]
    yield f"fairloom verify . --rebuild{' --recipe DIR' if files else ''}    # make the rows again and compare"
    yield "```"
    yield ""
    if files:
        named = ", ".join(map(code, files[:8])) + (f" and {len(files) - 8:,} more" if len(files) > 8 else "")
        yield f"`DIR` is the folder of the recipe, with the files it reads: {named}. `manifest.json` has their digests."
        yield ""
    yield f"Content digest of the rows: {code(manifest['content_digest'])}"


def _files(manifest: Tree) -> Iterator[str]:
    yield "## Files"
    yield ""
    files = data_files(manifest)
    rows = [
        (file["path"], file.get("rows"), file["bytes"], file["sha256"].removeprefix("sha256:")[:16])
        for file in files[:40]
    ]
    yield from table(("File", "Rows", "Bytes", "SHA-256 begins"), rows)
    if len(files) > 40:
        yield ""
        yield f"{len(files) - 40} more are listed in `manifest.json`."
    yield ""
    yield "`report.html` shows samples, tables and rejections; `manifest.json` holds the recipe and all digests."


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A Markdown table; numbers are aligned to the right."""
    lines = [tuple(row) for row in rows]
    numeric = [all(_is_number(value) for value in column) for column in zip(*lines, strict=True)]
    marks = ["---:" if right else "---" for right in numeric] or ["---"] * len(columns)
    yield f"| {' | '.join(columns)} |"
    yield f"| {' | '.join(marks)} |"
    for line in lines:
        yield f"| {' | '.join(_cell(value) for value in line)} |"


def escape(value: Any) -> str:
    """Text that Markdown and HTML leave alone, on one line."""
    text = printable.line(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for character in "\\`*_[]|#":
        text = text.replace(character, f"\\{character}")
    return text


def code(value: Any) -> str:
    """A code span; Markdown knows no escapes inside one, so what would end it is replaced."""
    return f"`{printable.line(value).replace('`', chr(0x2BC)).replace('|', chr(0x2223))}`"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else escape(value)


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float)


def _read(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.json"
    if name != "manifest" and not path.is_file():
        return {}
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return data
