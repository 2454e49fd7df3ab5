"""Asking the lints: a view of the prepared recipe for each of them, and their findings with their places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from fairloom.components import Lint
from fairloom.factors import Factor
from fairloom.lints import SEVERITIES, Finding, LintView, ListView, Severity, StepView
from fairloom.problems import PluginError, Problem, RecipeError, did_you_mean
from fairloom.reading.inputs import file_digest
from fairloom.reading.listed import Lists
from fairloom.reading.plain import toml_value
from fairloom.weaving.guard import blamed
from fairloom.weaving.loom import Loom

FIRST = "lint"
"""The plugin whose lints are always asked; others are asked when the recipe names their plugin."""


@attrs.frozen(kw_only=True)
class Found:
    """A finding with its code (``plugin.component``) and its place."""

    code: str
    severity: Severity
    problem: Problem
    rows: int | None = None

    def render(self) -> str:
        """``file:line:col: key: warning: what is wrong; what to do [code]``."""
        count = f" ({self.rows:,} row{'' if self.rows == 1 else 's'})" if self.rows else ""
        said = attrs.evolve(self.problem, message=f"{self.severity}: {self.problem.message}{count}")
        return f"{said.render()} [{self.code}]"


def lint(loom: Loom, *, ignore: Iterable[str] = (), rules: Iterable[str] = ()) -> list[Found]:
    """What the lints find, by file and line.

    Args:
        loom: The prepared recipe.
        ignore: Codes that are not asked.
        rules: Settings of lints, ``CODE.KEY=VALUE`` with the value in TOML.

    Raises:
        RecipeError: A code or a setting that there is not.
        PluginError: A lint failed.
    """
    loom.plugins.load(FIRST)
    known = loom.plugins.offered(Lint)
    ignored, settings = tuple(ignore), _settings(rules, known)
    for code in ignored:
        if code not in known:
            raise RecipeError.of(f"--ignore {code}: no lint has this code", suggestion=did_you_mean(code, known))
    view = view_of(loom)
    lists = Lists(loom.recipe, loom.factors, loom.inputs)
    asked = [code for code in known if code not in ignored]
    found = [each for code in asked for each in _asked(loom, code, settings, view, lists)]
    return sorted(found, key=_order)


def view_of(loom: Loom) -> LintView:
    """What lints may look at."""
    uses = next((uses for step in loom.steps if (uses := getattr(step.work, "uses", None))), None)
    return LintView(
        task=loom.recipe.task,
        factors=loom.factors,
        steps=tuple(StepView(kind=s.kind, use=s.use, name=s.name, settings=s.settings) for s in loom.recipe.step),
        recipe=loom.recipe.resolved,
        lists=dict(_lists(loom)),
        plan=loom.briefs.plan,
        uses=uses,
    )


def _lists(loom: Loom) -> Iterator[tuple[str, ListView]]:
    tables = {record["factor"]: record["sha256"] for record in loom.tables}
    for name, spec in loom.recipe.factors.items():
        if spec.from_ is not None:
            digest = file_digest(loom.inputs.open_path(spec.from_))
            yield name, ListView(source=spec.from_, digest=digest, recorded=spec.digest is not None)
        elif spec.table is not None:
            yield name, ListView(source=spec.table, digest=tables[name], recorded=spec.digest is not None)


def _settings(rules: Iterable[str], known: Mapping[str, Lint]) -> dict[str, dict[str, Any]]:
    """``lint.template_share.max=0.9`` as settings by code."""
    settings: dict[str, dict[str, Any]] = {}
    for rule in rules:
        left, equals, value = rule.partition("=")
        code, _, key = left.strip().rpartition(".")
        if not equals or not key:
            raise RecipeError.of(f"--rule takes CODE.KEY=VALUE, got {rule!r}")
        if code not in known:
            raise RecipeError.of(f"--rule {rule}: no lint has the code {code!r}", suggestion=did_you_mean(code, known))
        try:
            settings.setdefault(code, {})[key] = toml_value(value)
        except ValueError as error:
            raise RecipeError.of(f"--rule {rule}: the value is not valid TOML: {error}") from error
    return settings


def _asked(
    loom: Loom, code: str, settings: Mapping[str, dict[str, Any]], view: LintView, lists: Lists
) -> Iterator[Found]:
    work = loom.lint(code, settings.get(code, {}))
    with blamed(f"lint {code}"):
        answers = list(work.findings(view))
        for finding in answers:
            if not isinstance(finding, Finding) or finding.severity not in SEVERITIES:
                raise PluginError(f"answers {finding!r}, which is no Finding")
    for finding in answers:
        yield Found(
            code=code, severity=finding.severity, rows=finding.rows, problem=_placed(loom, finding, view.factors, lists)
        )


def _placed(loom: Loom, finding: Finding, factors: Mapping[str, Factor], lists: Lists) -> Problem:
    problem = Problem(finding.message, finding.path, suggestion=finding.suggestion)
    if finding.factor is not None and finding.factor in factors and finding.level is not None:
        return lists.placed(problem, finding.factor, finding.level, finding.attribute)
    if finding.factor is not None and not finding.path:
        problem = attrs.evolve(problem, path=("factors", finding.factor))
    return loom.recipe.place([problem])[0]


def _order(found: Found) -> tuple[str, int, int, str, str]:
    problem = found.problem
    return (problem.file or "", problem.line or 0, problem.column or 0, found.code, problem.message)
