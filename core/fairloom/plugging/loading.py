"""One plugin: import it, check its hooks, collect its components.

Every plugin gets a plugin manager of its own, so a hook call reaches that plugin alone and a broken
plugin leaves nothing behind that another could trip over.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs
from pluggy import PluginManager, PluginValidationError

from fairloom import hooks
from fairloom.components import KINDS, Component
from fairloom.plugging.descriptors import faults, kind_of
from fairloom.plugging.installed import Installed
from fairloom.problems import PluginError, did_you_mean

HOOKS: tuple[str, ...] = tuple(sorted(name for name in vars(hooks) if name.startswith("fairloom_")))
_OFFERS: Mapping[str, type[Component]] = {kind.hook: kind for kind in KINDS}


@attrs.frozen(kw_only=True)
class LoadedPlugin:
    """A plugin that was imported and found sound: its components by name, its observers by hook."""

    claim: Installed
    components: Mapping[str, Component]
    observers: Mapping[str, Callable[..., Any]]


def load(claim: Installed) -> LoadedPlugin:
    """Import a plugin and take its offers, or raise ``PluginError`` saying what is wrong with it."""
    manager = _registered(claim, _imported(claim))
    return LoadedPlugin(
        claim=claim,
        components=_components(claim, manager),
        observers={name: getattr(manager.hook, name) for name in HOOKS if name not in _OFFERS and _has(manager, name)},
    )


def _said(claim: Installed, what: str) -> PluginError:
    return PluginError(f"plugin {claim.name!r} ({claim}) {what}")


def _imported(claim: Installed) -> object:
    try:
        return claim.entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        what = f"could not be imported: {type(error).__name__}: {error}"
        if claim.remedy and isinstance(error, ModuleNotFoundError):
            what += f"; install what it needs with: {claim.remedy}"
        raise _said(claim, what) from error


def _registered(claim: Installed, plugin: object) -> PluginManager:
    manager = PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    try:
        manager.register(plugin, claim.name)
    except PluginValidationError as error:
        raise _said(claim, f"has a hook that does not fit: {_one_line(error)}") from error
    _check_pending(claim, manager)
    for fault in (*_impl_faults(manager, plugin), *_unmarked(plugin)):
        raise _said(claim, fault)
    return manager


def _check_pending(claim: Installed, manager: PluginManager) -> None:
    """Refuse hooks that nobody calls: a misspelt name would otherwise be silence."""
    try:
        manager.check_pending()
    except PluginValidationError as error:
        unknown = [name for name in vars(manager.hook) if not name.startswith("_") and name not in HOOKS]
        near = did_you_mean(unknown[0], HOOKS)
        raise _said(claim, f"implements the unknown hook {unknown[0]!r}" + (f"; {near}" if near else "")) from error


def _impl_faults(manager: PluginManager, plugin: object) -> Iterator[str]:
    for caller in manager.get_hookcallers(plugin) or ():
        for impl in caller.get_hookimpls():
            if impl.wrapper or impl.hookwrapper:
                yield f"wraps {caller.name}; wrappers are refused, since what they change is recorded nowhere"
            for argument in _defaults(impl.function):
                yield (
                    f"gives the argument {argument!r} of {caller.name} a default; "
                    "pluggy never passes such an argument, so remove the default"
                )


def _defaults(function: Callable[..., object]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.default is not inspect.Parameter.empty]


def _unmarked(plugin: object) -> Iterator[str]:
    """Functions that bear the name of a hook but lack the marker, so that pluggy overlooks them."""
    for name in HOOKS:
        found = getattr(plugin, name, None)
        if inspect.isroutine(found) and not hasattr(found, f"{hooks.PROJECT}_impl"):
            yield f"defines {name} without @fairloom.hookimpl, so it would never be called"


def _has(manager: PluginManager, name: str) -> bool:
    return bool(getattr(manager.hook, name).get_hookimpls())


def _components(claim: Installed, manager: PluginManager) -> dict[str, Component]:
    found: dict[str, Component] = {}
    for hook, kind in _OFFERS.items():
        for component in _offers(claim, manager, hook) if _has(manager, hook) else ():
            if not isinstance(component, kind):
                raise _said(claim, f"yields {_named(component)} from {hook}, which offers {kind.__name__} descriptors")
            for fault in faults(component):
                raise _said(claim, f"offers a {component.kind} {component.name!r} that {fault}")
            if component.name in found:
                both = f"{_a(found[component.name])} and {_a(component)}"
                raise _said(claim, f"offers the name {component.name!r} twice, as {both}")
            found[component.name] = component
    return found


def _offers(claim: Installed, manager: PluginManager, hook: str) -> Iterable[object]:
    """What the plugin answers to one hook, as a list."""
    try:
        answers = getattr(manager.hook, hook)()
        if not answers:
            msg = "it returned None; return a list of descriptors, or yield them"
            raise TypeError(msg)  # noqa: TRY301 - said below, with the plugin's name, like any other failure
        return list(answers[0])
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _said(claim, f"failed in {hook}: {type(error).__name__}: {error}") from error


def _named(thing: object) -> str:
    if isinstance(thing, Component):
        return f"{_a(thing)} {thing.name!r}"
    return f"{thing!r}, a {type(thing).__name__}"


def _a(component: Component) -> str:
    return f"a {kind_of(component)}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
