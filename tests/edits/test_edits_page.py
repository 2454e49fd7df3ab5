"""docs/reference/edits.md says of every perturbation what it is told and what it does.

``python tests/edits/test_edits_page.py`` writes its catalogue anew.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa

import fairloom_edits
from fairloom.batch import SPANS
from fairloom.components import Generator
from fairloom.testing import sample_tools

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "edits.md"
MARKED = re.compile(r"(<!-- catalogue -->\n).*(<!-- end of catalogue -->)", re.DOTALL)
SHARED = {"count", "rate", "when", "fields", "only", "protect", "unedited", "label", "map", "direction", "verifier"}
PLAIN = "Ann's sister will pay 25 euros, not 30."
TEXTS = {
    "diacritics": "A caf\u00e9 in S\u00e3o Paulo.",
    "unicode": "A caf\u00e9 in S\u00e3o Paulo.",
    "ocr": "The modern clerk was warned.",
    "contraction": "I do not think it is late.",
    "spelling": "My favorite color is gray.",
    "date_form": "Due on May 1, 2024.",
    "synonym": "A big mistake.",
    "antonym": "The food was good.",
    "negation": "The door was open.",
    "quantifier": "Many people came.",
    "degree": "The food was good.",
    "swap_sentences": "It rained. We stayed in.",
    "people": "Her mother said that she is late.",
    "entity": "Zo\u00eb lost her card.",
}
MORE: dict[str, list[dict[str, Any]]] = {
    "diacritics": [{}, {"mode": "add", "count": 2}],
    "case": [{"to": "upper"}],
    "whitespace": [{}, {"mode": "drop"}],
    "punctuation": [{}, {"mode": "repeat"}],
    "contraction": [{}],
    "number_form": [{}],
    "drop_word": [{}, {"words": "any"}],
    "wrap": [{}, {"forms": ("json",)}],
    "encode": [{}, {"encoding": "rot13"}],
    "people": [{}, {"to": "they"}, {"to": "xe"}],
    "entity": [{"factor": "person", "differ": ("gender",), "same": ("origin",)}],
    "degree": [{}, {"way": "down"}],
}


def example(component: Generator, given: dict[str, Any]) -> str:
    """What one row says after the perturbation."""
    text = TEXTS.get(component.name, PLAIN)
    spans = [
        {"start": 0, "end": 3, "slot": "person.given", "value": "Zo\u00eb"},
        {"start": 9, "end": 12, "slot": "person.their", "value": "her"},
    ]
    row = {"address": [7], "attempt": [0], "label": ["card_lost"], "person": ["Zo\u00eb"], "text": [text]}
    rows = pa.RecordBatch.from_pydict(row)
    if component.name == "entity":
        rows = rows.append_column("text.spans", pa.array([spans], SPANS))
    after = built(component, given).write(rows).column("text")[0].as_py()
    assert after != text, component.name
    said = ", ".join(f"`{key} = {written(value)}`" for key, value in given.items())
    return f"- {said + ': ' if said else ''}{code(text)} becomes {code(after)}"


def code(text: str) -> str:
    """A text in backticks, what cannot be seen written out."""
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    shown = "".join(f"\\u{ord(each):04x}" if 0x300 <= ord(each) < 0x370 else each for each in shown)
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def written(value: Any) -> str:
    """A value as a recipe writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def built(component: Generator, given: dict[str, Any]) -> Any:
    """The working object; a verifier where it asks for one."""
    tools = attrs.evolve(sample_tools(), judges=("judge",))
    needs = {"verifier": "judge"} if component.name in {"antonym", "negation", "number", "quantifier"} else {}
    return component.build(component.config(**needs, **given), tools)


def catalogue() -> str:
    """The generated part of the page."""
    parts: list[str] = []
    for component in fairloom_edits.fairloom_generators():
        examples = MORE.get(component.name, [{}])
        work = built(component, examples[0])
        dose = getattr(work.how, "amount", None)
        how_often = "" if dose is None else "Everywhere" if dose.rate else "Once"
        said = f" {how_often}, unless `count` or `rate` is given." if how_often else ""
        own = [field for field in attrs.fields(component.config) if field.alias not in SHARED]
        parts += [f"\n### `edits.{component.name}`\n", f"{component.summary} Label rule: {work.label.kind}.{said}\n"]
        parts += [f"- `{field.name.rstrip('_')}`: {field.metadata['help']}" for field in own]
        parts += ["", *(example(component, given) for given in examples)] if own else [example(component, examples[0])]
    return "\n".join(parts).replace("\n\n\n", "\n\n") + "\n\n"


def test_the_page_is_up_to_date() -> None:
    found = MARKED.search(PAGE.read_text("utf-8"))
    assert found
    assert found[0] == f"{found[1]}{catalogue()}{found[2]}", "run: python tests/edits/test_edits_page.py"


if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    PAGE.write_text(MARKED.sub(lambda found: f"{found[1]}{catalogue()}{found[2]}", page), "utf-8", newline="\n")
