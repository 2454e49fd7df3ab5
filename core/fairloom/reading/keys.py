"""The keys that a settings class owns in its table."""

from __future__ import annotations

from typing import Any

import attrs

from fairloom.problems import PluginError

REST = "\0rest"
"""Stands for the keys a class does not own: no TOML file can hold it by accident, and no other key is lost to it."""
WRITTEN_AS: dict[type, type] = {}
"""Classes that recipes write with the keys of another."""


def keys(cls: type) -> dict[str, attrs.Attribute[Any]]:
    """The keys a class owns in its table, with their fields, types resolved.

    Raises:
        PluginError: If the class has an annotation that means nothing where it was written.
    """
    cls = WRITTEN_AS.get(cls, cls)
    try:
        fields = attrs.fields(attrs.resolve_types(cls))
    except NameError as error:
        msg = f"the settings class {cls.__qualname__} has an annotation of unknown type: {error}"
        raise PluginError(msg) from error
    hidden = ("rest", "internal")
    return {
        field.name.removesuffix("_"): field
        for field in fields
        if field.init and not any(field.metadata.get(word) for word in hidden)
    }
