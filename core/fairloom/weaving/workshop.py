"""The workshop: what the components of a recipe are built with, and how one is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pyarrow as pa

from fairloom.components import Component, Tools
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.modelling.opened import Models
from fairloom.plugging.plugins import Plugins
from fairloom.reading.inputs import Inputs
from fairloom.reading.locate import KeyPath
from fairloom.reading.packages import Packages
from fairloom.reading.recipespec import RecipeSpec
from fairloom.reading.structure import structure
from fairloom.weaving.guard import built
from fairloom.weaving.making import Maker
from fairloom.weaving.predicted import Predictors

Opener = Callable[[], pa.Table]


@attrs.frozen(eq=False, kw_only=True)
class Workshop:
    """A recipe and what it names outside of its steps and gates, as far as that has been opened.

    ``tables`` is what the manifest says of the value tables of plugins.
    """

    recipe: RecipeSpec
    inputs: Inputs
    plugins: Plugins
    packages: Packages = attrs.field(factory=Packages)
    factors: Mapping[str, Factor] = attrs.field(factory=dict)
    tables: tuple[Mapping[str, str], ...] = ()
    references: dict[str, Opener] = attrs.field(factory=dict)
    models: Models = attrs.field(factory=Models)
    predictors: Predictors = attrs.field(factory=Predictors)

    @property
    def draws(self) -> Draws:
        """The root of the recipe's randomness."""
        return Draws(self.recipe.recipe.seed)

    def build(
        self,
        component: Component,
        settings: Mapping[str, Any],
        path: KeyPath,
        *stream: str,
        owner: type | None = None,
        **told: Any,
    ) -> Any:
        """The working object of a component whose table stands at ``path``; ``owner`` has the other keys of the table.

        Raises:
            RecipeError: The settings are wrong.
            PluginError: The component cannot be built.
        """
        config: Any = structure(component.config, settings, path, owner=owner)
        return built(component, config, self.tools(*stream, **told), *path)

    def tools(self, *stream: str, **told: Any) -> Tools:
        """The tools of a component that draws from ``stream``, ``told`` what only its kind hears of."""
        return Maker(self.plugins).tools(
            task=self.recipe.task,
            factors=self.factors,
            draws=self.draws.stream(*stream),
            open_path=self.inputs.open_path,
            version_of=self.packages.version_of,
            references=self.references,
            models=self.models.named,
            predictors=self.predictors.named,
            **told,
        )
