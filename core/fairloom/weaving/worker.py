"""A worker process: parts in and results out as lines of JSON, ``python -m fairloom.weaving.worker``.

The first line on standard input is the import path of the parent and the job, each further line a part;
each answer is a line on standard output, and so is, before it, how the asking of models goes. When the
input ends the parent is gone or done, and the worker ends at once, in the middle of a part if need be:
unfinished parts leave no trace.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

Lines = queue.SimpleQueue[str]


def main() -> None:
    """Answer until the input ends."""
    answers = _own_stdout()
    lines: Lines = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    start = json.loads(lines.get())
    sys.path[:] = start["path"]
    _one_core()

    def say(said: dict[str, Any]) -> None:
        answers.write(json.dumps(said) + "\n")
        answers.flush()

    while True:
        say(_answer(start["job"], json.loads(lines.get()), say))


def _own_stdout() -> IO[str]:
    """The pipe to the parent; what plugins print goes to standard error instead."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return pipe


def _listen(lines: Lines) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def _one_core() -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    import pyarrow as pa  # noqa: PLC0415 - after the import path is set

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def _answer(job: dict[str, Any], spec: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    import attrs  # noqa: PLC0415 - after the import path is set

    from fairloom.problems import FairloomError, RecipeError  # noqa: PLC0415
    from fairloom.weaving.parts import Job, PartSpec, work  # noqa: PLC0415 - after the import path is set

    def hear(counts: Any) -> None:
        say({"asking": attrs.asdict(counts)})

    try:
        return {"result": work(Job(**job), PartSpec(**spec), hear=hear)}
    except RecipeError as error:
        problems = [attrs.asdict(problem) for problem in error.problems]
        return {"error": "RecipeError", "message": str(error), "problems": problems}
    except FairloomError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except OSError as error:
        said = error.strerror or str(error)
        return {"error": "OSError", "message": said, "errno": error.errno, "file": error.filename}
    except Exception as error:  # noqa: BLE001 - said by the parent, with the part it happened in
        return {"error": "RunError", "message": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
