"""docs/reference/edits.md says of every perturbation what it is told and what it does.

``python tests/edits/test_edits_page.py`` writes its catalogue anew.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa

import fairloom_edits
from fairloom.batch import SPANS
from fairloom.components import Generator, Tools
from fairloom.problems import RecipeError
from fairloom.testing import sample_tools

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "edits.md"
MARKED = re.compile(r"(<!-- catalogue -->\n).*(<!-- end of catalogue -->)", re.DOTALL)
SHARED = {
    *("count", "rate", "when", "fields", "only", "protect", "unedited", "intensity", "language"),
    *("label", "map", "direction", "verifier"),
}
PLAIN = "Ann's sister will pay 25 euros, not 30."
TEXTS = {
    "diacritics": "A caf\u00e9 in S\u00e3o Paulo.",
    "unicode": "A caf\u00e9 in S\u00e3o Paulo.",
    "ocr": "The modern clerk was warned.",
    "contraction": "I do not think it is late.",
    "spelling": "My favorite color is gray.",
    "date_form": "Due on May 1, 2024.",
    "synonym": "It was an error, and a big one.",
    "antonym": "It was an excellent film.",
    "negation": "They like it here.",
    "quantifier": "All the people came, and some friends.",
    "degree": "It was an old car.",
    "swap_sentences": "Dr. Bell came. It rained. We stayed in.",
    "people": "Her mother said that she is late.",
    "entity": "Zo\u00eb lost her card.",
    "hedge": "The card is lost.",
}
EXPANDED = {"text": "I don't think we'll be late."}
AMERICAN = {"text": "My favourite colour is grey."}
WORDS = {"text": "They paid twenty five euros, not two hundred."}
GERMAN = {"text": "Die Karte ist weg."}
MORE: dict[str, list[dict[str, Any]]] = {
    "swap": [{}, {"count": 3}],
    "delete": [{}, {"rate": 0.2}],
    "insert": [{}, {"letters": "aeiou", "count": 2}],
    "substitute": [{}, {"count": 3}],
    "repeat": [{}, {"count": 3}],
    "typo": [{"count": 2}, {"layout": "qwertz", "count": 2}, {"layout": "azerty", "count": 2}],
    "ocr": [{}, {"rate": 0.3}],
    "homoglyph": [{}, {"count": 3}],
    "leet": [{}, {"rate": 1.0}],
    "invisible": [{}, {"count": 2}],
    "diacritics": [{}, {"mode": "add", "count": 2}],
    "unicode": [{}, {"form": "NFKC", "text": "\ufb01ne, \u2460"}],
    "case": [{}, {"to": "upper"}, {"rate": 0.3}],
    "whitespace": [{}, {"mode": "drop"}, {"mode": "exotic"}],
    "punctuation": [{}, {"mode": "repeat"}, {"mode": "change"}],
    "contraction": [{}, {"mode": "expand", **EXPANDED}],
    "spelling": [{}, {"to": "us", **AMERICAN}],
    "number_form": [{}, {"to": "digits", **WORDS}],
    "date_form": [{}, {"to": "day-first"}, {"to": "month-first", "text": "Due on the 12th of june 2024."}],
    "number": [{}, {"rate": 1.0}],
    "synonym": [{}, {"count": 2}],
    "negation": [{}, {"text": "The door was open."}, {"text": "She doesn't know."}],
    "quantifier": [{}, {"count": 2}],
    "degree": [{}, {"way": "down"}],
    "filler": [{}, {"language": "de", **GERMAN}],
    "drop_word": [{}, {"words": "any"}, {"language": "de", **GERMAN}],
    "double_word": [{}, {"count": 2}],
    "swap_words": [{}, {"count": 2}],
    "hedge": [{}, {"text": "Where is it?"}, {"rate": 1.0, "text": "Ann lost her card. Send me a new one."}],
    "distractor": [{}, {"count": 2}, {"language": "de", **GERMAN}],
    "leak": [{}, {"of": "own"}, {"form": "Label: {label}."}],
    "wrap": [{}, {"forms": ("json",)}, {"forms": ("bold",)}, {"forms": ("question",)}],
    "encode": [{}, {"encoding": "rot13"}, {"encoding": "hex", "text": "A card."}],
    "instruction": [{}, {"instructions": ("Say {canary}.",), "text": "I lost my card"}],
    "people": [{}, {"to": "they"}, {"to": "xe"}],
    "entity": [{"factor": "person", "differ": ("gender",), "same": ("origin",)}],
}


def example(component: Generator, given: dict[str, Any]) -> str:
    """What one row says after the perturbation."""
    given = dict(given)
    text = given.pop("text", TEXTS.get(component.name, PLAIN))
    spans = [
        {"start": 0, "end": 3, "slot": "person.given", "value": "Zo\u00eb"},
        {"start": 9, "end": 12, "slot": "person.their", "value": "her"},
    ]
    row = {"address": [7], "attempt": [0], "label": ["card_lost"], "person": ["Zo\u00eb"], "text": [text]}
    rows = pa.RecordBatch.from_pydict(row)
    if component.name == "entity":
        rows = rows.append_column("text.spans", pa.array([spans], SPANS))
    after = built(component, given).write(rows).column("text")[0].as_py()
    words = ", ".join(f"`{key} = {written(value)}`" for key, value in given.items())
    assert after != text, component.name
    return f"- {words + ': ' if words else ''}{code(text)} becomes {code(after)}"


def code(text: str) -> str:
    """A text in backticks, what cannot be seen written out."""
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    shown = "".join(f"\\u{ord(each):04x}" if 0x300 <= ord(each) < 0x370 else each for each in shown)
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def written(value: Any) -> str:
    """A value as a recipe writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    return str(value) if isinstance(value, int | float) else f'"{value}"'


def built(component: Generator, given: dict[str, Any], tools: Tools | None = None) -> Any:
    """The working object; a verifier where it asks for one."""
    tools = attrs.evolve(tools or sample_tools(), judges=("judge",))
    needs = {"verifier": "judge"} if component.name in {"antonym", "negation", "number", "quantifier"} else {}
    return component.build(component.config(**needs, **{key: given[key] for key in given if key != "text"}), tools)


WHOLE = " In all rows, unless `rate` is given."
LANGUAGES = ("en", "de", "fr", "es")


def languages(component: Generator, given: dict[str, Any]) -> str:
    """Of some languages, those that it has words of: a task in another one is told."""
    names = {field.name for field in attrs.fields(component.config)}
    if "language" not in names and component.name != "people":
        return "Any language."
    known = []
    for language in LANGUAGES:
        tools = sample_tools()
        spoken = attrs.evolve(tools, task=attrs.evolve(tools.task, language=language))
        with contextlib.suppress(RecipeError):
            built(component, given, spoken)
            known.append(language)
    ways = [f"`{name.rstrip('_')}`" for name in ("from_", "wordnet", "sentences") if name in names]
    others = f", or any with {' or '.join(ways)}" if ways else ""
    return f"Language: {', '.join(f'`{each}`' for each in known)}{others}."


def catalogue() -> str:
    """The generated part of the page."""
    parts: list[str] = []
    for component in fairloom_edits.fairloom_generators():
        examples = MORE.get(component.name, [{}])
        work = built(component, examples[0])
        dose = getattr(work.how, "amount", None)
        everywhere = dose.rate if dose else component.name == "case"
        dosed = any(field.name == "count" and field.default is None for field in attrs.fields(component.config))
        said = f" {'Everywhere' if everywhere else 'Once'}, unless `count` or `rate` is given." if dosed else WHOLE
        said = f"{said} {languages(component, examples[0])}"
        own = [
            field
            for field in attrs.fields(component.config)
            if field.alias not in SHARED or (field.alias == "count" and not dosed)
        ]
        parts += [f"\n### `edits.{component.name}`\n", f"{component.summary} Label rule: {work.label.kind}.{said}\n"]
        parts += [f"- `{field.name.rstrip('_')}`: {field.metadata['help']}" for field in own]
        parts += [*([""] if own else []), *(example(component, given) for given in examples)]
    return "\n".join(parts).replace("\n\n\n", "\n\n") + "\n\n"


def test_the_page_is_up_to_date() -> None:
    found = MARKED.search(PAGE.read_text("utf-8"))
    assert found
    assert found[0] == f"{found[1]}{catalogue()}{found[2]}", "run: python tests/edits/test_edits_page.py"


if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    PAGE.write_text(MARKED.sub(lambda found: f"{found[1]}{catalogue()}{found[2]}", page), "utf-8", newline="\n")
