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

HASH_SEEDS = ("1", "2", "3")


def fresh_digest(case: cases.Case, hash_seed: str) -> str:
    """The digest of the case's answer in a new interpreter under ``PYTHONHASHSEED``."""
    done = subprocess.run(
        [sys.executable, "-m", "fairloom.testing.fresh"],
        input=json.dumps(_order(case)),
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        msg = f"{case.title} fails in a fresh interpreter: {' '.join(last)}"
        raise AssertionError(msg)
    return done.stdout.strip()


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
