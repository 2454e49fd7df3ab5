"""Labels recomputed per row: the rules of ``[[task.relabel]]`` over the levels of a plan.

The design allocates the planned label, and templates, cells and refills go by it. What the rows say of themselves
is the recomputed one: briefs, and with them generators, filters, certificate and gates, see nothing else under
``label``. The planned label stays beside it as ``label.planned``.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from fairloom import contingency
from fairloom.batch import LABEL, PLANNED_LABEL
from fairloom.design import Codes, Plan, PlanSummary, Rule
from fairloom.draws import Ints
from fairloom.factors import Factor
from fairloom.problems import Problem, RecipeError
from fairloom.rules import compile_rule
from fairloom.task import Task

_CHUNK = 65_536
"""Families looked at together when labels are counted."""


@attrs.frozen(eq=False)
class Relabelling:
    """The rules of a task, compiled.

    ``planned`` has the code of each label that the design allocates, and last -1, for none.
    ``rules`` are true where a rule leaves the label alone (it forbids what ``when`` names); ``targets`` has a line
    per rule: the code of the new label for each code of the planned one.
    """

    labels: tuple[str, ...]
    when: tuple[str, ...]
    rules: tuple[Rule, ...]
    targets: Ints
    planned: Ints

    @classmethod
    def of(cls, task: Task, factors: Mapping[str, Factor]) -> Relabelling | None:
        """The rules of ``[[task.relabel]]``, or ``None`` where there are none.

        Args:
            task: The task with its rules.
            factors: As the design sees them.

        Raises:
            RecipeError: with every fault in every condition.
        """
        if not task.relabel:
            return None
        rules, problems = list[Rule](), list[Problem]()
        for place, relabel in enumerate(task.relabel):
            where = ("task", "relabel", place, "when")
            try:
                rules.append(compile_rule(relabel.when, factors, negate=True, where=where))
            except RecipeError as error:
                problems += error.problems
        if problems:
            raise RecipeError(problems)
        labels = tuple(task.labels)
        planned = task.planned_labels
        return cls(
            labels=labels,
            when=tuple(rule.when for rule in task.relabel),
            rules=tuple(rules),
            targets=np.array(
                [[labels.index(rule.target(label, labels)) for label in planned] for rule in task.relabel]
            ),
            planned=np.array([*map(labels.index, planned), -1]),
        )

    def which(self, levels: Mapping[str, Codes]) -> Ints:
        """The rule that applies to each row, the first that does; -1 for none.

        A rule applies to no row that does not use all of its factors.
        """
        found = np.full(len(levels[LABEL]), -1, dtype=np.int64)
        for place in reversed(range(len(self.rules))):
            found[~self.rules[place].keep(levels)] = place
        found[levels[LABEL] < 0] = -1
        return found

    def apply(self, levels: Mapping[str, Codes]) -> dict[str, Codes]:
        """The levels with the label recomputed, and the planned one under ``label.planned``."""
        rule, planned = self.which(levels), self.planned[levels[LABEL]]
        label = np.where(rule >= 0, self.targets[rule, levels[LABEL]], planned)
        return {**levels, LABEL: label.astype(np.int32), PLANNED_LABEL: planned.astype(np.int32)}


@attrs.define(eq=False)
class RelabelledPlan:
    """A plan that answers with recomputed labels; everything else is as planned."""

    plan: Plan
    relabelling: Relabelling
    families: int = attrs.field(init=False)
    members: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.families, self.members = self.plan.families, self.plan.members

    def levels(self, families: Ints, members: Ints, attempts: Ints) -> dict[str, Codes]:
        """The level of every factor for each row, and ``label.planned``."""
        return self.relabelling.apply(self.plan.levels(families, members, attempts))

    def cells(self, families: Ints) -> Codes:
        """The cell of each family, by the planned label."""
        return self.plan.cells(families)

    def ranks(self, families: Ints) -> Ints:
        """The place of each family in its cell."""
        return self.plan.ranks(families)

    def summary(self) -> PlanSummary:
        """The summary of the plan, with notes on rules that do nothing and on labels that come out uneven."""
        summary = self.plan.summary()
        return attrs.evolve(summary, notes=(*summary.notes, *self._notes()))

    def _notes(self) -> list[str]:
        applied, made = self._counts()
        notes = [
            f"no planned row meets the rule of [[task.relabel]] when = {self.relabelling.when[place]!r}"
            for place in np.flatnonzero(applied == 0).tolist()
        ]
        if contingency.gap(made) > self.members:
            counts = ", ".join(f"{name} {count:,}" for name, count in zip(self.relabelling.labels, made, strict=True))
            notes.append(f"as [[task.relabel]] recomputes them, the labels are not even: {counts}")
        return notes

    def _counts(self) -> tuple[Ints, Ints]:
        """How many planned rows each rule applies to, and how many get each label."""
        relabelling = self.relabelling
        applied = np.zeros(len(relabelling.rules), dtype=np.int64)
        made = np.zeros(len(relabelling.labels), dtype=np.int64)
        step = max(1, _CHUNK // self.members)
        for start in range(0, self.families, step):
            family = np.repeat(np.arange(start, min(start + step, self.families), dtype=np.int64), self.members)
            member = np.tile(np.arange(self.members, dtype=np.int64), len(family) // self.members)
            levels = self.plan.levels(family, member, np.zeros_like(family))
            rule, label = relabelling.which(levels), relabelling.apply(levels)[LABEL]
            applied += np.bincount(rule[rule >= 0], minlength=applied.size)
            made += np.bincount(label[label >= 0], minlength=made.size)
        return applied, made
