"""One component under test, with its settings, its rows and its tools; and how to find it again."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa

from fairloom.components import Component, Generator, Tools
from fairloom.plugging import loading
from fairloom.plugging.installed import installed
from fairloom.reading.structure import structure
from fairloom.testing.outcome import Lines, lines
from fairloom.testing.samples import briefs_of, sample_rows, sample_tools

MakeTools = Callable[[], Tools]


@attrs.frozen(kw_only=True)
class Case:
    """A component with what it is tried on. ``tools`` makes them afresh, so that no check sees another's."""

    component: Component
    settings: Mapping[str, Any]
    rows: pa.RecordBatch
    tools: MakeTools

    @property
    def title(self) -> str:
        """What messages call the component."""
        return f"{self.component.kind} {self.component.name!r}"

    def config(self) -> Any:
        """The settings as an instance of the component's config class, structured as a recipe's are."""
        return structure(self.component.config, dict(self.settings))

    def build(self, tools: Tools | None = None) -> Any:
        """A new working object."""
        return self.component.build(self.config(), tools or self.tools())

    def answer(self, batches: Sequence[pa.RecordBatch] | None = None, built: Any = None) -> Lines:
        """The answer of a new object (or of ``built``) to ``batches`` (or to all rows at once)."""
        tools = self.tools()
        built = self.build(tools) if built is None else built
        return lines(self.component, built, [self.rows] if batches is None else batches, tools)


def make(component: Component | str, settings: Any, rows: pa.RecordBatch | None, tools: MakeTools | None) -> Case:
    """A case, with sample rows and tools where none are given."""
    found = find(component) if isinstance(component, str) else component
    tools = tools or sample_tools
    if rows is None:
        rows = sample_rows()
        rows = briefs_of(rows, tools().task.fields) if isinstance(found, Generator) else rows
    return Case(component=found, settings=dict(settings), rows=rows, tools=tools)


def find(place: str) -> Component:
    """A component by ``"plugin.component"``, ``"plugin"`` or ``"module:attribute"``."""
    found = attribute(place) if ":" in place else _offered(place)
    if not isinstance(found, Component):
        msg = f"{place} is a {type(found).__name__}, not a component"
        raise TypeError(msg)
    return found


def place_of(component: Component) -> str:
    """Where another interpreter finds the component, or ``LookupError``.

    It is looked for in the module that defines its ``build``, then among the offers of the plugin
    that this module belongs to.
    """
    module = component.build.__module__
    if isinstance(getattr(component.build, "function", None), Callable):  # type: ignore[arg-type]
        module = component.build.function.__module__  # type: ignore[attr-defined]
    for name, value in vars(sys.modules[module]).items():
        if value is component:
            return f"{module}:{name}"
    for claim in installed():
        if claim.module.partition(".")[0] == module.partition(".")[0]:
            offered = loading.load(claim).components.get(component.name)
            if offered is not None and type(offered) is type(component):
                return f"{claim.name}.{component.name}"
    msg = (
        f"{component.kind} {component.name!r} is neither at the top of the module {module} nor offered by an "
        "installed plugin; give it as 'plugin.component' or 'module:attribute', so that a fresh interpreter finds it"
    )
    raise LookupError(msg)


def callable_place(function: MakeTools) -> str:
    """``module:function`` for a function at the top of a module, or ``LookupError``."""
    place = f"{function.__module__}:{function.__qualname__}"
    if "<" in place:
        msg = f"{place} must stand at the top of a module, so that a fresh interpreter finds it"
        raise LookupError(msg)
    return place


def file_of(place: str) -> str | None:
    """The file of the module in ``module:attribute``, for modules that cannot be imported by name."""
    module = sys.modules.get(place.partition(":")[0]) if ":" in place else None
    return inspect.getsourcefile(module) if module else None


def attribute(place: str, file: str | None = None) -> Any:
    """The object at ``module:attribute``; a module that cannot be imported is run from ``file``."""
    name, _, path = place.partition(":")
    found: Any = _module(name, file)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _module(name: str, file: str | None) -> Any:
    if name in sys.modules:
        return sys.modules[name]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        if file is None or not Path(file).is_file():
            raise
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        msg = f"{file} is not a Python file"
        raise ImportError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _offered(use: str) -> Component:
    from fairloom.plugging.plugins import Plugins  # noqa: PLC0415 - a case by object needs no search

    component, _ = Plugins().find(Component, use)
    return component
