"""Running a recipe: one engine for the command and for Python."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fairloom.engine import Engine
from fairloom.executors import Runs, executor_for
from fairloom.log import FILE, Log, recording, terminal
from fairloom.manifest import identity
from fairloom.parts import Job
from fairloom.prepare import prepare
from fairloom.problems import RecipeError, RunError
from fairloom.progress import Progress, Silent
from fairloom.recipe import Recipe
from fairloom.results import Run
from fairloom.store import Folder, open_folder


def run(  # noqa: PLR0913 - the options of the command, one each
    recipe: Recipe,
    to: str | Path | None = None,
    *,
    workers: int = 1,
    executor: Runs | str | None = None,
    fresh: bool = False,
    allow: Iterable[str | Path] = (),
    progress: Progress | None = None,
    log: Log | None = None,
) -> Run:
    """Make the dataset of a recipe in a folder, resuming what an earlier call left unfinished.

    Raises:
        RecipeError: The recipe or the folder is wrong; nothing was generated.
        RunError: The run could not go on; finished parts are kept.
    """
    target = _target(recipe, to)
    allowed = [str(Path(folder).resolve()) for folder in allow]
    loom = prepare(recipe, allowed)
    who = identity(loom)
    folder = open_folder(target)
    try:
        if fresh:
            folder.clear()
        if _already(folder, who):
            (log or terminal()).info("run.complete", folder=str(target))
            folder.forget_work()
            return Run.open(target)
        folder.begin(who)
        job = Job(recipe=recipe.resolved, root=str(recipe.root), allow=tuple(allowed), folder=str(target))
        with recording(log or terminal(), folder.work / FILE) as written:
            runs = loom.executor(executor) if isinstance(executor, str) else executor or executor_for(loom, workers)
            Engine(loom, folder, job, runs, progress or Silent(), written).go(who)
        folder.forget_work()
        return Run.open(target)
    except OSError as error:
        raise RunError(
            f"writing to {target} failed: {error.strerror or error} "
            f"({error.filename or 'no file named'}); finished parts are kept, run the same command again to go on"
        ) from error
    finally:
        folder.close()


def _target(recipe: Recipe, to: str | Path | None) -> Path:
    if to is not None:
        return Path(to).resolve()
    if recipe.export.to is None:
        raise RecipeError.of("no output folder", "export", suggestion='set to = "out/name" in [export], or give --to')
    return (recipe.root / recipe.export.to).resolve()


def _already(folder: Folder, who: dict[str, Any]) -> bool:
    """Whether this very run is complete here; an error if the folder holds another one."""
    there = folder.identity()
    if there is None:
        return False
    if there.get("digest") != who["digest"]:
        raise RecipeError.of(
            f"{folder.path} holds another run ({there.get('name')} {there.get('version')}: {_difference(there, who)})",
            suggestion="give another folder with --to, or --fresh to replace it",
        )
    return folder.complete


def _difference(there: dict[str, Any], here: dict[str, Any]) -> str:
    words = {
        "fairloom": "fairloom itself",
        "recipe_digest": "the recipe",
        "inputs": "an input file",
        "plugins": "a plugin",
    }
    changed = [word for key, word in words.items() if there.get(key) != here.get(key)]
    return f"{' and '.join(changed)} changed" if changed else "another name or version"
