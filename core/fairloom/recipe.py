"""The recipe as Python reads and runs it: what it says is ``RecipeSpec``, what can be done with it stands here.

Nothing below may import this module: what works on a recipe takes the ``RecipeSpec`` it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs

from fairloom.reading.exportspec import ExportSpec, SplitSpec
from fairloom.reading.factorspec import FactorSpec
from fairloom.reading.inputs import several
from fairloom.reading.load import load_recipe, recipe_of
from fairloom.reading.recipespec import (
    About,
    DesignSpec,
    GateSpec,
    JournalSpec,
    ModelSpec,
    PartsSpec,
    PredictorSpec,
    RecipeSpec,
    ReferenceSpec,
    StepSpec,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fairloom.results import Run
    from fairloom.showing.log import Log
    from fairloom.showing.progress import Progress
    from fairloom.weaving.executors import Runs


@attrs.frozen(kw_only=True)
class Recipe(RecipeSpec):
    """A recipe that can be run; its tables are the attributes of ``RecipeSpec``."""

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        set: Iterable[str] = (),  # noqa: A002 - the word of the command line, --set
        profile: str | None = None,
        allow: Sequence[Path] = (),
    ) -> Recipe:
        """Read and check a recipe file.

        Args:
            path: The TOML file.
            set: ``KEY=VALUE`` overrides, values in TOML.
            profile: The ``[profile.NAME]`` to lay over the recipe.
            allow: Folders outside of the recipe's own that ``extends`` may reach.

        Raises:
            RecipeError: With every problem, each with file, line and column.
        """
        found = load_recipe(path, overrides=several("set", set), profile=profile, allow=several("allow", allow))
        return cls._of(found)

    @classmethod
    def from_data(cls, data: Mapping[str, Any], root: Path) -> Recipe:
        """The recipe that plain data stand for: a ``resolved`` tree, or one made in Python.

        Raises:
            RecipeError: With every problem.
        """
        return cls._of(recipe_of(data, root))

    @classmethod
    def _of(cls, spec: RecipeSpec) -> Recipe:
        return cls(**{field.name: getattr(spec, field.name) for field in attrs.fields(RecipeSpec)})

    def run(  # noqa: PLR0913 - the options of the command, one each
        self,
        to: str | Path | None = None,
        *,
        workers: int = 1,
        executor: Runs | str | None = None,
        fresh: bool = False,
        allow: Iterable[str | Path] = (),
        journal: str | Path | None = None,
        replay: Literal["off", "only"] | None = None,
        progress: Progress | None = None,
        log: Log | None = None,
    ) -> Run:
        """Make the dataset in the folder ``to``: the same engine and the same bytes as the command.

        Raises:
            RecipeError: The recipe or the folder is wrong; nothing was generated.
            RunError: The run could not go on; finished parts are kept and the same call goes on.
        """
        from fairloom.run import run  # noqa: PLC0415 - a recipe is read without the engine

        return run(
            self,
            to,
            workers=workers,
            executor=executor,
            fresh=fresh,
            allow=allow,
            journal=journal,
            replay=replay,
            progress=progress,
            log=log,
        )


__all__ = [
    "About",
    "DesignSpec",
    "ExportSpec",
    "FactorSpec",
    "GateSpec",
    "JournalSpec",
    "ModelSpec",
    "PartsSpec",
    "PredictorSpec",
    "Recipe",
    "ReferenceSpec",
    "SplitSpec",
    "StepSpec",
]
