"""The same case in another interpreter: nothing left over, another hash seed, another order of sets.

Run as ``python -m fairloom.testing.fresh``: a JSON order on standard input, a digest on standard output.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import Any

import pyarrow as pa

from fairloom.testing import case as cases
from fairloom.testing.outcome import digest

HASH_SEEDS = ("1", "2")
"""With that of the interpreter at hand, three orders of sets."""


def fresh_digests(case: cases.Case) -> dict[str, str]:
    """The digest of the case's answer in new interpreters, side by side, by their ``PYTHONHASHSEED``."""
    order = json.dumps(_order(case))
    started = {seed: _started(seed) for seed in HASH_SEEDS}
    ended = {seed: process.communicate(order) for seed, process in started.items()}
    for seed, (_, errors) in ended.items():
        if started[seed].returncode:
            last = errors.strip().splitlines()[-1:]
            msg = f"{case.title} fails in a fresh interpreter: {' '.join(last)}"
            raise AssertionError(msg)
    return {seed: output.strip() for seed, (output, _) in ended.items()}


def _started(hash_seed: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fairloom.testing.fresh"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _order(case: cases.Case) -> dict[str, Any]:
    component, tools = cases.place_of(case.component), cases.callable_place(case.tools)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, case.rows.schema) as writer:
        writer.write_batch(case.rows)
    return {
        "component": component,
        "component_file": cases.file_of(component),
        "tools": tools,
        "tools_file": cases.file_of(tools),
        "settings": dict(case.settings),
        "rows": base64.b64encode(sink.getvalue()).decode(),
        "path": sys.path,
    }


def main() -> None:
    """Answer the order on standard input."""
    order = json.load(sys.stdin)
    sys.path[:] = order["path"]
    place = order["component"]
    component = cases.attribute(place, order["component_file"]) if ":" in place else cases.find(place)
    table = pa.ipc.open_stream(base64.b64decode(order["rows"])).read_all()
    case = cases.Case(
        component=component,
        settings=order["settings"],
        rows=table.combine_chunks().to_batches()[0],
        tools=cases.attribute(order["tools"], order["tools_file"]),
    )
    sys.stdout.write(digest(case.answer()))


if __name__ == "__main__":
    main()
