"""Setting up a loom: from a recipe to loaded components, factors, plan and steps.

What is wrong is collected as far as it can be found, and said at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pyarrow as pa

from fairloom.batch import LABEL
from fairloom.components import (
    Component,
    Filter,
    Generator,
    Metric,
    Model,
    Predictor,
    Reader,
    Sampler,
    ValueTable,
    Writer,
)
from fairloom.design import Bools, DesignTask, Plan, Rule, Uses, design_task
from fairloom.draws import Draws
from fairloom.factors import Axis, Factor, compared_groups, label_factor, load_factors
from fairloom.modelling.journal import Journal
from fairloom.modelling.limits import Limits
from fairloom.modelling.opened import Models, Replay
from fairloom.plugging.plugins import Plugins
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.reading.inputs import Inputs, inputs_for
from fairloom.reading.locate import KeyPath
from fairloom.reading.packages import Packages
from fairloom.reading.structure import structure
from fairloom.recipe import (
    DesignSpec,
    FactorSpec,
    GateSpec,
    ModelSpec,
    PredictorSpec,
    Recipe,
    ReferenceSpec,
    StepSpec,
)
from fairloom.rules import rules_of
from fairloom.weaving.answers import Step
from fairloom.weaving.briefs import Briefs
from fairloom.weaving.guard import blamed, built
from fairloom.weaving.judging import self_judged, self_verified
from fairloom.weaving.loom import Loom, Opener
from fairloom.weaving.making import Maker
from fairloom.weaving.placing import below
from fairloom.weaving.possible import Possible
from fairloom.weaving.predicted import Predictors
from fairloom.weaving.referred import renamed_rows
from fairloom.weaving.relabel import Relabelling
from fairloom.weaving.shown import shown
from fairloom.weaving.splits import Conditions
from fairloom.weaving.tabulated import grouped, table_record, tabulated

T = TypeVar("T")


def prepare(
    recipe: Recipe, allow: Iterable[str | Path] = (), *, journal: Path | None = None, replay: Replay | None = None
) -> Loom:
    """Load, check and plan a recipe, without generating anything.

    ``journal`` and ``replay`` overrule ``[journal]``. No model is asked, and no journal opened.

    Raises:
        RecipeError: Everything that is wrong with the recipe, each with its place.
        PluginError: A plugin it names is broken.
    """
    models = Models(Journal(journal))
    setting = _Setting(recipe, inputs_for(recipe.root, allow), Plugins(root=recipe.root), models)
    setting.load_observers()
    setting.load_factors()
    setting.open_references()
    setting.open_journal()
    setting.open_models(replay or recipe.journal.replay)
    setting.open_predictors()
    setting.check_steps()
    setting.check_gates()
    setting.check_formats()
    setting.check_design()
    setting.check_split()
    setting.stop()
    setting.build_steps()
    setting.stop()
    for index, step in enumerate(setting.steps):
        setting.problems += self_judged(step.work, setting.steps, setting.models, ("step", index))
    setting.problems += self_verified(setting.steps, setting.models, setting.predictors)
    plan = setting.plan()
    setting.stop()
    loom = setting.loom(plan)
    setting.try_outputs(loom)
    setting.stop()
    return loom


def _refused() -> pa.Table:
    """The rows of a reference that cannot be read: it is there by name, and what is wrong with it has been said."""
    raise RecipeError([])


@attrs.define(eq=False)
class _Setting:
    """A loom being set up, and the problems found so far."""

    recipe: Recipe
    inputs: Inputs
    plugins: Plugins
    models: Models
    packages: Packages = attrs.field(factory=Packages)
    factors: Mapping[str, Factor] = attrs.field(factory=dict)
    references: dict[str, Opener] = attrs.field(factory=dict)
    rules: tuple[Rule, ...] = ()
    tables: list[dict[str, str]] = attrs.field(factory=list)
    groups: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    predictors: Predictors = attrs.field(factory=Predictors)
    relabelling: Relabelling | None = None
    steps: list[Step] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)

    def catch(self, work: Callable[[], T], *path: str | int) -> T | None:
        """What ``work`` gives, or ``None`` and its problems noted, at ``path`` where they name none."""
        try:
            return work()
        except RecipeError as error:
            self.problems += [self._at_file(below(problem, path)) for problem in error.problems]
            return None

    def _at_file(self, problem: Problem) -> Problem:
        """A problem with a whole value table, at the key that names its file."""
        name = problem.path[1] if len(problem.path) == 2 and problem.path[0] == "factors" else None
        spec = self.recipe.factors.get(str(name))
        if spec is None or spec.from_ is None:
            return problem
        return attrs.evolve(problem, path=(*problem.path, "from"))

    def stop(self) -> None:
        """Raise what was found."""
        if self.problems:
            raise RecipeError(self.recipe.place(self.problems))

    def build(
        self,
        component: Component,
        settings: Any,
        path: KeyPath,
        owner: type,
        *stream: str,
        **told: Any,
    ) -> Any:
        """The working object of a component."""
        config: Any = structure(component.config, settings, path, owner=owner)
        draws = Draws(self.recipe.recipe.seed).stream(*stream)
        tools = Maker(self.plugins).tools(
            task=self.recipe.task,
            factors=self.factors,
            draws=draws,
            open_path=self.inputs.open_path,
            version_of=self.packages.version_of,
            references=self.references,
            models=self.models.named,
            predictors=self.predictors.named,
            **told,
        )
        return built(component, config, tools, *path)

    def load_observers(self) -> None:
        """Plugins that only observe: nothing else in the recipe would load them."""
        for index, name in enumerate(self.recipe.recipe.observers):
            self.catch(partial(self.plugins.load, name, "recipe", "observers", index))

    def load_factors(self) -> None:
        """Value samplers and tables of plugins, then every factor."""
        samplers = {
            name: self.catch(partial(self._sampler, name, spec), "factors", name)
            for name, spec in self.recipe.factors.items()
            if spec.sample is not None
        }
        tables = {
            name: self.catch(partial(self._table, name, spec), "factors", name)
            for name, spec in self.recipe.factors.items()
            if spec.table is not None
        }
        if None in tables.values():
            return
        specs = {name: grouped(spec, self.groups.get(name, ())) for name, spec in self.recipe.factors.items()}
        loaded = self.catch(
            lambda: load_factors(
                specs,
                self.recipe.task,
                self.inputs.open_path,
                within=self.recipe.design.within,
                given={**samplers, **tables},
            ),
            "factors",
        )
        self.factors = loaded or {}

    def _sampler(self, name: str, spec: FactorSpec) -> Any:
        path: KeyPath = ("factors", name)
        component, _ = self.plugins.find(Sampler, str(spec.sample), *path, "sample", plans="value")
        return self.build(component, spec.settings, path, FactorSpec, "factor", name)

    def _table(self, name: str, spec: FactorSpec) -> pa.Table:
        path: KeyPath = ("factors", name)
        component, _ = self.plugins.find(ValueTable, str(spec.table), *path, "table")
        work = self.build(component, spec.settings, path, FactorSpec, "factor", name)
        with blamed(f"the value table {spec.table} of factor {name!r}"):
            table = tabulated(work)
        self.tables.append(table_record(name, spec, component, table))
        self.groups[name] = component.groups
        return table

    def open_references(self) -> None:
        """Readers of reference rows."""
        for name, spec in self.recipe.reference.items():
            opener = self.catch(partial(self._reference, name, spec), "reference", name)
            self.references[name] = opener or _refused

    def _reference(self, name: str, spec: ReferenceSpec) -> Opener:
        path: KeyPath = ("reference", name)
        component, _ = self.plugins.find(Reader, spec.read, *path, "read")
        reader = self.build(component, spec.settings, path, ReferenceSpec, *map(str, path))
        return lambda: pa.Table.from_batches(list(renamed_rows(reader.read(), name, spec.columns)))

    def open_journal(self) -> None:
        """The files of ``[journal]``; nothing is opened yet."""
        spec = self.recipe.journal
        journal = self.models.journal
        if spec.path is not None and journal.path is None:
            journal.path = self.catch(lambda: self.inputs.place(str(spec.path)), "journal", "path")
        if spec.recorded is not None:
            journal.recorded = self.catch(lambda: self.inputs.open_path(str(spec.recorded)), "journal", "recorded")

    def open_models(self, replay: Replay) -> None:
        """The models that steps and gates may name."""
        for name, spec in self.recipe.models.items():
            self.catch(partial(self._model, name, spec, replay), "models", name)

    def _model(self, name: str, spec: ModelSpec, replay: Replay) -> None:
        path: KeyPath = ("models", name)
        component, _ = self.plugins.find(Model, spec.use, *path, "use")
        asks = self.build(component, spec.settings, path, ModelSpec, *map(str, path))
        self.models.open(name, asks, Limits(name, spec, self.models.journal), use=spec.use, replay=replay)

    def open_predictors(self) -> None:
        """The classifiers that steps and gates may name."""
        for name, spec in self.recipe.predictors.items():
            self.catch(partial(self._predictor, name, spec), "predictors", name)

    def _predictor(self, name: str, spec: PredictorSpec) -> None:
        path: KeyPath = ("predictors", name)
        component, _ = self.plugins.find(Predictor, spec.use, *path, "use")
        work = self.build(component, spec.settings, path, PredictorSpec, *map(str, path))
        self.predictors.open(name, work, use=spec.use, batch=spec.batch, max_texts=spec.max_texts)

    def check_steps(self) -> None:
        """Components that exist, and settings they take: said together with what is wrong with factors."""
        kinds = [spec.kind for spec in self.recipe.step]
        if kinds[:1] != ["generate"]:
            said = "the first step must generate rows" if kinds else "the recipe has no [[step]]"
            way = 'begin with generate = "template", or another generator'
            self.problems.append(Problem(said, ("step", 0) if kinds else ("step",), suggestion=way))
        for index, spec in enumerate(self.recipe.step):
            self.catch(partial(self._found, index, spec), "step", index)

    def _found(self, index: int, spec: StepSpec) -> Component:
        kind: type[Generator | Filter] = Generator if spec.kind == "generate" else Filter
        component, _ = self.plugins.find(kind, spec.use, "step", index, spec.kind)
        structure(component.config, spec.settings, ("step", index), owner=StepSpec)
        return component

    def build_steps(self) -> None:
        """Generators and filters, in order."""
        for index, spec in enumerate(self.recipe.step):
            step = self.catch(partial(self._step, index, spec), "step", index)
            if step is not None:
                self.steps.append(step)

    def _step(self, index: int, spec: StepSpec) -> Step:
        component = self._found(index, spec)
        after = self.recipe.step[index + 1 :]
        judges = tuple(later.name for later in after if later.kind == "filter")
        told = {"judges": judges, "possible": self._possible}
        work = self.build(component, spec.settings, ("step", index), StepSpec, "step", spec.name, **told)
        writer = next((later.name for later in after if later.kind == "generate"), None)
        if writer and getattr(work, "repairs", False):
            said = f"rejected texts go back to the last generator alone, and step {writer!r} generates after this one"
            raise RecipeError.of(said, "repair", suggestion="leave repair out here, or let this step generate last")
        return Step(spec.name, spec.use, spec.kind, component.scope, work)

    def _possible(self, axes: Sequence[str]) -> Bools | None:
        """Which cells of some axes the rules allow, as far as that is known before the steps are built."""
        if self.relabelling is not None and any(Axis.parse(text).factor == LABEL for text in axes):
            return None  # rules speak of planned labels, rows have others
        crossed = frozenset(Axis.parse(text).factor for text in self.recipe.design.cross)
        return Possible(self.factors, self.rules, always=crossed).cells(axes)

    def check_gates(self) -> None:
        """Metrics that exist, and bounds that decide something."""
        for index, gate in enumerate(self.recipe.gate):
            self.catch(partial(self._gate, index, gate), "gate", index)
            if gate.min is None and gate.max is None:
                way = "give min or max, or both for a band"
                self.problems.append(Problem("a gate without a bound decides nothing", ("gate", index), suggestion=way))

    def _gate(self, index: int, gate: GateSpec) -> None:
        component, _ = self.plugins.find(Metric, gate.metric, "gate", index, "metric")
        structure(component.config, gate.settings, ("gate", index), owner=GateSpec)

    def check_formats(self) -> None:
        """Writers that exist."""
        for index, use in enumerate(self.recipe.export.formats):
            path: KeyPath = ("export", "formats", index)
            self.catch(partial(self.plugins.find, Writer, use, *path), *path)

    def check_split(self) -> None:
        """Conditions that mean something; attributes that exist, and levels enough for every split to have one."""
        split = self.recipe.export.split
        if split.conditions and self.factors:
            self.catch(lambda: Conditions.of(split.conditions, self.factors), "export", "split")
        for index, text in enumerate(split.together):
            axis, path = Axis.parse(text), ("export", "split", "together", index)
            factor = self.factors.get(axis.factor)
            if factor is None:
                continue
            if axis.attribute and axis.attribute not in factor.attributes:
                message = f"factor {axis.factor!r} has no attribute {axis.attribute!r}"
                hint = did_you_mean(axis.attribute, factor.attributes)
                self.problems.append(Problem(message, path, suggestion=hint))
            elif (levels := len(axis.codes(self.factors)[1])) < len(split.shares):
                message = f"{text!r} has {levels} levels, which cannot be shared among {len(split.shares)} splits"
                self.problems.append(Problem(message, path))

    def check_design(self) -> None:
        """A sampler that exists, axes and rules that name something: only once the factors are known."""
        use = self.recipe.design.use
        self.catch(lambda: self.plugins.find(Sampler, use, "design", "use", plans="design"), "design")
        if self.factors:
            rules = self.catch(lambda: rules_of(self.recipe.design, self.recipe.factors, self.planned), "design")
            self.rules = rules or ()
            self.relabelling = self.catch(lambda: Relabelling.of(self.recipe.task, self.planned), "task", "relabel")
            self.catch(self._task, "design")

    def _task(self) -> DesignTask:
        rows = self.recipe.recipe.rows
        return design_task(
            self.recipe.design,
            self.planned,
            rows=None if rows == "all" else rows,
            rules=self.rules,
            uses=self.uses,
            draws=Draws(self.recipe.recipe.seed).stream("design"),
        )

    def plan(self) -> Plan:
        """The allocation of levels."""
        plan = self.catch(self._plan, "design")
        self.stop()
        return plan  # type: ignore[return-value]  # stop() raised if there is none

    def _plan(self) -> Plan:
        spec = self.recipe.design
        component, _ = self.plugins.find(Sampler, spec.use, "design", "use", plans="design")
        sampler = self.build(component, spec.settings, ("design",), DesignSpec, "design")
        with blamed(f"design sampler {spec.use}"):
            plan: Plan = sampler.plan(self._task())
        return plan

    @property
    def planned(self) -> Mapping[str, Factor]:
        """The factors as the design sees them: the label without levels that only ``[[task.relabel]]`` gives."""
        label = label_factor(self.recipe.task, planned=True)
        if label is None or label.size == self.factors[LABEL].size:
            return self.factors
        return {**self.factors, LABEL: attrs.evolve(label, within=self.factors[LABEL].within)}

    @property
    def uses(self) -> Uses | None:
        """What the templates use, if a generator says; what other generators read, every row uses."""
        found: Uses | None = next((uses for step in self.steps if (uses := getattr(step.work, "uses", None))), None)
        read = frozenset[str]().union(*(getattr(step.work, "reads", ()) for step in self.steps))
        if found is None or not read:
            return found
        return attrs.evolve(found, factors=tuple(used | (read - {found.driver}) for used in found.factors))

    def loom(self, plan: Plan) -> Loom:
        """The finished loom."""
        draws = Draws(self.recipe.recipe.seed)
        briefs = Briefs.of(plan, self.factors, shown(self.recipe, self.factors), self.uses, draws)
        return Loom(
            recipe=self.recipe,
            factors=self.factors,
            plan=plan,
            briefs=briefs.relabelled(self.relabelling) if self.relabelling else briefs,
            steps=tuple(self.steps),
            inputs=self.inputs,
            packages=self.packages,
            plugins=self.plugins,
            axes=compared_groups(self.factors),
            references=self.references,
            tables=tuple(self.tables),
            models=self.models,
            predictors=self.predictors,
        )

    def try_outputs(self, loom: Loom) -> None:
        """Build metrics and writers once, so that their complaints come before the work."""
        for index, gate in enumerate(self.recipe.gate):
            work = self.catch(partial(loom.metric, gate, index), "gate", index)
            self.problems += self_judged(work, self.steps, self.models, ("gate", index))
        for index, use in enumerate(self.recipe.export.formats):
            self.catch(partial(loom.writer, use), "export", "formats", index)
