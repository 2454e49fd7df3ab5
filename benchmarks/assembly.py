"""Text with spans from a four-slot template: the generator against a dict per row and against compiled Jinja.

All three do the same work on the same briefs in one process: the finished text and, but for Jinja (which has
none to give), the character span of every slot. Run by hand:

    python benchmarks/assembly.py

Prints rows per CPU-second (best of several rounds) and ratios, for 1 to 1,000 templates, then the same for
templates with non-ASCII text, with a condition, and with a value drawn per row. A second table has every kind of
expression; a third the surface rules beside the same templates without them: texts where one row in four has a wrong
article, texts where every row has three faults, and texts with a value that is drawn per row, so that no template can
be worked out before its rows.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from jinja2 import Environment

from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.task import Task
from fairloom.testing import sample_tools
from fairloom_grammar.sentences import SentencesConfig
from fairloom_grammar.sentences import build as sentences
from fairloom_template.building import build
from fairloom_template.settings import Mask, TemplateSettings

ROWS, LOOP_ROWS = 65_536, 4_096
SCAN = Path(__file__).parents[1] / "tests" / "reference" / "scan"
NAMES = [
    "Amara",
    "Bilal",
    "Chiara",
    "Dmitri",
    "Esperanza",
    "Farid",
    "Grace",
    "Hiroshi",
    "Ines",
    "Joao",
    "Kwame",
    "Lucia",
    "Mei",
    "Noor",
    "Olu",
    "Priya",
]
ITEMS = ["debit card", "savings account", "standing order", "overdraft", "credit card", "mortgage", "app login", "PIN"]
CITIES = ["Lyon", "Oslo", "Lagos", "Osaka", "Lima", "Tunis", "Perth", "Quebec City", "Ghent", "Accra"]
DAYS = ["on Monday", "yesterday", "last week", "this morning", "two days ago", "at the weekend"]
CLOSINGS = ["please help", "what can I do", "kindly advise", "I need this solved", "can you check that"]


def templates(count: int, kind: str) -> list[str]:
    """Four slots each, about 135 characters of finished text, all different."""
    tail = {
        "non-ASCII": " -- merci d'avance à l'équipe",
        "condition": "{% if person.gender == 'f' %}, says her file{% else %}, says his file{% endif %}",
        "drawn value": " ({{ amount }} euros)",
        "linked forms": " for {{ person.they }} and {{ person.their }} friends",
        "dynamic form": " for {{ person[person.case] }}",
        "few faults": " with a {{ item }} of {{ person.their }} own",
        "many faults": " in a {{ item }} . then {{ person.they }} was told",
        "few faults, drawn": " with a {{ item }} of {{ amount }} euros",
        "grammar": ' said "{{ sentence.text }}"',
    }.get(kind, "")
    return [
        f"Hello, my name is {{{{ person.given }}}} and my {{{{ item }}}} stopped working in {{{{ city }}}} "
        f"{{{{ day }}}}, {CLOSINGS[n % len(CLOSINGS)]} with case number {n} as soon as possible{tail}."
        for n in range(count)
    ]


def factor(called: str, /, **columns: list[str]) -> Factor:
    """A factor with one column per attribute."""
    return Factor(called, "nuisance", pa.table(columns), tuple(next(iter(columns.values()))))


def factors(count: int, kind: str) -> dict[str, Factor]:
    """Templates and what fills them."""
    people = [f"{name} {letter}." for name in NAMES for letter in "ABCDEFGHIJKLMNOP"]
    made = [
        factor("template", name=[f"t{n}" for n in range(count)], text=templates(count, kind)),
        factor(
            "person",
            given=people,
            gender=["f" if n % 2 else "m" for n in range(len(people))],
            they=["she" if n % 2 else "they" for n in range(len(people))],
            their=["her" if n % 2 else "their" for n in range(len(people))],
            case=["they" if n % 3 else "their" for n in range(len(people))],
        ),
        factor("item", value=ITEMS),
        factor("city", value=CITIES),
        factor("day", value=DAYS),
        Factor("amount", "nuisance", pa.table({}), (), sampler=object()),
    ]
    if kind == "grammar":
        table = sentences(SentencesConfig(rules="grammar.toml"), sample_tools(SCAN)).table()
        made.append(Factor("sentence", "nuisance", table, tuple(table.column("text").to_pylist())))
    return {each.name: each for each in made}


def briefs(known: dict[str, Factor], rows: int) -> pa.RecordBatch:
    """Levels spread over all rows; the same every time."""
    place = np.arange(rows, dtype=np.int64)
    columns = {"amount": pa.array(place * 7919 % 900)}
    for stride, (name, each) in enumerate(known.items(), start=3):
        if each.size:
            codes = (place * (2 * stride + 1) + place // 97) % each.size
            columns[name] = pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(each.names))
    return pa.RecordBatch.from_pydict(columns)


def dict_loop(known: dict[str, Factor], rows: pa.RecordBatch) -> Callable[[], list[dict]]:
    """The plain way: one dict per row, text by joining parts, spans by counting as they are joined."""
    plans = [_parts(text) for text in known["template"].column("text").to_pylist()]
    tables = {name: each.table.to_pylist() for name, each in known.items() if each.size}
    levels = {name: rows.column(name).indices.to_pylist() for name in tables}

    def run() -> list[dict]:
        return [_dict_row(plans[levels["template"][row]], tables, levels, row) for row in range(rows.num_rows)]

    return run


def _dict_row(plan: list[tuple], tables: dict, levels: dict, row: int) -> dict:
    parts, spans, at = [], [], 0
    for literal, name, attribute in plan:
        value = literal
        if name:
            value = tables[name][levels[name][row]][attribute]
            spans.append({"start": at, "end": at + len(value), "slot": name, "value": value})
        parts.append(value)
        at += len(value)
    return {"text": "".join(parts), "spans": spans}


def _parts(text: str) -> list[tuple]:
    """Literals and slots of a template without logic."""
    found = []
    for place, part in enumerate(text.replace("}}", "{{").split("{{")):
        name, _, attribute = part.strip().partition(".")
        found.append((None, name, attribute or "value") if place % 2 else (part, None, None))
    return found


def jinja_loop(known: dict[str, Factor], rows: pa.RecordBatch) -> Callable[[], list[str]]:
    """One compiled Jinja template per row, no spans."""
    environment = Environment(autoescape=False)
    compiled = [environment.from_string(text) for text in known["template"].column("text").to_pylist()]
    tables = {name: each.table.to_pylist() for name, each in known.items() if each.size}
    tables |= {name: known[name].names for name in ("item", "city", "day")}
    levels = {name: rows.column(name).indices.to_pylist() for name in tables}
    drawn = rows.column("amount").to_pylist()

    def run() -> list[str]:
        return [
            compiled[levels["template"][row]].render(
                amount=drawn[row],
                **{name: tables[name][levels[name][row]] for name in ("person", "item", "city", "day")},
            )
            for row in range(rows.num_rows)
        ]

    return run


def rates(runs: dict[str, tuple[Callable[[], object], int]], rounds: int = 8) -> dict[str, float]:
    """Rows per CPU-second of every run, best of several rounds that take turns, without the garbage collector."""
    best = dict.fromkeys(runs, float("inf"))
    gc.disable()
    for _ in range(rounds):
        for name, (run, _) in runs.items():
            start = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - start)
    gc.enable()
    return {name: rows / best[name] for name, (_, rows) in runs.items()}


RULES = ("verbs", "articles", "blanks", "capitals")
SETTINGS = {
    "computed": TemplateSettings(columns={"key": "{{ template.name }}-{{ item }}-{{ city }}"}),
    "grammar": TemplateSettings(columns={"meaning": "{{ sentence.actions }}"}),
    "masks": TemplateSettings(masks={"masked": Mask(slots=("person.given", "item"))}),
}
"""Kinds of a step; the other kinds are templates."""


def ours(count: int, kind: str, settings: TemplateSettings) -> tuple[Callable[[], object], int]:
    """Writing a batch."""
    known = factors(count, kind)
    writer = build(settings, Tools(task=Task(), factors=known, draws=Draws(0), open_path=Path))
    full = briefs(known, ROWS)
    return (lambda: writer.write(full)), ROWS


def measure_ours(count: int, kind: str) -> None:
    """One line of the table of expression kinds: what Jinja has no like of."""
    found = rates({"ours": ours(count, kind, SETTINGS.get(kind, TemplateSettings()))}, rounds=5)
    print(f"{count:>9,} {kind:<18} {found['ours'] / 1e6:>6.2f} M")


def measure_rules(count: int, kind: str) -> None:
    """One line of the table of surface rules."""
    runs = {
        "without": ours(count, kind, TemplateSettings()),
        "with": ours(count, kind, TemplateSettings(surface=RULES)),
        "edits": ours(count, kind, TemplateSettings(surface=RULES, edits=True)),
    }
    found = rates(runs)
    shares = (f"{found[name] / 1e6:>8.2f} M {found[name] / found['without']:>6.0%}" for name in ("with", "edits"))
    print(f"{count:>9,} {kind:<18} {found['without'] / 1e6:>6.2f} M", *shares)


def measure(count: int, kind: str = "plain") -> None:
    """One line of the table."""
    known = factors(count, kind)
    writer = build(TemplateSettings(), Tools(task=Task(), factors=known, draws=Draws(0), open_path=Path))
    full, few = briefs(known, ROWS), briefs(known, LOOP_ROWS)
    written = writer.write(few).column("text").to_pylist()
    jinja = jinja_loop(known, few)
    assert jinja() == written, "Jinja must write the same text"
    runs = {"ours": (lambda: writer.write(full), ROWS), "Jinja": (jinja, LOOP_ROWS)}
    if kind in ("plain", "non-ASCII"):
        plain_loop = dict_loop(known, few)
        assert [row["text"] for row in plain_loop()] == written, "the loop must write the same text"
        runs["dict"] = (plain_loop, LOOP_ROWS)
    found = rates(runs)
    others = (f"{found[name] / 1e6:>8.3f} M {found['ours'] / found[name]:>6.1f} x" for name in runs if name != "ours")
    print(f"{count:>9,} {kind:<12} {found['ours'] / 1e6:>8.2f} M", *others)


if __name__ == "__main__":
    print("templates kind         fairloom      Jinja   ratio     dict   ratio     (rows per CPU-second)")
    for number in (1, 10, 100, 1_000):
        measure(number)
    for variant in ("non-ASCII", "condition", "drawn value"):
        measure(100, variant)
    print("\ntemplates kind             fairloom     (rows per CPU-second)")
    for variant in ("plain", "linked forms", "dynamic form", "condition", *SETTINGS):
        measure_ours(100, variant)
    print("\ntemplates surface rules     without       with  share  with edits  share     (rows per CPU-second)")
    for variant in ("few faults", "many faults", "few faults, drawn"):
        measure_rules(100, variant)
