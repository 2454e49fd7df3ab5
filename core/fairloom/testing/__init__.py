"""The conformance kit: is a component fit to be trusted with a dataset?

    from fairloom.testing import parametrize_components

    @parametrize_components(["greet.shouting", ("greet.greet", {"greeting": "Hi"})])
    def test_component(check):
        check()

Every check has a name; ``expected_failures={"same_in_any_order": "reads the row before"}`` marks one as
known to fail, which pytest then reports as such. Without pytest, loop over ``component_checks``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import pyarrow as pa

from fairloom.components import Component
from fairloom.problems import did_you_mean
from fairloom.testing.case import Case, MakeTools, make
from fairloom.testing.checks import HARD_TEXTS, Check, checks_for
from fairloom.testing.samples import briefs_of, sample_factors, sample_rows, sample_task, sample_tools

Settings = Mapping[str, Any]
Given = Component | str | tuple[Component | str, Settings]


@attrs.frozen
class ComponentCheck:
    """One check of one component; call it. ``expected_failure`` is the reason it is known to fail."""

    name: str
    case: Case = attrs.field(repr=False)
    expected_failure: str | None
    _check: Check = attrs.field(repr=False)

    def __call__(self) -> None:
        """Run the check: ``AssertionError`` says what the component does wrong."""
        self._check(self.case)


def component_checks(
    component: Component | str,
    settings: Settings | None = None,
    *,
    rows: pa.RecordBatch | None = None,
    tools: MakeTools | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> Iterator[ComponentCheck]:
    """Every check that applies to a component.

    Args:
        component: a descriptor at the top of a module or of an installed plugin, or its name:
            ``"plugin.component"`` or ``"module:attribute"``.
        settings: what the recipe would say.
        rows: what it is tried on; ``sample_rows()`` if not given, for generators without the fields.
        tools: a function at the top of a module that makes the tools; ``sample_tools`` if not given.
        expected_failures: reasons by the name of the check.
    """
    case = make(component, settings or {}, rows, tools)
    expected = dict(expected_failures or {})
    checks = {check.__name__: check for check in checks_for(case.component)}
    _all_apply(expected, checks)
    for name, check in checks.items():
        yield ComponentCheck(name, case, expected.get(name), check)


def parametrize_components(
    components: Iterable[Given],
    *,
    rows: pa.RecordBatch | None = None,
    tools: MakeTools | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> Any:
    """A pytest decorator: one test per component and check, for a test with the argument ``check``.

    Args:
        components: components as for ``component_checks``, alone or each with its settings.
        rows: as there, for all of them.
        tools: as there, for all of them.
        expected_failures: as there; each becomes a strict ``xfail``.
    """
    import pytest  # noqa: PLC0415 - the kit works without it

    expected, parameters, names = dict(expected_failures or {}), [], set()
    for given in components:
        component, settings = given if isinstance(given, tuple) else (given, {})
        for check in component_checks(component, settings, rows=rows, tools=tools):
            names.add(check.name)
            reason = expected.get(check.name)
            marks = (pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError),) if reason else ()
            parameters.append(pytest.param(check, id=f"{_label(component)}-{check.name}", marks=marks))
    _all_apply(expected, names)
    return pytest.mark.parametrize("check", parameters)


def _all_apply(expected: Iterable[str], known: Iterable[str]) -> None:
    for name in sorted(set(expected) - set(known)):
        msg = f"expected_failures names {name!r}, which no component here is checked for; {did_you_mean(name, known)}"
        raise ValueError(msg)


def _label(component: Component | str) -> str:
    return component if isinstance(component, str) else component.name


__all__ = [
    "HARD_TEXTS",
    "ComponentCheck",
    "briefs_of",
    "component_checks",
    "parametrize_components",
    "sample_factors",
    "sample_rows",
    "sample_task",
    "sample_tools",
]
