"""What asking for JSON costs and loses, beside one text per call: the figures of docs/explanation/why-not-json.md.

The texts are real rows; the answers are made from them here, so that what was meant is known. Faults are put in by
addressed draws, the same in every run, and each answer is read in three ways:

* ``strict``: ``json.loads`` and a check of keys, types and label; what does not pass is lost, with all its rows
* ``repaired``: the same after json-repair, which several peers call (``pip install json-repair``; left out if absent)
* ``text``: one text per call, as fairloom reads it (``fairloom_llm.bodies.read``); the label is the plan's
* ``filtered``: the same with a filter of the recipe that refuses line breaks

A row is *lost* if it has to be asked for again, and *changed* if it is accepted and is not what was meant. No language
model takes part: how often a model commits each fault is not measured, and the last table says what it assumes.
Tokens are counted as one for four bytes. Run: ``FAIRLOOM_SHARED=... python benchmarks/why_not_json.py``.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from fairloom.draws import Draws
from fairloom.models import Answer, Message, Request, tokens_of
from fairloom_llm.bodies import Dialect, read

try:
    from json_repair import repair_json
except ImportError:
    repair_json = None

DATA = Path(os.environ.get("FAIRLOOM_SHARED", "../shared/data"))
DRAWS = Draws(20260411)
ROWS = 10
"""Rows that one JSON answer holds, as tools do that ask for lists."""
ANSWERS = 400
PROMPT = 90
"""Tokens of a prompt, about those of the built-in one of llm.text with a definition and two factors."""
DIALECT = Dialect(model="m", api="chat", closed="none", parameters={"max_tokens": 200})


@attrs.frozen
class Row:
    """A text with its label; ``values`` are what a labeller would mark in it."""

    text: str
    label: str
    values: tuple[str, ...] = ()


def banking() -> Iterator[Row]:
    with (DATA / "seed-banking77" / "test.csv").open(encoding="utf-8", newline="") as file:
        yield from (Row(line["text"], line["category"]) for line in csv.DictReader(file))


def messages() -> Iterator[Row]:
    lines = (DATA / "seed-sms-spam" / "SMSSpamCollection").read_text(encoding="utf-8").split("\n")[1:]
    yield from (Row(text, label) for label, text in (line.split("\t", 1) for line in lines if line))


def articles() -> Iterator[Row]:
    with (DATA / "seed-gap" / "gap-development.tsv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield Row(line["Text"], line["A-coref"], (line["A"], line["B"], line["Pronoun"]))


def reviews() -> Iterator[Row]:
    with (DATA / "seed-cad" / "sentiment" / "orig_train.tsv").open(encoding="utf-8", newline="") as file:
        yield from (Row(line["Text"], line["Sentiment"]) for line in csv.DictReader(file, delimiter="\t"))


def commands() -> Iterator[Row]:
    for path in sorted((DATA / "seed-snips").glob("validate_*.json")):
        ((label, rows),) = json.loads(path.read_text(encoding="utf-8")).items()
        for parts in (row["data"] for row in rows):
            yield Row("".join(part["text"] for part in parts), label, tuple(p["text"] for p in parts if "entity" in p))


SETS: Mapping[str, Callable[[], Iterator[Row]]] = {
    "banking77": banking,
    "sms-spam": messages,
    "snips": commands,
    "gap": articles,
    "cad": reviews,
}


def as_object(row: Row) -> dict[str, Any]:
    return {"text": row.text, "label": row.label}


def with_spans(row: Row) -> dict[str, Any]:
    spans = [{"start": row.text.find(value), "end": row.text.find(value) + len(value)} for value in row.values]
    return {**as_object(row), "spans": spans}


# What a model writes when it errs, given the rows it meant


def whole(rows: Sequence[Row], _key: int) -> str:
    return json.dumps([as_object(row) for row in rows], ensure_ascii=False)


def cut(rows: Sequence[Row], key: int) -> str:
    return shortened(whole(rows, key), key)


def cut_in_text(rows: Sequence[Row], key: int) -> str:
    """The label comes first, so that a text may be the last thing before the cut."""
    said = [{"label": row.label, "text": row.text} for row in rows]
    return shortened(json.dumps(said, ensure_ascii=False), key)


def shortened(said: str, key: int) -> str:
    return said[: 1 + int(DRAWS.stream("cut").below(len(said) - 2, np.array([key]))[0])]


def unescaped(rows: Sequence[Row], key: int) -> str:
    """One text of those that need it stands in its quotes as it is."""
    at = next((place for place, row in enumerate(rows) if needs_escapes(row.text)), 0)
    quoted = json.dumps(rows[at].text, ensure_ascii=False)
    return whole(rows, key).replace(quoted, f'"{rows[at].text}"', 1)


def strange_label(rows: Sequence[Row], key: int) -> str:
    said = [as_object(row) for row in rows]
    said[key % len(rows)]["label"] = "Other"
    return json.dumps(said, ensure_ascii=False)


def no_label(rows: Sequence[Row], key: int) -> str:
    said = [as_object(row) for row in rows]
    del said[key % len(rows)]["label"]
    return json.dumps(said, ensure_ascii=False)


def prose(rows: Sequence[Row], key: int) -> str:
    return f"Sure! Here is what you asked for:\n\n{whole(rows, key)}"


def twice(rows: Sequence[Row], key: int) -> str:
    """A first go with its first text cut short, and a better one."""
    draft = [attrs.evolve(row, text=row.text[: len(row.text) // 2]) for row in rows]
    return f"{whole(draft, key)}\nHere is a better version:\n{whole(rows, key)}"


FAULTS: Mapping[str, Callable[[Sequence[Row], int], str]] = {
    "cut off, label last": cut,
    "cut off, text last": cut_in_text,
    "quotes, breaks not escaped": unescaped,
    "a label that is none": strange_label,
    "a label is missing": no_label,
    "prose around it": prose,
    "two answers": twice,
}


def needs_escapes(text: str) -> bool:
    return any(character in text for character in '"\\\n\r\t')


# Reading


def strict(said: str) -> Any:
    return json.loads(said)


def repaired(said: str) -> Any:
    return repair_json(said, return_objects=True)


def accepted(said: str, labels: frozenset[str], load: Callable[[str], Any]) -> list[Row]:
    """The rows of an answer that pass the check; a list is taken whole or, after repair, row by row."""
    try:
        data = load(said)
    except ValueError:
        return []
    rows = data if isinstance(data, list) else [data]
    good = [each for each in rows if fits(each, labels)]
    if load is strict and len(good) < len(rows):
        return []
    return [Row(each["text"], each["label"]) for each in good]


def fits(each: Any, labels: frozenset[str]) -> bool:
    if not isinstance(each, dict) or set(each) != {"text", "label"}:
        return False
    return isinstance(each["text"], str) and bool(each["text"]) and each["label"] in labels


def filtered(row: Row, fault: str, key: int) -> str | None:
    """What the filter leaves of it."""
    said = as_text(row, fault, key)
    return None if said is None or "\n" in said else said


def as_text(row: Row, fault: str, key: int) -> str | None:
    """The same fault where the text alone is asked for; ``None`` where it is asked for again."""
    said, finish = row.text, "stop"
    if fault.startswith("cut off"):
        said, finish = said[: 1 + int(DRAWS.stream("cut").below(max(1, len(said) - 1), np.array([key]))[0])], "length"
    if fault == "prose around it":
        said = f"Sure! Here is what you asked for:\n\n{said}"
    if fault == "two answers":
        said = f"{said[: len(said) // 2]}\nHere is a better version:\n{said}"
    body = {"choices": [{"message": {"content": said}, "finish_reason": finish}]}
    request = Request(messages=(Message("user", "write"),))
    outcome, _ = read(json.dumps(body).encode(), request, DIALECT, 0.0)
    return outcome.text if isinstance(outcome, Answer) else None


TEXTS: Mapping[str, Callable[[Row, str, int], str | None]] = {"text": as_text, "filtered": filtered}


def outcome(meant: Sequence[Row], found: Sequence[Row]) -> tuple[int, int]:
    """How many rows are lost, and how many changed."""
    wanted = [(row.text, row.label) for row in meant]
    changed = sum((row.text, row.label) not in wanted for row in found)
    return max(0, len(meant) - len(found)), changed


# Tables


def frame(name: str, rows: Sequence[Row]) -> None:
    """Tokens of the text alone and of the same row in JSON; how many need escapes; what a search finds."""
    size = len(rows)
    alone = sum(tokens_of(row.text) for row in rows) / size
    framed = sum(tokens_of(json.dumps(as_object(row), ensure_ascii=False)) for row in rows) / size
    spans = sum(tokens_of(json.dumps(with_spans(row), ensure_ascii=False)) for row in rows) / size
    escapes = sum(needs_escapes(row.text) for row in rows) / size
    marked = [row for row in rows if row.values]
    once = sum(all(row.text.count(value) == 1 for value in row.values) for row in marked) / max(1, len(marked))
    tail = f"{spans:8.1f} {spans / alone:6.2f} {once:10.1%}" if marked else f"{'':8} {'':6} {'':10}"
    print(f"{name:12} {size:6,} {alone:8.1f} {framed:8.1f} {framed / alone:6.2f} {tail} {escapes:9.1%}")


def faults(sets: Mapping[str, Sequence[Row]], size: int) -> None:
    """One fault in one answer of ``size`` rows: rows lost and rows changed, per answer."""
    loads = {"strict": strict, **({"repaired": repaired} if repair_json else {})}
    print(f"\nA fault in an answer of {size} row{'s' * (size > 1)}: rows lost / rows changed in silence, per answer")
    print(f"{'':28}" + "".join(f"{name:>16}" for name in (*loads, *TEXTS)))
    for fault, make in FAULTS.items():
        sums = {name: np.zeros(2) for name in (*loads, *TEXTS)}
        for key, (meant, labels) in enumerate(drawn(sets, size, escaped=make is unescaped)):
            said = make(meant, key)
            for name, load in loads.items():
                sums[name] += outcome(meant, accepted(said, labels, load))
            for name, ask in TEXTS.items():
                told = ask(meant[0], fault, key)
                sums[name] += (told is None, told is not None and told != meant[0].text)
        means = {name: total / ANSWERS for name, total in sums.items()}
        print(f"{fault:28}" + "".join(f"{lost:9.2f} /{changed:5.2f}" for lost, changed in means.values()))


def drawn(sets: Mapping[str, Sequence[Row]], size: int, *, escaped: bool) -> Iterator[tuple[list[Row], frozenset[str]]]:
    """Rows for each answer, the sets in turn; where ``escaped``, the first one needs escapes."""
    names = [name for name, rows in sets.items() if not escaped or any(needs_escapes(row.text) for row in rows)]
    for key in range(ANSWERS):
        rows = sets[names[key % len(names)]]
        at = DRAWS.stream("rows").below(len(rows), np.full(size, key), np.arange(size))
        chosen = [rows[place] for place in at.tolist()]
        if escaped:
            needy = [row for row in rows if needs_escapes(row.text)]
            chosen[0] = needy[int(DRAWS.stream("needy").below(len(needy), np.array([key]))[0])]
        yield chosen, frozenset(row.label for row in rows)


RATES = {
    "cut off, label last": 5,
    "cut off, text last": 5,
    "a label that is none": 10,
    "prose around it": 20,
    "two answers": 5,
}
"""Faults assumed in a thousand answers."""
UNESCAPED = 0.05
"""Assumed share, among answers without another fault, of those with a text that needs escapes and lacks them."""


def priced(sets: Mapping[str, Sequence[Row]]) -> None:
    """Tokens per accepted row, and what is wrong with those, if faults are as frequent as assumed."""
    print(f"\nIf so many answers of a thousand have it: {', '.join(f'{k} {v}' for k, v in RATES.items())},")
    print(f"and {UNESCAPED:.0%} of the answers that need escapes lack them:")
    print(f"{'':28}{'prompt':>10}{'answer':>10}{'together':>10}{'changed':>10}")
    modes: dict[str, tuple[int, Callable[..., Any]]] = {
        f"JSON, {ROWS} rows, strict": (ROWS, strict),
        "JSON, 1 row, strict": (1, strict),
        f"JSON, {ROWS} rows, repaired": (ROWS, repaired),
        "JSON, 1 row, repaired": (1, repaired),
        "one text per call": (1, as_text),
        "one text per call, filtered": (1, filtered),
    }
    for name, (size, load) in modes.items():
        if load is repaired and repair_json is None:
            continue
        calls, answered, got, changed = simulated(sets, size, load)
        prompt, answer = calls * PROMPT / got, answered / got
        print(f"{name:28}{prompt:10.1f}{answer:10.1f}{prompt + answer:10.1f}{changed / got:10.2%}")


def simulated(sets: Mapping[str, Sequence[Row]], size: int, load: Callable[..., Any]) -> tuple[int, int, int, int]:
    """Calls, answer tokens, rows accepted and rows changed in five times as many answers."""
    calls = answered = got = changed = 0
    for turn in range(5):
        for place, (meant, labels) in enumerate(drawn(sets, size, escaped=False)):
            key = turn * ANSWERS + place
            fault = committed(meant, key)
            calls += 1
            if load in TEXTS.values():
                told = load(meant[0], fault, key)
                answered += tokens_of(as_text(meant[0], fault, key) or meant[0].text)
                got, changed = got + (told is not None), changed + (told is not None and told != meant[0].text)
                continue
            said = FAULTS.get(fault, whole)(meant, key)
            answered += tokens_of(said)
            found = accepted(said, labels, load)
            got, changed = got + len(found), changed + outcome(meant, found)[1]
    return calls, answered, got, changed


def committed(meant: Sequence[Row], key: int) -> str:
    """The fault of this answer, mostly none."""
    word = int(DRAWS.stream("fault").below(1000, np.array([key]))[0])
    for name, rate in RATES.items():
        if word < rate:
            return name
        word -= rate
    forgets = DRAWS.stream("escape").below(1000, np.array([key]))[0] < UNESCAPED * 1000
    return "quotes, breaks not escaped" if forgets and any(needs_escapes(row.text) for row in meant) else ""


def main() -> None:
    sets = {name: list(rows()) for name, rows in SETS.items()}
    print(f"{'tokens':12} {'rows':>6} {'text':>8} {'JSON':>8} {'times':>6} {'spans':>8} {'times':>6}", end=" ")
    print(f"{'found once':>10} {'escapes':>9}")
    for name, rows in sets.items():
        frame(name, rows)
    for size in (ROWS, 1):
        faults(sets, size)
    priced(sets)


if __name__ == "__main__":
    main()
