"""The same case in another interpreter: nothing left over, another hash seed, another order of sets.

Run as ``python -m fairloom.testing.fresh``: a JSON order per line on standard input, a JSON answer per line on standard
output. To start an interpreter and import a plugin takes seconds, to answer milliseconds: so each interpreter imports
what an order names and answers in a fork, which ends. It has run nothing itself, whatever it was asked before. Where
there is no fork (Windows), it ends after one answer.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import subprocess
import sys
import threading
import traceback
import warnings
from pathlib import Path
from typing import IO, Any, cast

import attrs
import pyarrow as pa

from fairloom.testing import case as cases
from fairloom.testing.outcome import digest

HASH_SEEDS = ("1", "2")
"""With that of the interpreter at hand, three orders of sets."""

_asking = threading.Lock()


def fresh_digests(case: cases.Case) -> dict[str, str]:
    """The digest of the case's answer in new interpreters, side by side, by their ``PYTHONHASHSEED``."""
    order = json.dumps(_order(case))
    with _asking:
        asked = {seed: _waiting(seed) for seed in HASH_SEEDS}
        try:
            for interpreter in asked.values():
                interpreter.ask(order)
            found = {seed: interpreter.answer() for seed, interpreter in asked.items()}
        except BaseException:
            for interpreter in asked.values():  # an answer that nobody has read would be the next one's
                interpreter.process.kill()
            raise
    for answer in found.values():
        if "error" in answer:
            msg = f"{case.title} fails in a fresh interpreter: {answer['error']}"
            raise AssertionError(msg)
    return {seed: answer["digest"] for seed, answer in found.items()}


@attrs.frozen(eq=False)
class _Interpreter:
    process: subprocess.Popen[str]

    def ask(self, order: str) -> None:
        orders = cast("IO[str]", self.process.stdin)
        with contextlib.suppress(BrokenPipeError):  # there will be no answer either
            orders.write(order + "\n")
            orders.flush()

    def answer(self) -> dict[str, str]:
        line = cast("IO[str]", self.process.stdout).readline()
        answer: dict[str, str] = json.loads(line) if line else {"error": _ended(self.process.wait())}
        return answer

    def stop(self) -> None:
        with contextlib.suppress(OSError), self.process:
            pass  # it ends when its orders do


_interpreters: dict[tuple[str, int], _Interpreter] = {}
"""By hash seed and by who asks: a fork of ours has its own."""


def _waiting(hash_seed: str) -> _Interpreter:
    """The interpreter with this hash seed that waits for orders, or a new one."""
    key = hash_seed, os.getpid()
    found = _interpreters.get(key)
    if found is not None and found.process.poll() is None:
        return found
    if found is not None:
        found.stop()
    started = _interpreters[key] = _started(hash_seed)
    atexit.register(started.stop)
    return started


def _started(hash_seed: str) -> _Interpreter:
    return _Interpreter(
        subprocess.Popen(
            [sys.executable, "-m", "fairloom.testing.fresh"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
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
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
    }


def main() -> None:
    """Answer the orders on standard input, until it ends."""
    orders, answers = _own_streams()
    for line in orders:
        answer = _answer_in_fork(json.loads(line)) if hasattr(os, "fork") else _answer(json.loads(line))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        if not hasattr(os, "fork"):
            return


def _own_streams() -> tuple[IO[str], IO[str]]:
    """Standard input and output for us alone: what a component prints is no answer, and what it reads no order."""
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    with Path(os.devnull).open("r+", encoding="utf-8") as nothing:
        for stream in (0, 1):
            os.dup2(nothing.fileno(), stream)
    return orders, answers


def _answer_in_fork(order: dict[str, Any]) -> dict[str, str]:
    """The answer of a copy of this process, made when all is imported and nothing has run."""
    with contextlib.suppress(Exception):  # the copy meets it again, and says so
        _imported(order)
    reading, writing = os.pipe()
    with warnings.catch_warnings(action="ignore"):  # of threads: what a library starts when imported survives a fork
        copy = os.fork()
    if copy == 0:
        with os.fdopen(writing, "w") as answers:
            json.dump(_answer(order), answers)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        answer = answers.read()
    status = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
    found: dict[str, str] = json.loads(answer) if answer and not status else {"error": _ended(status)}
    return found


def _answer(order: dict[str, Any]) -> dict[str, str]:
    try:
        component, tools = _imported(order)
        table = pa.ipc.open_stream(base64.b64decode(order["rows"])).read_all()
        rows = table.combine_chunks().to_batches()[0]
        case = cases.Case(component=component, settings=order["settings"], rows=rows, tools=tools)
        return {"digest": digest(case.answer())}
    except BaseException as error:  # noqa: BLE001 - whatever it is, the one who asked is to hear it
        return {"error": traceback.format_exception_only(error)[-1].strip()}


def _imported(order: dict[str, Any]) -> tuple[Any, Any]:
    """The component and the maker of its tools, found where the one who asked found them."""
    sys.path[:] = order["path"]
    os.chdir(order["folder"])
    ours = {"PYTHONHASHSEED": os.environ["PYTHONHASHSEED"]}
    os.environ.clear()
    os.environ.update({**order["environment"], **ours})
    place = order["component"]
    component = cases.attribute(place, order["component_file"]) if ":" in place else cases.find(place)
    return component, cases.attribute(order["tools"], order["tools_file"])


def _ended(code: int) -> str:
    return f"it ended with {code}"


if __name__ == "__main__":
    main()
