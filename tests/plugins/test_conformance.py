"""Every first-party component keeps the promises that fairloom asks of everybody's.

A new component is checked without being listed here; it is listed when it needs settings or tools.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import pyarrow as pa
import pytest

from fairloom.batch import NAMES
from fairloom.components import Tools
from fairloom.factors import Factor
from fairloom.installed import installed
from fairloom.plugins import Plugins
from fairloom.testing import briefs_of, component_checks, sample_rows, sample_tools

TEMPLATES = {
    "lost": "{{ person.given }} lost {{ person.their }} card in {{ city }}.",
    "broke": "{% if label == 'card_lost' %}Lost{% else %}Broken{% endif %}: {{ person.given }}, {{ city }}",
}

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "text.length": {"words": {"min": 5, "max": 7}},
    "text.pattern": {"must_not": [r"\bOslo\b"]},
    "balance.gap": {"over": ["label", "person.gender"]},
    "balance.association": {"between": ["label", "person.gender"]},
}


def with_templates() -> Tools:
    """The sample tools with a factor of templates, one of them with logic."""
    table = pa.table({"template": list(TEMPLATES), "text": list(TEMPLATES.values())})
    tools = sample_tools()
    template = Factor("template", "surface", table, tuple(TEMPLATES))
    return attrs.evolve(tools, factors={**tools.factors, "template": template})


def briefs_with_templates() -> pa.RecordBatch:
    """The sample briefs, the templates in turn."""
    briefs = briefs_of(sample_rows(), ("text",))
    names = pa.array([list(TEMPLATES)[number // 3 % 2] for number in range(briefs.num_rows)])
    return briefs.append_column("template", names.dictionary_encode().cast(NAMES))


ROWS: Mapping[str, pa.RecordBatch] = {"template.template": briefs_with_templates()}
TOOLS: Mapping[str, Callable[[], Tools]] = {"template.template": with_templates}
NEEDS_A_FILE = ("reader",)


def checks() -> Iterator[Any]:
    """One parameter per component of this distribution and check."""
    plugins = Plugins()
    for claim in installed():
        if claim.distribution != "fairloom":
            continue
        for component in plugins.load(claim.name).components.values():
            use = f"{claim.name}.{component.name}"
            if component.kind in NEEDS_A_FILE:  # tried with their files in tests of their own
                continue
            for check in component_checks(use, SETTINGS.get(use), rows=ROWS.get(use), tools=TOOLS.get(use)):
                yield pytest.param(check, id=f"{use}-{check.name}")


@pytest.mark.parametrize("check", list(checks()))
def test_component(check: Callable[[], None]) -> None:
    check()
