"""The reference of the hooks: complete, exact, and its examples are plugins."""

from __future__ import annotations

import inspect
import textwrap
import types
from pathlib import Path

import pytest
from pluggy import PluginManager

from fairloom import hooks
from fairloom.components import KINDS
from fairloom.plugging.descriptors import faults
from fairloom.plugging.loading import HOOKS

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "hooks.md").read_text("utf-8")


def example_of(name: str) -> str:
    """The code at the end of a hook's docstring."""
    _, _, example = inspect.cleandoc(getattr(hooks, name).__doc__).partition("::\n")
    return textwrap.dedent(example).strip()


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_its_exact_signature_and_example(name: str) -> None:
    signature = inspect.signature(getattr(hooks, name))
    answer = "" if signature.return_annotation == "None" else f" -> {signature.return_annotation}"
    assert f"### {name}\n\n```text\n{name}({', '.join(signature.parameters)}){answer}\n```" in REFERENCE
    assert f"```python\n{example_of(name)}\n```" in REFERENCE


def test_the_reference_documents_no_hook_that_is_gone() -> None:
    headings = {line.removeprefix("### ") for line in REFERENCE.splitlines() if line.startswith("### ")}
    assert headings == set(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_every_example_is_a_working_plugin(name: str) -> None:
    module = types.ModuleType("example")
    exec(compile(example_of(name), f"<example of {name}>", "exec", dont_inherit=True), vars(module))
    manager = PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    manager.register(module)
    manager.check_pending()
    assert getattr(manager.hook, name).get_hookimpls()
    kinds = {kind.hook: kind for kind in KINDS}
    if name in kinds:
        (offered,) = getattr(manager.hook, name)()
        assert [(type(each), list(faults(each))) for each in offered] == [(kinds[name], [])]
