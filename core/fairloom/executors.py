"""The executor seam: plain-data specifications in, plain-data results out, in any order.

A cluster engine plugs in by the `executors` hook with an object that has the same `run`. The two below
are built in: in this process, and on a pool of processes.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

import attrs

from fairloom.loom import Loom
from fairloom.parts import Job, PartSpec, work
from fairloom.problems import RunError

Done = tuple[PartSpec, dict[str, Any]]


class Runs(Protocol):
    """What an executor is."""

    def run(self, job: Job, specs: Sequence[PartSpec]) -> Iterator[Done]:
        """Work on every part; yield each with its result as it is done."""


@attrs.frozen(eq=False)
class Inline:
    """One part after the other in this process: the default, and the one to debug with."""

    loom: Loom

    def run(self, job: Job, specs: Sequence[PartSpec]) -> Iterator[Done]:
        """Work on every part in order."""
        for spec in specs:
            yield spec, work(job, spec, self.loom)


@attrs.frozen
class Pool:
    """A pool of ``workers`` processes. Workers write their parts; only counts and digests come back."""

    workers: int

    def run(self, job: Job, specs: Sequence[PartSpec]) -> Iterator[Done]:
        """Work on every part; at most two per worker wait in line."""
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(min(self.workers, len(specs)) or 1, context, initializer=_start_worker)
        waiting = iter(specs)
        running: dict[Future[dict[str, Any]], PartSpec] = {}
        try:
            while True:
                for spec in waiting:
                    running[pool.submit(work, job, spec)] = spec
                    if len(running) >= 2 * self.workers:
                        break
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
            pool.shutdown()
        except BrokenProcessPool as error:
            raise RunError(
                "a worker process died (killed, or out of memory); finished parts are kept. "
                "Run the same command again to go on, perhaps with fewer --workers"
            ) from error
        finally:
            _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """Stop at once: a cancelled run must not wait for parts it will not use."""
    pool.shutdown(wait=False, cancel_futures=True)
    for process in multiprocessing.active_children():
        process.terminate()


def _start_worker() -> None:
    """The parent decides when to stop, and one worker uses one core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    import pyarrow as pa  # noqa: PLC0415 - in the worker only

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def _end_with_parent() -> None:
    """A killed parent must not leave workers that go on writing into its folder."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def executor_for(loom: Loom, workers: int) -> Runs:
    """The built-in executor for a number of workers."""
    return Inline(loom) if workers <= 1 else Pool(workers)
