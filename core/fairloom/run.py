"""Running a recipe: one engine for the command and for Python."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from fairloom.modelling.opened import Replay
from fairloom.problems import PluginError, Problem, RecipeError, RunError
from fairloom.reading.inputs import several
from fairloom.reading.recipespec import RecipeSpec
from fairloom.results import Run
from fairloom.showing.log import FILE, Log, recording, terminal
from fairloom.showing.progress import Progress, Silent
from fairloom.weaving.engine import Engine
from fairloom.weaving.executors import Runs, executor_for
from fairloom.weaving.manifest import identity
from fairloom.weaving.parts import Job
from fairloom.weaving.prepare import prepare
from fairloom.weaving.store import Folder, open_folder


def run(  # noqa: PLR0913 - the options of the command, one each
    recipe: RecipeSpec,
    to: str | Path | None = None,
    *,
    workers: int = 1,
    executor: Runs | str | None = None,
    fresh: bool = False,
    allow: Iterable[str | Path] = (),
    journal: str | Path | None = None,
    replay: Replay | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Run:
    """Make the dataset of a recipe in a folder, resuming what an earlier call left unfinished.

    ``journal`` and ``replay`` overrule ``[journal]`` of the recipe.

    Raises:
        RecipeError: The recipe or the folder is wrong; nothing was generated.
        RunError: The run could not go on; finished parts are kept.
    """
    _check_call(workers, replay)
    allowed = [str(Path(folder).resolve()) for folder in several("allow", allow)]
    target = _resolved(destination(recipe, to, allowed))
    kept = _resolved(Path(journal)) if journal else None
    loom = prepare(recipe, allowed, journal=kept, replay=replay)
    who = identity(loom)
    runs = loom.executor(executor) if isinstance(executor, str) else executor or executor_for(loom, workers)
    folder = open_folder(target)
    try:
        if fresh:
            folder.clear()
        if _already(folder, who):
            done = Run.open(target)
            _ = done.files  # said to be there, they are looked for
            (log or terminal()).info("run.complete", folder=str(target))
            folder.forget_work()
            return attrs.evolve(done, already=True)
        folder.begin(who)
        job = Job(
            recipe=recipe.resolved,
            root=str(recipe.root),
            allow=tuple(allowed),
            folder=str(target),
            identity=who["digest"],
            journal=str(kept or ""),
            replay=replay or "",
        )
        job.keep(loom)
        if loom.models:
            loom.models.begin((progress or Silent()).note)
        job.remember(loom)
        with recording(log or terminal(), folder.work / FILE) as written:
            Engine(loom, folder, job, runs, progress or Silent(), written).go(who)
        loom.predictors.close()
        folder.forget_work()
        return Run.open(target)
    except RecipeError as error:
        raise RecipeError(recipe.place(error.problems)) from error
    except PluginError as error:
        if parts := len(folder.journal.read()):
            error.add_note(f"{parts} finished part{'' if parts == 1 else 's'} of the run are kept in {target}")
        raise
    except OSError as error:
        place = error.filename or target
        said = "finished parts are kept, run the same command again to go on"
        if not folder.work.is_dir():
            said = "what the run had written there was taken away; run the same command again to start anew"
        raise RunError(f"writing to {place} failed: {error.strerror or error}; {said}") from error
    finally:
        loom.models.journal.close()
        loom.predictors.close()
        folder.close()


def destination(recipe: RecipeSpec, to: str | Path | None, allow: Iterable[str | Path] = ()) -> Path:
    """The run folder: ``to``, relative to where we are, or ``export.to``, relative to the recipe.

    Raises:
        RecipeError: There is neither, or ``export.to`` leaves the recipe's folder and those of ``allow``.
    """
    if to is not None:
        return Path(to)
    named = recipe.export.to
    if named is None:
        problem = Problem("the recipe does not say where the run goes", ("export", "to"), suggestion="give --to DIR")
        raise RecipeError(recipe.place([problem]))
    path = recipe.root / named
    homes = [Path(folder).resolve() for folder in (recipe.root, *allow)]
    if "://" in named or not any(path.resolve().is_relative_to(home) for home in homes):
        way = "say it yourself with --to DIR"
        raise RecipeError(
            recipe.place([Problem(f"{named!r} leaves the recipe's folder", ("export", "to"), suggestion=way)])
        )
    return path


def _check_call(workers: int, replay: str | None) -> None:
    """What the command line refuses by itself: with a misspelt ``replay`` models would be asked, and paid."""
    if workers < 1:
        raise RecipeError.of(f"workers is 1 or more, got {workers}")
    if replay not in {None, "off", "only"}:
        raise RecipeError.of(f"replay is 'off' or 'only', got {replay!r}")


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a null byte
        raise RecipeError.of(f"{str(path)!r} is no place for files: {error}") from error


def _already(folder: Folder, who: dict[str, Any]) -> bool:
    """Whether this very run is complete here; an error if the folder holds another one.

    Another one that never finished a part has nothing to lose and makes way.
    """
    there = folder.identity()
    if there is None:
        return False
    if there.get("digest") == who["digest"]:
        return folder.complete
    if not folder.complete and not folder.journal.read():
        folder.clear()
        return False
    which = "another run" if folder.complete else "another, unfinished run"
    raise RecipeError.of(
        f"{folder.path} holds {which} ({there.get('name')} {there.get('version')}: {_difference(there, who)})",
        suggestion="rows of the two cannot be mixed; give another folder with --to, or --fresh to replace it",
    )


def _difference(there: dict[str, Any], here: dict[str, Any]) -> str:
    changed = [word for key, word in _PARTS.items() if there.get(key) != here.get(key)]
    changed += _changed(there, here, "inputs", "path") + _changed(there, here, "plugins", "name")
    return f"{' and '.join(changed)} changed" if changed else "another name or version"


_PARTS = {"fairloom": "fairloom itself", "recipe_digest": "the recipe"}


def _changed(there: dict[str, Any], here: dict[str, Any], key: str, name: str) -> list[str]:
    """The inputs or plugins that are not the same on both sides, by name."""
    before, after = ({one[name]: one for one in side.get(key, [])} for side in (there, here))
    return [each for each in dict.fromkeys([*before, *after]) if before.get(each) != after.get(each)]
