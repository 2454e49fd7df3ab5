"""The executor seam: plain-data specifications in, plain-data results out, in any order.

A cluster engine plugs in by the `executors` hook with an object that has the same `run`. The two below
are built in: in this process, and on a pool of worker processes.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import IO, Any, Protocol

import attrs

from fairloom.modelling.opened import Models
from fairloom.modelling.pace import Counts
from fairloom.problems import FairloomError, ModelError, PluginError, Problem, RecipeError, RunError
from fairloom.weaving.loom import Loom
from fairloom.weaving.parts import Job, PartSpec, work

_LISTENING = 0.2
"""Seconds between two looks at how the asking of models goes."""

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


@attrs.frozen(eq=False)
class Pool:
    """A pool of ``workers`` processes. Workers write their parts; only counts and digests come back.

    ``models`` say how the asking of all workers goes.

    Workers are started as modules and spoken to in JSON, so that a script needs no guard around its
    main code, as `multiprocessing` would ask for, and nothing is pickled.
    """

    workers: int
    models: Models

    def run(self, job: Job, specs: Sequence[PartSpec]) -> Iterator[Done]:
        """Work on every part; one thread waits for each worker."""
        idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        started = [_Worker.start(job) for _ in range(min(self.workers, len(specs)))]
        for worker in started:
            idle.put(worker)

        def ask(spec: PartSpec) -> Done:
            worker = idle.get()
            try:
                return spec, worker.ask(spec)
            finally:
                idle.put(worker)

        threads = ThreadPoolExecutor(len(started))
        waiting = {threads.submit(ask, spec) for spec in specs}
        try:
            while waiting:
                done, waiting = wait(waiting, _LISTENING if self.models else None, FIRST_COMPLETED)
                if heard := [counts for worker in started for counts in tuple(worker.heard.values())]:
                    self.models.told(heard)
                for future in done:
                    yield future.result()
        finally:
            # A cancelled run must not wait for parts it will not use; dead workers let their threads go.
            for worker in started:
                worker.process.kill()
            threads.shutdown(cancel_futures=True)
            for worker in started:
                worker.close()


@attrs.frozen(eq=False)
class _Worker:
    """One worker process and the pipes to it; ``heard`` is how its asking goes, by model."""

    process: subprocess.Popen[str]
    to: IO[str]
    answers: IO[str]
    lock: threading.Lock = attrs.field(factory=threading.Lock)
    heard: dict[str, Counts] = attrs.field(factory=dict)

    @classmethod
    def start(cls, job: Job) -> _Worker:
        # A process group of its own: Ctrl-C is the parent's to handle.
        process = subprocess.Popen(
            [sys.executable, "-m", "fairloom.weaving.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            process_group=0,
        )
        if process.stdin is None or process.stdout is None:  # pragma: no cover - both were asked for
            raise RunError("a worker process has no pipes")
        worker = cls(process, process.stdin, process.stdout)
        worker.say({"path": sys.path, "job": attrs.asdict(job)})
        return worker

    def say(self, message: dict[str, Any]) -> None:
        self.to.write(json.dumps(message) + "\n")
        self.to.flush()

    def ask(self, spec: PartSpec) -> dict[str, Any]:
        with self.lock:
            try:
                self.say(attrs.asdict(spec))
                answer = self._listen()
            except (OSError, ValueError):
                answer = {}
        if not answer:
            raise RunError(
                "a worker process died (killed, or out of memory); finished parts are kept. "
                "Run the same command again to go on, perhaps with fewer --workers"
            )
        if "error" in answer:
            raise _error(answer)
        result: dict[str, Any] = answer["result"]
        return result

    def _listen(self) -> dict[str, Any]:
        """The answer, after whatever is said of the asking of models; nothing where the worker died."""
        for line in self.answers:
            said: dict[str, Any] = json.loads(line)
            if "asking" not in said:
                self.heard.clear()
                return said
            counts = Counts(**said["asking"])
            self.heard[counts.model] = counts
        return {}

    def close(self) -> None:
        self.process.wait()
        self.answers.close()
        with contextlib.suppress(OSError):
            self.to.close()


def _error(answer: dict[str, Any]) -> Exception:
    """What a worker met, as the parent raises it."""
    name, message = answer["error"], answer["message"]
    if name == "OSError":
        return OSError(answer["errno"], message, answer["file"])
    if name == "RecipeError":
        return RecipeError([Problem(**{**each, "path": tuple(each["path"])}) for each in answer["problems"]])
    kinds: dict[str, type[FairloomError]] = {"PluginError": PluginError, "ModelError": ModelError}
    return kinds.get(name, RunError)(message)


def executor_for(loom: Loom, workers: int) -> Runs:
    """The built-in executor for a number of workers."""
    return Inline(loom) if workers <= 1 else Pool(workers, loom.models)
