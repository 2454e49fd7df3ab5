"""Telling the observers: one plugin after the other, and none of them can stop or change a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fairloom.events import RunInfo, StepInfo

Report = Callable[[str, BaseException], None]
"""Called with the plugin and the error when an observer has been switched off; a note on the error
names the hook."""


class Observers:
    """The observer hooks of the loaded plugins, called in order of plugin name.

    An observer that raises is reported once and switched off with the rest of its plugin's
    observers. ``KeyboardInterrupt`` passes; ``SystemExit`` does not, for no observer ends a run.
    """

    def __init__(self, hooks: Mapping[str, Mapping[str, Callable[..., Any]]], report: Report) -> None:
        """Take, per plugin, the callable of each observer hook it implements."""
        self._hooks = {plugin: dict(hooks[plugin]) for plugin in sorted(hooks)}
        self._report = report

    def run_started(self, run: RunInfo) -> None:
        """A run begins."""
        self._tell("fairloom_run_started", run=run)

    def step_done(self, run: RunInfo, step: StepInfo) -> None:
        """A step has finished for the whole dataset."""
        self._tell("fairloom_step_done", run=run, step=step)

    def gate_decided(self, run: RunInfo, verdict: object) -> None:
        """A gate was decided; ``verdict`` is a ``fairloom.weaving.gates.Verdict``."""
        self._tell("fairloom_gate_decided", run=run, verdict=verdict)

    def run_finished(self, run: RunInfo) -> None:
        """The run has ended and its folder is complete."""
        self._tell("fairloom_run_finished", run=run)

    def _tell(self, hook: str, **facts: object) -> None:
        for plugin in tuple(self._hooks):
            call = self._hooks[plugin].get(hook)
            if call is None:
                continue
            try:
                call(**facts)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - an observer must not end a run, whatever it raises
                del self._hooks[plugin]
                error.add_note(f"in {hook} of plugin {plugin!r}, which is told nothing more")
                self._report(plugin, error)
