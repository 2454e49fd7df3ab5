"""Setting up the loom: from a recipe to loaded components, factors, plan and steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa

from fairloom.batch import LABEL
from fairloom.briefs import Briefs
from fairloom.components import Filter, Generator, Metric, Reader, Sampler, Tools, Writer
from fairloom.design import DesignTask, Plan, PlanSummary, Uses
from fairloom.draws import Draws
from fairloom.factors import Axis, Factor, load_factors
from fairloom.inputs import Inputs, inputs_for
from fairloom.plugins import Plugins
from fairloom.problems import Problem, RecipeError
from fairloom.recipe import DesignSpec, FactorSpec, GateSpec, Recipe, ReferenceSpec, StepSpec
from fairloom.rules import rules_of
from fairloom.structure import structure
from fairloom.weave import Step, Weaver

Path_ = tuple[str | int, ...]


@attrs.frozen(eq=False)
class Loom:
    """Everything a run needs, ready to weave. Workers build their own from the recipe."""

    recipe: Recipe
    factors: Mapping[str, Factor]
    plan: Plan
    summary: PlanSummary
    briefs: Briefs
    steps: tuple[Step, ...]
    inputs: Inputs
    plugins: Plugins
    axes: tuple[str, ...]
    references: Mapping[str, Callable[[], pa.Table]]

    @property
    def draws(self) -> Draws:
        """The root of the recipe's randomness."""
        return Draws(self.recipe.recipe.seed)

    @property
    def row_steps(self) -> tuple[Step, ...]:
        """Generators and the filters that judge rows or families."""
        return tuple(step for step in self.steps if step.scope != "dataset")

    @property
    def dataset_steps(self) -> tuple[Step, ...]:
        """The filters that judge the whole dataset, in the order of the recipe."""
        return tuple(step for step in self.steps if step.scope == "dataset")

    def weaver(self) -> Weaver:
        """A weaver of parts."""
        return Weaver(self.briefs, self.row_steps, self.recipe.design.attempts, self.axes)

    def metric(self, gate: GateSpec, index: int) -> Any:
        """A fresh measuring object for a gate."""
        path: Path_ = ("gate", index)
        component, _ = self.plugins.find(Metric, gate.metric, *path, "metric")
        config = structure(component.config, gate.settings, path, owner=GateSpec)
        return component.build(config, _tools(self, self.draws.stream("gate", gate.name)))

    def writer(self, use: str) -> Any:
        """The writer of a further export format."""
        component, _ = self.plugins.find(Writer, use, "export", "formats")
        config = structure(component.config, {}, ("export", "formats"))
        return component.build(config, _tools(self, self.draws.stream("writer", use)))


def _tools(loom: Loom, draws: Draws) -> Tools:
    return Tools(
        task=loom.recipe.task,
        factors=loom.factors,
        draws=draws,
        open_path=loom.inputs.open_path,
        references=loom.references,
    )


@attrs.define
class _Findings:
    """Problems found so far; carries on so that all are said at once."""

    recipe: Recipe
    problems: list[Problem] = attrs.field(factory=list)

    def catch(self, work: Callable[[], Any], path: Path_ = ()) -> Any:
        """The result of ``work``, or ``None`` and its problems noted below ``path``."""
        try:
            return work()
        except RecipeError as error:
            self.problems += [
                problem if problem.path else attrs.evolve(problem, path=path) for problem in error.problems
            ]
            return None

    def stop(self) -> None:
        """Raise what was found."""
        if self.problems:
            raise RecipeError(self.recipe.place(self.problems))


def prepare(recipe: Recipe, allow: Iterable[str | Path] = ()) -> Loom:
    """Load, check and plan a recipe, without generating anything.

    Raises:
        RecipeError: Everything that is wrong with the recipe, each with its place.
        PluginError: A plugin it names is broken.
    """
    found = _Findings(recipe)
    inputs = inputs_for(recipe.root, allow)
    plugins = Plugins(root=recipe.root)
    factors = _factors(recipe, inputs, plugins, found)
    references = _references(recipe, inputs, plugins, factors, found)
    found.stop()
    steps = _steps(recipe, inputs, plugins, factors, references, found)
    _check_gates(recipe, plugins, found)
    rules = found.catch(lambda: rules_of(recipe.design, recipe.factors, factors), ("design",))
    found.stop()
    uses = next((step.work.uses for step in steps if getattr(step.work, "uses", None)), None)
    plan = found.catch(lambda: _plan(recipe, inputs, plugins, factors, rules, uses), ("design",))
    found.stop()
    draws = Draws(recipe.recipe.seed)
    shown = _shown(recipe, factors)
    loom = Loom(
        recipe=recipe,
        factors=factors,
        plan=plan,
        summary=plan.summary(),
        briefs=Briefs.of(plan, factors, shown, draws),
        steps=tuple(steps),
        inputs=inputs,
        plugins=plugins,
        axes=_audited(factors),
        references=references,
    )
    for index, gate in enumerate(recipe.gate):
        found.catch(lambda gate=gate, index=index: loom.metric(gate, index), ("gate", index))
    for use in recipe.export.formats:
        found.catch(lambda use=use: loom.writer(use), ("export", "formats"))
    found.stop()
    return loom


def _factors(recipe: Recipe, inputs: Inputs, plugins: Plugins, found: _Findings) -> dict[str, Factor]:
    samplers: dict[str, Any] = {}
    for name, spec in recipe.factors.items():
        if spec.sample is None:
            continue

        def build(name: str = name, spec: FactorSpec = spec) -> Any:
            path: Path_ = ("factors", name)
            component, _ = plugins.find(Sampler, str(spec.sample), *path, "sample", plans="value")
            config = structure(component.config, spec.settings, path, owner=FactorSpec)
            return component.build(config, _bare_tools(recipe, inputs, ("factor", name)))

        samplers[name] = found.catch(build, ("factors", name))
    factors = found.catch(
        lambda: load_factors(
            recipe.factors, recipe.task, inputs.open_path, within=recipe.design.within, samplers=samplers
        ),
        ("factors",),
    )
    return factors or {}


def _bare_tools(recipe: Recipe, inputs: Inputs, stream: tuple[str, ...]) -> Tools:
    draws = Draws(recipe.recipe.seed).stream(*stream)
    return Tools(task=recipe.task, factors={}, draws=draws, open_path=inputs.open_path)


def _references(
    recipe: Recipe, inputs: Inputs, plugins: Plugins, factors: Mapping[str, Factor], found: _Findings
) -> dict[str, Callable[[], pa.Table]]:
    references: dict[str, Callable[[], pa.Table]] = {}
    for name, spec in recipe.reference.items():
        path: Path_ = ("reference", name)

        def build(name: str = name, spec: ReferenceSpec = spec, path: Path_ = path) -> Any:
            component, _ = plugins.find(Reader, spec.read, *path, "read")
            config = structure(component.config, spec.settings, path, owner=ReferenceSpec)
            draws = Draws(recipe.recipe.seed).stream("reference", name)
            tools = Tools(task=recipe.task, factors=factors, draws=draws, open_path=inputs.open_path)
            return component.build(config, tools)

        reader = found.catch(build, path)
        if reader is not None:
            references[name] = _opener(name, spec, reader)
    return references


def _opener(name: str, spec: ReferenceSpec, reader: Any) -> Callable[[], pa.Table]:
    """Opens reference rows under our column names: ``columns`` maps ours to the file's."""

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in reader.read():
            missing = [theirs for theirs in spec.columns.values() if theirs not in batch.schema.names]
            if missing:
                known = ", ".join(batch.schema.names)
                raise RecipeError.of(f"the file has no column {missing[0]!r}; it has: {known}", "reference", name, "columns")
            named = spec.columns or {column: column for column in batch.schema.names}
            yield pa.RecordBatch.from_arrays([batch.column(theirs) for theirs in named.values()], names=list(named))

    return lambda: pa.Table.from_batches(list(rows()))


def _steps(  # noqa: PLR0913 - the parts of a loom under construction
    recipe: Recipe,
    inputs: Inputs,
    plugins: Plugins,
    factors: Mapping[str, Factor],
    references: Mapping[str, Callable[[], pa.Table]],
    found: _Findings,
) -> list[Step]:
    steps: list[Step] = []
    if not recipe.step or recipe.step[0].kind != "generate":
        found.problems.append(
            Problem("the first step must generate rows", ("step", 0) if recipe.step else ("step",), suggestion='for example generate = "template"')
        )
    for index, spec in enumerate(recipe.step):
        path: Path_ = ("step", index)

        def build(spec: Any = spec, path: Path_ = path) -> Step:
            kind: type[Generator | Filter] = Generator if spec.kind == "generate" else Filter
            component, _ = plugins.find(kind, spec.use, *path, spec.kind)
            config = structure(component.config, spec.settings, path, owner=StepSpec)
            draws = Draws(recipe.recipe.seed).stream("step", spec.name)
            tools = Tools(
                task=recipe.task, factors=factors, draws=draws, open_path=inputs.open_path, references=references
            )
            return Step(spec.name, spec.use, spec.kind, component.scope, component.build(config, tools))

        step = found.catch(build, path)
        if step is not None:
            steps.append(step)
    return steps


def _check_gates(recipe: Recipe, plugins: Plugins, found: _Findings) -> None:
    for index, gate in enumerate(recipe.gate):
        path: Path_ = ("gate", index)

        found.catch(lambda gate=gate, path=path: plugins.find(Metric, gate.metric, *path, "metric"), path)
        if gate.min is None and gate.max is None:
            found.problems.append(
                Problem("a gate without a bound decides nothing", path, suggestion="give min or max, or both for a band")
            )


def _plan(  # noqa: PLR0913 - the parts of a loom under construction
    recipe: Recipe,
    inputs: Inputs,
    plugins: Plugins,
    factors: Mapping[str, Factor],
    rules: Any,
    uses: Uses | None,
) -> Plan:
    spec = recipe.design
    component, _ = plugins.find(Sampler, spec.use, "design", "use", plans="design")
    config = structure(component.config, spec.settings, ("design",), owner=DesignSpec)
    draws = Draws(recipe.recipe.seed).stream("design")
    tools = Tools(task=recipe.task, factors=factors, draws=draws, open_path=inputs.open_path)
    levelled = {name: factor for name, factor in factors.items() if factor.sampler is None}
    task = DesignTask(
        rows=None if recipe.recipe.rows == "all" else recipe.recipe.rows,
        factors=levelled,
        cross=tuple(Axis.parse(text) for text in spec.cross),
        independent=tuple(tuple(Axis.parse(text) for text in pair) for pair in spec.independent),
        within=spec.within,
        rules=tuple(rules),
        uses=uses,
        draws=draws,
    )
    plan: Plan = component.build(config, tools).plan(task)
    return plan


def _shown(recipe: Recipe, factors: Mapping[str, Factor]) -> tuple[Axis, ...]:
    """The attributes that become columns: balanced, kept, or named as an axis by design or gates."""
    named: list[str] = [*recipe.design.cross]
    named += [text for pair in recipe.design.independent for text in pair]
    for gate in recipe.gate:
        named += _texts(gate.settings)
    axes = [Axis(name, text) for name, factor in factors.items() for text in (*factor.balance, *factor.keep)]
    for text in named:
        axis = Axis.parse(text)
        known = axis.attribute and axis.factor in factors and factors[axis.factor].sampler is None
        if known and axis.attribute in factors[axis.factor].attributes:
            axes.append(axis)
    return tuple(dict.fromkeys(axes))


def _texts(value: Any) -> list[str]:
    """Every text inside a settings table."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for item in items for text in _texts(item)]


def _audited(factors: Mapping[str, Factor]) -> tuple[str, ...]:
    """The columns by which selection rates are compared: the label and the protected groups."""
    axes = [LABEL] if LABEL in factors else []
    for name, factor in factors.items():
        if factor.role == "protected" and factor.sampler is None:
            axes += [f"{name}.{attribute}" for attribute in factor.balance] or [name]
    return tuple(axes)
