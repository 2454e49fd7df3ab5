"""The settings of every filter, metric and reader here can be read from a recipe, and each says what it is for."""

from __future__ import annotations

import importlib

import attrs
import cattrs
import pytest

HOOKS = ("fairloom_filters", "fairloom_metrics", "fairloom_readers")
COMPONENTS = [
    pytest.param(component, id=f"{plugin}.{component.name}")
    for plugin in ("text", "balance", "shortcut", "compare", "read")
    for hook in HOOKS
    for component in getattr(importlib.import_module(f"fairloom_{plugin}"), hook, tuple)()
]
SAMPLES = {
    "over": ["label"],
    "between": ["label", "city"],
    "words": {"min": 4},
    "against": "real",
    "path": "x.csv",
    "must_not": ["pii"],
}


@pytest.mark.parametrize("component", COMPONENTS)
def test_settings_are_typed_and_explained(component):
    attrs.resolve_types(component.config)
    fields = attrs.fields(component.config)
    assert all(field.metadata.get("help") for field in fields)
    given = {field.name: SAMPLES[field.name] for field in fields if field.name in SAMPLES}
    config = cattrs.Converter(forbid_extra_keys=True).structure(given, component.config)
    for name, value in given.items():
        found = getattr(config, name)
        assert (list(found) if isinstance(found, tuple) else found) == value or found.min == 4
    assert component.summary.endswith(".")
