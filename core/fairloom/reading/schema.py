"""JSON Schema of recipes, for editors: made from the attrs classes and the settings of the components at hand.

A table that names a component takes the keys of the core and those of that component: ``if`` it names this one,
``then`` these keys and no others. (``oneOf`` over whole tables makes editors report nonsense.)
"""

from __future__ import annotations

import datetime as dt
import typing
from typing import Any, Literal

import attrs

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
from fairloom.reading.environment import allowed
from fairloom.reading.factorspec import FactorSpec
from fairloom.reading.keys import keys
from fairloom.reading.recipespec import (
    DesignSpec,
    GateSpec,
    ModelSpec,
    PredictorSpec,
    RecipeSpec,
    ReferenceSpec,
    StepSpec,
)
from fairloom.reading.shapes import is_array, is_fixed_tuple, is_literal, is_table, is_union, parts

if typing.TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LOCAL_FILE = r"^\./.+\.py:\w+$"
"""A component in a file beside the recipe; its keys are known only when it is loaded."""

_SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    dt.date: {"type": "string", "format": "date"},
    dt.datetime: {"type": "string", "format": "date-time"},
    dt.time: {"type": "string", "format": "time"},
    Any: {},
}
_ENV: Schema = {
    "type": "object",
    "description": "the value of an environment variable",
    "properties": {"env": {"type": "string"}, "default": {}},
    "required": ["env"],
    "additionalProperties": False,
}


@attrs.frozen
class _Owner:
    """A table that names a component: which class owns it, by which key, what kind it takes."""

    cls: type
    key: str
    kind: type[Component]
    plans: Literal["design", "value"] | None = None

    def takes(self, component: Component) -> bool:
        if not isinstance(component, self.kind):
            return False
        return self.plans is None or getattr(component, "plans", None) == self.plans


_OWNERS = (
    _Owner(FactorSpec, "sample", Sampler, "value"),
    _Owner(FactorSpec, "table", ValueTable),
    _Owner(DesignSpec, "use", Sampler, "design"),
    _Owner(StepSpec, "generate", Generator),
    _Owner(StepSpec, "filter", Filter),
    _Owner(GateSpec, "metric", Metric),
    _Owner(ReferenceSpec, "read", Reader),
    _Owner(ModelSpec, "use", Model),
    _Owner(PredictorSpec, "use", Predictor),
)


def recipe_schema(components: Mapping[str, Component]) -> Schema:
    """The JSON Schema (2020-12) of a recipe file.

    Args:
        components: Components by the name a recipe gives them, ``"text.length"``. The bare name of a component
            called like its plugin is added.
    """
    known = _with_bare_names(components)
    owned: dict[type, Schema] = {}
    for cls in dict.fromkeys(owner.cls for owner in _OWNERS):
        owned[cls] = _owner_schema(cls, known)
    schema = _class_schema(RecipeSpec, owned)
    schema["properties"]["recipe"] = _about(schema["properties"]["recipe"])
    formats = schema["properties"]["export"]["properties"]["formats"]
    formats["items"] = _choice({}, {name: each for name, each in known.items() if isinstance(each, Writer)})
    schema["properties"]["profile"] = {
        "type": "object",
        "description": "[profile.NAME]: keys laid over the recipe by --profile NAME",
        "additionalProperties": {"type": "object"},
    }
    schema.pop("required", None)  # what a recipe extends may say it
    return {"$schema": DIALECT, "title": "fairloom recipe", "x-tombi-toml-version": "v1.1.0", **schema}


def config_schema(cls: type) -> Schema:
    """The JSON Schema of an attrs class as a table: its keys, their types, defaults and help; no other keys."""
    return _class_schema(cls, {})


def _about(about: Schema) -> Schema:
    extends = {"type": "string", "description": "a recipe file that this one changes; tables merge, arrays replace"}
    required = about.pop("required")
    return {
        **about,
        "properties": {**about["properties"], "extends": extends},
        "anyOf": [{"required": required}, {"required": ["extends"]}],
    }


def _class_schema(cls: type, owned: Mapping[type, Schema]) -> Schema:
    known = keys(cls)
    schema: Schema = {
        "type": "object",
        "properties": {key: _field_schema(field, owned) for key, field in known.items()},
        "additionalProperties": False,
    }
    rest = next((field.type for field in attrs.fields(cls) if field.metadata.get("rest")), None)
    others = typing.get_args(rest)[1:]
    if others and others[0] is not Any:
        schema["additionalProperties"] = _type_schema(others[0], owned)
    required = [key for key, field in known.items() if field.default is attrs.NOTHING]
    return {**schema, "required": required} if required else schema


def _field_schema(field: attrs.Attribute[Any], owned: Mapping[type, Schema]) -> Schema:
    schema = _type_schema(field.type, owned)
    if allowed(field):
        schema = {"anyOf": [schema, _ENV]}
    if said := field.metadata.get("help"):
        schema = {"description": said, **schema}
    if type(field.default) in {str, int, float, bool}:
        schema = {**schema, "default": field.default}
    return schema


def _type_schema(kind: Any, owned: Mapping[type, Schema]) -> Schema:
    inner = typing.get_args(kind)
    if kind in owned or kind in _SCALARS:
        return dict(owned.get(kind) or _SCALARS[kind])
    if is_literal(kind):
        return {"enum": list(inner)}
    if is_union(kind):
        options = [_type_schema(part, owned) for part in parts(kind)]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if is_array(kind):
        return {"type": "array", **_items(kind, inner, owned)}
    if is_table(kind):
        return {"type": "object", "additionalProperties": _type_schema(inner[1], owned) if inner else {}}
    return _class_schema(kind, owned)


def _items(kind: Any, inner: tuple[Any, ...], owned: Mapping[type, Schema]) -> Schema:
    if is_fixed_tuple(kind):
        items = [_type_schema(part, owned) for part in inner]
        return {"prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    return {"items": _type_schema(inner[0], owned)} if inner else {}


# -- tables that name a component ---------------------------------------------------------------------------------


def _owner_schema(cls: type, components: Mapping[str, Component]) -> Schema:
    """The table of ``cls``: the keys of the core, then one rule per component that may stand in it."""
    schema = _class_schema(cls, {})
    del schema["additionalProperties"]
    own = schema["properties"]
    rules = []
    for owner in (owner for owner in _OWNERS if owner.cls is cls):
        taken = {name: component for name, component in components.items() if owner.takes(component)}
        own[owner.key] = _choice(own[owner.key], taken)
        rules += [_rule(owner, name, component, own) for name, component in taken.items()]
    if cls is FactorSpec:
        plain = {key: True for key in own if key not in {"sample", "table"}}
        no_component = {"not": {"anyOf": [{"required": ["sample"]}, {"required": ["table"]}]}}
        rules.append({"if": no_component, "then": {"properties": plain, "additionalProperties": False}})
    if cls is StepSpec:
        schema["anyOf"] = [{"required": ["generate"]}, {"required": ["filter"]}]
    return {**schema, "allOf": rules} if rules else schema


def _choice(schema: Schema, taken: Mapping[str, Component]) -> Schema:
    """The key that names the component: one of those at hand, or one in a local file."""
    kept: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    return {**kept, "anyOf": [{"enum": sorted(taken)}, {"type": "string", "pattern": LOCAL_FILE}]}


def _rule(owner: _Owner, name: str, component: Component, own: Schema) -> Schema:
    config = config_schema(component.config)
    named: Schema = {"properties": {owner.key: {"const": name}}}
    if own[owner.key].get("default") != name:
        named["required"] = [owner.key]
    then: Schema = {
        "description": component.summary,
        "properties": config["properties"] | dict.fromkeys(own, True),
        "additionalProperties": False,
    }
    if "required" in config:
        then["required"] = config["required"]
    return {"if": named, "then": then}


def _with_bare_names(components: Mapping[str, Component]) -> dict[str, Component]:
    known = dict(components)
    for name, component in components.items():
        plugin, _, own = name.partition(".")
        if plugin == own:
            known[plugin] = component
    return known
