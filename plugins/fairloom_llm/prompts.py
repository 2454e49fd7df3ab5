"""Prompt files: Jinja with the blocks ``system`` and ``user``, which become the messages of a request.

The shape of a conversation is fixed when the file is read. Rendering fills it, and no value can add a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import attrs
from jinja2 import Template, TemplateError, nodes

from fairloom.components import Tools
from fairloom.models import Message, Role
from fairloom.problems import RecipeError, RunError, did_you_mean
from fairloom_llm.sandbox import PromptEnvironment, PromptFault, bounded, check_nodes

MAX_FILE = 100_000
ROLES: tuple[Role, ...] = ("system", "user")


@attrs.frozen(eq=False)
class Prompt:
    """A prompt file that was read and checked. ``title`` names it in messages."""

    title: str
    template: Template

    def messages(self, values: Mapping[str, Any]) -> tuple[Message, ...]:
        """The conversation for these values: ``system`` where the file has it, then ``user``.

        Raises:
            RunError: the prompt names something that the row does not have, or would be too long.
        """
        return tuple(Message(role, self._render(role, values)) for role in ROLES if role in self.template.blocks)

    def _render(self, role: str, values: Mapping[str, Any]) -> str:
        try:
            return bounded(self.template.blocks[role](self.template.new_context(dict(values))))
        except (TemplateError, PromptFault, TypeError) as error:
            raise RunError(f"{self.title}, block {role!r}: {error}") from error


COMMON = ("brief", "definition", "label", "row", "task")
"""Names that every prompt may use, beside those of the factors."""


def read_prompt(
    path: str | None, default: str, tools: Tools, *, names: Iterable[str] = (), key: str = "prompt"
) -> Prompt:
    """The prompt in the recipe's file ``path``, or the plugin's own for the mode ``default``.

    ``names`` are what the mode tells its prompts beside ``brief``, ``label``, ``row``, ``task`` and the factors.

    Raises:
        RecipeError: there is no such file, or it is no prompt.
    """
    known = {**dict.fromkeys((*COMMON, *names)), **{name: each.attributes for name, each in tools.factors.items()}}
    if path is None:
        source = resources.files("fairloom_llm").joinpath("defaults", f"{default}.jinja").read_text(encoding="utf-8")
        return parse_prompt(source, f"the prompt of llm.{default}", known, key)
    return parse_prompt(_source(tools.open_path(path), path, key), f"prompt {path}", known, key)


def parse_prompt(source: str, title: str, known: Mapping[str, Any], key: str = "prompt") -> Prompt:
    """The prompt that a text is. ``known`` are the names it may use, with the attributes of those that are factors.

    Raises:
        RecipeError: it uses what prompts may not, or has no block ``user``.
    """
    environment = PromptEnvironment()
    try:
        tree = environment.parse(source)
        check_nodes(tree)
        _check_blocks(tree)
        _check_names(tree, known)
        return Prompt(title, environment.from_string(source))
    except PromptFault as error:
        raise RecipeError.of(f"{title}: {error}", key) from error
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        place = f"line {line}: " if line else ""
        raise RecipeError.of(f"{title}: {place}{error.message}", key) from error


def _source(path: Path, said: str, key: str) -> str:
    if not path.is_file():
        raise RecipeError.of(f"there is no file {said}", key)
    try:
        source = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError.of(f"{said} is not UTF-8", key) from error
    if len(source) > MAX_FILE:
        raise RecipeError.of(f"{said} has {len(source):,} characters; a prompt has at most {MAX_FILE:,}", key)
    return source


def _check_blocks(tree: nodes.Template) -> None:
    names = [block.name for block in tree.find_all(nodes.Block)]
    strange = [name for name in names if name not in ROLES]
    if strange:
        raise PromptFault(f"a prompt has the blocks system and user, not {strange[0]!r}")
    if "user" not in names:
        raise PromptFault("there is no {% block user %}...{% endblock %}, which is what the model is asked")
    if any(outer.find(nodes.Block) for outer in tree.find_all(nodes.Block)):
        raise PromptFault("blocks may not stand in blocks")
    loose = [node for node in tree.body if not isinstance(node, nodes.Block) and not _blank(node)]
    if loose:
        raise PromptFault(f"line {loose[0].lineno}: text outside of the blocks would go nowhere")


def _check_names(tree: nodes.Template, known: Mapping[str, Any]) -> None:
    bound = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"} | {"loop"}
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name not in known and name.name not in bound:
            hint = did_you_mean(name.name, known)
            raise PromptFault(f"line {name.lineno}: nothing is called {name.name!r}" + (f"; {hint}" if hint else ""))
    for read in tree.find_all(nodes.Getattr):
        attributes = known.get(read.node.name) if isinstance(read.node, nodes.Name) else None
        if attributes and read.attr not in attributes:
            hint = did_you_mean(read.attr, attributes)
            said = f"line {read.lineno}: {read.node.name!r} has no attribute {read.attr!r}"  # type: ignore[attr-defined]
            raise PromptFault(said + (f"; {hint}" if hint else ""))


def _blank(node: nodes.Node) -> bool:
    """Whether the node is blank text between the blocks."""
    if not isinstance(node, nodes.Output):
        return False
    return all(isinstance(part, nodes.TemplateData) and not part.data.strip() for part in node.nodes)
