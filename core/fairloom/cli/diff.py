"""``fairloom diff``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fairloom.cli import options, output

DETAIL = """\
Recipe, inputs, plugins, counts, gates, rows, and the certificates pair by
pair; the exit code is 0 when nothing differs and 1 when something does."""
EXAMPLE = """\
fairloom diff out-1.0 out-1.1"""

Difference = tuple[str, str, Any, Any]
_MISSING = None
_LONG = 8
"""Two lists with more values than this together are shown by what only one of them has."""
_WIDE = 72


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``diff``."""
    parser.add_argument("before", metavar="DIR", type=Path, help="the folder of a finished run")
    parser.add_argument("after", metavar="DIR", type=Path, help="the folder of another")


def call(arguments: argparse.Namespace) -> int:
    """Print what differs."""
    folders = [options.readable_run(folder) for folder in (arguments.before, arguments.after)]
    before, after = (
        {**_read(folder, "manifest"), **_read(folder, "measurements"), "certificate": _read(folder, "certificate")}
        for folder in folders
    )
    found = list(differences(before, after))
    same_rows = before.get("content_digest") == after.get("content_digest")
    if arguments.json:
        keys = ("section", "key", "before", "after")
        changes = [dict(zip(keys, one, strict=True)) for one in found]
        output.document({"same_rows": same_rows, "differences": changes})
    else:
        output.text("the rows are the same" if same_rows else "the rows differ")
        _print(found, before, after)
    return 1 if found else 0


def differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
    """Every difference as ``(section, key, before, after)``; ``None`` where one side has no such key."""
    for section, of in _SECTIONS.items():
        ours, theirs = of(before), of(after)
        for key in dict.fromkeys((*ours, *theirs)):
            if ours.get(key, _MISSING) != theirs.get(key, _MISSING):
                yield section, key, ours.get(key), theirs.get(key)


def _print(found: list[Difference], ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    for section in dict.fromkeys(one[0] for one in found):
        output.heading(section)
        if section == _BALANCE:
            _print_balance([key for name, key, _, _ in found if name == section], _balance(ours), _balance(theirs))
            continue
        output.table(
            ("key", "before", "after"),
            [(key, *_changed(before, after)) for name, key, before, after in found if name == section],
        )


def _print_balance(changed: list[str], *sides: dict[str, Any]) -> None:
    """One line per pair of which something differs, its figures side by side."""
    pairs = dict.fromkeys(key.rpartition(": ")[0] for key in changed)
    columns = [f"{word} {side}" for word in _FIGURES for side in ("before", "after")]
    rows = [(pair, *(_figure(side.get(f"{pair}: {word}")) for word in _FIGURES for side in sides)) for pair in pairs]
    output.table(("pair", *columns), rows)


def _figure(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else output.cell(value)


def _changed(before: Any, after: Any) -> tuple[output.Cell, output.Cell]:
    """Both sides of a difference in few words; of two lists what only one of them has."""
    if isinstance(before, list) and isinstance(after, list) and len(before) + len(after) > _LONG:
        only = [[value for value in one if value not in other] for one, other in ((before, after), (after, before))]
        if any(only):
            return tuple(f"{_short(some)} of {len(one)}" for some, one in zip(only, (before, after), strict=True))  # type: ignore[return-value]  # two in, two out
    return _short(before), _short(after)


def _short(value: Any) -> output.Cell:
    if value is None or isinstance(value, int | float):
        return value
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= _WIDE else f"{said[: _WIDE - 3]}..."


def _read(folder: Path, name: str) -> dict[str, Any]:
    from fairloom.showing.papers import paper  # noqa: PLC0415 - the parser needs none of this

    return paper(folder, f"{name}.json", optional=True)


def _flat(tree: Any, path: str = "") -> dict[str, Any]:
    """A tree as ``{"factors.city.values": [...]}``; tables in arrays are numbered."""
    if isinstance(tree, dict):
        pairs = [(f"{path}.{key}" if path else str(key), value) for key, value in tree.items()]
    elif isinstance(tree, list) and any(isinstance(item, dict) for item in tree):
        pairs = [(f"{path}[{index}]", value) for index, value in enumerate(tree)]
    else:
        return {path: tree}
    return {key: value for name, branch in pairs for key, value in _flat(branch, name).items()}


def _of(run: dict[str, Any], key: str, name: str, value: str) -> dict[str, Any]:
    return {item[name]: item.get(value) for item in run.get(key, [])}


def _plugins(run: dict[str, Any]) -> dict[str, Any]:
    """Version of each plugin, digest of each local file."""
    return {one["name"]: one.get("sha256") or one.get("version") for one in run.get("plugins", [])}


def _counts(run: dict[str, Any]) -> dict[str, Any]:
    steps = {
        f"{step['name']}: {word}": step.get(word)
        for step in run.get("counts", {}).get("steps", [])
        for word in ("seen", "rejected")
    }
    whole = {key: run.get(key) for key in ("status", "rows", "families")}
    return {**whole, **run.get("splits", {}), **steps, "missing": sum(cell["missing"] for cell in run["shortfall"])}


def _gates(run: dict[str, Any]) -> dict[str, Any]:
    return {f"{gate['name']}: {word}": gate.get(word) for gate in run.get("gates", []) for word in ("value", "status")}


def _packages(run: dict[str, Any]) -> dict[str, str]:
    """Further packages that decide the rows."""
    packages: dict[str, str] = run.get("identity", {}).get("packages", {})
    return packages


def _balance(run: dict[str, Any]) -> dict[str, Any]:
    """The figures of every pair of declared axes."""
    certificate = run.get("certificate", {})
    return {
        f"{' by '.join(pair['axes'])}: {word}": pair.get(key)
        for pair in certificate.get("pairs", [])
        for word, key in _FIGURES.items()
    }


def _coverage(run: dict[str, Any]) -> dict[str, Any]:
    """Empty cells, reversals, and what the rows cost."""
    certificate = run.get("certificate", {})
    empty = {f"{' by '.join(one['axes'])}: empty": one["empty"] for one in certificate.get("cells", [])}
    reversals = certificate.get("reversals", {}).get("found", [])
    total = certificate.get("explained", {}).get("total", {})
    cost = {word: total.get(word) for word in ("made", "given_up", "trimmed")}
    return {**empty, "Simpson reversals": len(reversals), **cost}


_BALANCE = "Balance"
_FIGURES = {"V": "v", "gap": "gap", "p": "p"}
_SECTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "Recipe": lambda run: _flat(run.get("recipe", {})),
    "Inputs": lambda run: _of(run, "inputs", "path", "sha256"),
    "Plugins": lambda run: {"fairloom": run.get("fairloom"), **_plugins(run), **_packages(run)},
    "Counts": _counts,
    "Gates": _gates,
    _BALANCE: _balance,
    "Cells and cost": _coverage,
    "Rows": lambda run: {"content digest": run.get("content_digest")},
}
