"""The catalogue of character edits: each perturbation with its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import attrs

from fairloom.components import Generator, Tools
from fairloom_edits.characters import LETTERS, Alphabet, Delete, Insert, Repeat, Substitute, Swap
from fairloom_edits.forms import Between, Blanks, Clusters, Everywhere, Marks, NormalForm, normal, without_marks
from fairloom_edits.mapped import Mapped, cased
from fairloom_edits.settings import Dosed
from fairloom_edits.sites import Amount
from fairloom_edits.step import Scope, dosed, perturbation
from fairloom_edits.tables import ACCENTS, HOMOGLYPHS, LEET, OCR, neighbours


def _one_case(_instance: object, _field: object, value: str) -> None:
    if len(value) < 2 or len(set(value)) < len(value) or value.lower() != value or len(value.upper()) != len(value):
        raise ValueError(f"must be two or more different small letters with one capital each, got {value!r}")


@attrs.frozen(kw_only=True)
class Letters(Dosed):
    """Settings of ``edits.insert`` and ``edits.substitute``."""

    letters: str = attrs.field(
        default=LETTERS, metadata={"help": "the alphabet, in small letters"}, validator=_one_case
    )


@attrs.frozen(kw_only=True)
class Typo(Dosed):
    """Settings of ``edits.typo``."""

    layout: Literal["qwerty", "qwertz", "azerty"] = attrs.field(
        default="qwerty", metadata={"help": "the keyboard: US, German or French"}
    )


@attrs.frozen(kw_only=True)
class Accents(Dosed):
    """Settings of ``edits.diacritics``."""

    mode: Literal["add", "strip"] = attrs.field(
        default="strip", metadata={"help": "put accents on letters, or take them off"}
    )


@attrs.frozen(kw_only=True)
class Unicode(Dosed):
    """Settings of ``edits.unicode``."""

    form: NormalForm = attrs.field(default="NFD", metadata={"help": "the normal form to write characters in"})


@attrs.frozen(kw_only=True)
class Case(Dosed):
    """Settings of ``edits.case``."""

    to: Literal["upper", "lower", "swap"] = attrs.field(
        default="swap", metadata={"help": "the case to write letters in"}
    )


@attrs.frozen(kw_only=True)
class White(Dosed):
    """Settings of ``edits.whitespace``."""

    mode: Literal["double", "drop", "exotic"] = attrs.field(
        default="double", metadata={"help": "two blanks, none, or another white space (tab, no-break, thin)"}
    )


@attrs.frozen(kw_only=True)
class Punctuation(Dosed):
    """Settings of ``edits.punctuation``."""

    mode: Literal["drop", "repeat", "change"] = attrs.field(
        default="drop", metadata={"help": "leave marks out, write them twice, or write another"}
    )


ONE, ALL = Amount(1), Amount(rate=1.0)
_WHITE = {"double": ("  ",), "drop": ("",), "exotic": ("\t", "\u00a0", "\u2009", "\u3000")}
_CASES: dict[str, Callable[[str], str]] = {"upper": str.upper, "lower": str.lower, "swap": str.swapcase}


def _made(name: str, summary: str, config: type, finder: Callable[[Any], Any], amount: Amount = ONE) -> Generator:
    """One perturbation of characters."""

    def build(config: Any, tools: Tools) -> Any:
        return dosed(name, config, tools, finder(config), amount)

    return Generator(name=name, summary=summary, config=config, build=build)


def _alphabet(config: Letters) -> Alphabet:
    return Alphabet(config.letters)


def _accents(config: Accents) -> Any:
    return Clusters(without_marks) if config.mode == "strip" else Mapped(cased(ACCENTS))


def _case(config: Case, tools: Tools) -> Any:
    """Letter by letter where a dose is given, otherwise run by run, which is several times faster."""
    change = _CASES[config.to]
    if config.count is None and config.rate in {None, 1.0}:
        return perturbation(config, tools, Everywhere("case", change, Scope.of(config, tools)), "INV")
    return dosed("case", config, tools, Clusters(change), ALL)


def characters() -> Iterator[Generator]:
    """The family of character edits."""
    yield _made("swap", "Two neighbouring letters of a word change places.", Dosed, lambda _: Swap())
    yield _made("delete", "A letter of a word is left out.", Dosed, lambda _: Delete())
    yield _made("insert", "A letter too many.", Letters, lambda config: Insert(_alphabet(config)))
    yield _made("substitute", "Another letter.", Letters, lambda config: Substitute(_alphabet(config)))
    yield _made("repeat", "A letter is written twice.", Dosed, lambda _: Repeat())
    yield _made(
        "typo",
        "The key beside the right one, by keyboard layout.",
        Typo,
        lambda config: Mapped(cased(neighbours(config.layout))),
    )
    yield _made("ocr", "What a scanner reads for what was printed.", Dosed, lambda _: Mapped(OCR))
    yield _made("homoglyph", "Letters of another script that look the same.", Dosed, lambda _: Mapped(HOMOGLYPHS))
    yield _made("leet", "Digits and signs for letters.", Dosed, lambda _: Mapped(LEET))
    yield _made("invisible", "Characters without width inside words.", Dosed, lambda _: Between())
    yield _made("diacritics", "Accents taken off letters, or put on them.", Accents, _accents, ALL)
    yield _made(
        "unicode",
        "The same characters in another normal form of Unicode.",
        Unicode,
        lambda config: Clusters(normal(config.form)),
        ALL,
    )
    yield Generator(name="case", summary="Letters in another case.", config=Case, build=_case)
    yield _made("whitespace", "Blanks doubled, dropped or exotic.", White, lambda config: Blanks(_WHITE[config.mode]))
    yield _made("punctuation", "Marks dropped, doubled or exchanged.", Punctuation, lambda config: Marks(config.mode))
