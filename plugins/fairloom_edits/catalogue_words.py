"""The catalogue of word edits: each perturbation with its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import attrs

from fairloom.components import Generator, Tools
from fairloom.edits import LabelKind
from fairloom.problems import RecipeError
from fairloom.tables import read_table
from fairloom_edits import english, languages, lexicons, moves
from fairloom_edits.articles import Agreeing
from fairloom_edits.hedges import Hedged
from fairloom_edits.numbers import DateForm, NumberForm, date_form, number_form, other_number
from fairloom_edits.settings import Dosed, SpokenDosed, amount_of, known_language, language_of
from fairloom_edits.sites import Amount, Finds
from fairloom_edits.step import Dose, Scope, perturbation
from fairloom_edits.wordnet import synonyms_of
from fairloom_edits.words import Doubled, Dropped, Graded, Pauses, Vocabulary, listed, phrases

ONE, ALL = Amount(1), Amount(rate=1.0)


@attrs.frozen(kw_only=True)
class Contraction(SpokenDosed):
    """Settings of ``edits.contraction``."""

    mode: Literal["contract", "expand"] = attrs.field(default="contract", metadata={"help": "do not to don't, or back"})


@attrs.frozen(kw_only=True)
class Spelling(SpokenDosed):
    """Settings of ``edits.spelling``."""

    to: Literal["uk", "us"] = attrs.field(default="uk", metadata={"help": "the spelling to write"})


@attrs.frozen(kw_only=True)
class NumberForms(SpokenDosed):
    """Settings of ``edits.number_form``."""

    to: NumberForm = attrs.field(default="words", metadata={"help": "write numbers from 0 to 99 in words or digits"})


@attrs.frozen(kw_only=True)
class DateForms(SpokenDosed):
    """Settings of ``edits.date_form``."""

    to: DateForm = attrs.field(
        default="iso", metadata={"help": "2024-05-01 (iso), 1 May 2024 (day-first) or May 1, 2024 (month-first)"}
    )


@attrs.frozen(kw_only=True)
class Replacements(SpokenDosed):
    """Settings of the edits that replace words by a table."""

    from_: str | None = attrs.field(
        default=None, metadata={"help": "a table with the columns word and other, instead of the list that is built in"}
    )


@attrs.frozen(kw_only=True)
class Synonyms(Replacements):
    """Settings of ``edits.synonym``."""

    wordnet: str | None = attrs.field(
        default=None,
        metadata={
            "help": "a wordnet instead of the list: a file in WN-LMF (.xml, .xml.gz, .xml.xz), or a folder with the "
            "database files of Princeton's WordNet (data.noun and so on)"
        },
    )


@attrs.frozen(kw_only=True)
class Degree(SpokenDosed):
    """Settings of ``edits.degree``."""

    way: Literal["up", "down"] = attrs.field(default="up", metadata={"help": "very (up) or somewhat (down)"})


@attrs.frozen(kw_only=True)
class Removal(SpokenDosed):
    """Settings of ``edits.drop_word``."""

    words: Literal["function", "any"] = attrs.field(
        default="function", metadata={"help": "leave out little words only (the, of, is), or any word"}
    )


def _contraction(config: Contraction) -> Finds:
    if config.mode == "expand":
        return phrases(lexicons.backwards({**lexicons.NEGATED, **lexicons.SUBJECTS}), english.may_expand)
    # Nothing is contracted where the clause ends: "that's what it is".
    table = {**lexicons.NEGATED, **lexicons.SUBJECTS, **lexicons.ENDING}
    return phrases(table, english.may_contract, behind=r"(?=\s+\w)")


def _spelling(config: Spelling) -> Finds:
    table = lexicons.SPELLING if config.to == "uk" else lexicons.backwards(lexicons.SPELLING)
    return Vocabulary(listed(table))


def _replacing(table: lexicons.Table, fits: english.Fits = english.no_name) -> Callable[[Replacements, Tools], Finds]:
    def finder(config: Replacements, tools: Tools) -> Finds:
        return phrases(table, fits) if config.from_ is None else phrases(_own(config.from_, tools))

    return finder


def _synonyms(config: Synonyms, tools: Tools) -> Finds:
    """From WordNet, a table, or the list that is built in."""
    if config.wordnet is None:
        return _replacing(_SYNONYMS)(config, tools)
    if config.from_ is not None:
        raise RecipeError.of("from and wordnet exclude each other", "wordnet", suggestion="give one")
    return Vocabulary(listed(synonyms_of(config.wordnet, tools, config)))


def _own(path: str, tools: Tools) -> dict[str, tuple[str, ...]]:
    """The user's table."""
    table = read_table(tools.open_path(path))
    missing = [name for name in ("word", "other") if name not in table.column_names]
    if missing or not table.num_rows:
        raise RecipeError.of(f"{path!r} needs rows, and the columns word and other", "from")
    out: dict[str, tuple[str, ...]] = {}
    for row in table.select(["word", "other"]).to_pylist():
        word, other = str(row["word"]).strip().lower(), str(row["other"]).strip()
        out[word] = (*out.get(word, ()), other)
    return out


def _negation(_config: SpokenDosed) -> Finds:
    """A word as "is" becomes "is not", and that becomes "is"; "like" becomes "do not like", and that "like"."""
    table: dict[str, tuple[str, ...]] = {"can not": ("can",), **english.negations()}
    for word in lexicons.AUXILIARIES:
        negated = "cannot" if word == "can" else f"{word} not"
        table[word], table[negated] = (negated,), (word,)
        if negated in lexicons.NEGATED:
            table[lexicons.NEGATED[negated][0]] = (word,)
    return phrases(table, english.may_negate)


def _degree(config: Degree) -> Finds:
    return Graded(lexicons.UP if config.way == "up" else lexicons.DOWN, before=lexicons.GRADED - english.SEVERAL_SENSES)


def _removal(config: Removal, tools: Tools) -> Finds:
    if config.words == "any":
        return Dropped(None)
    return Dropped(languages.FUNCTION[known_language("drop_word", config, tools, languages.FUNCTION, _ANY_WORD)])


def _pauses(config: SpokenDosed, tools: Tools) -> Finds:
    return Pauses(languages.FILLERS[known_language("filler", config, tools, languages.FILLERS)])


_ANY_WORD = 'leave out any word with words = "any"'
_OWN_TABLE = "name a table of your own in from"
_SYNONYMS = {
    **{word: other for word, other in lexicons.SYNONYMS.items() if word not in english.SEVERAL_SENSES},
    **english.SAID_SO,
}
_ANTONYMS = {
    **{word: other for word, other in lexicons.ANTONYMS.items() if word not in english.SEVERAL_SENSES - {"new"}},
    **english.SET_PHRASES,
}
_QUANTIFIERS = {**lexicons.QUANTIFIERS, **english.COUNTED}


Finder = Callable[[Any, Tools], Finds]


def _in_english(name: str, finder: Callable[[Any], Finds]) -> Finder:
    """The finder of a list that there is in English only."""

    def checked(config: Any, tools: Tools) -> Finds:
        known_language(name, config, tools)
        return finder(config)

    return checked


def _by_table(name: str, finder: Callable[[Replacements, Tools], Finds]) -> Finder:
    """The same where a table of the recipe, or a wordnet, may stand in for the list."""

    def checked(config: Replacements, tools: Tools) -> Finds:
        if config.from_ is None and getattr(config, "wordnet", None) is None:
            known_language(name, config, tools, way=_OWN_TABLE)
        return finder(config, tools)

    return checked


def _made(  # noqa: PLR0913, PLR0917 - one line of the catalogue
    name: str, summary: str, config: type, finder: Finder, label: LabelKind = "INV", amount: Amount = ONE
) -> Generator:
    """One perturbation that is a dose of a finder's sites. English articles follow what is said behind them."""

    def build(config: Any, tools: Tools) -> Any:
        how: Any = Dose(name, finder(config, tools), amount_of(config, amount), Scope.of(config, tools))
        return perturbation(config, tools, Agreeing(how) if language_of(config, tools) == "en" else how, label)

    return Generator(name=name, summary=summary, config=config, build=build)


def _english(  # noqa: PLR0913, PLR0917 - one line of the catalogue
    name: str,
    summary: str,
    config: type,
    finder: Callable[[Any], Finds],
    label: LabelKind = "INV",
    amount: Amount = ONE,
) -> Generator:
    return _made(name, summary, config, _in_english(name, finder), label, amount)


def _table(
    name: str,
    summary: str,
    finder: Callable[[Any, Tools], Finds],
    label: LabelKind = "INV",
    config: type = Replacements,
) -> Generator:
    return _made(name, summary, config, _by_table(name, finder), label)


def _exchange(name: str, summary: str, pairs: moves.Pairing) -> Generator:
    def build(config: Dosed, tools: Tools) -> Any:
        how = moves.Exchange(name, pairs, amount_of(config, ONE), Scope.of(config, tools))
        return perturbation(config, tools, how, "INV")

    return Generator(name=name, summary=summary, config=Dosed, build=build)


def _hedge() -> Generator:
    def build(config: SpokenDosed, tools: Tools) -> Any:
        known_language("hedge", config, tools)
        scope = Scope.of(config, tools)
        return perturbation(config, tools, Hedged("hedge", amount_of(config, ONE), scope), "INV")

    summary = "A hedge before a statement or behind it; a question is wondered about."
    return Generator(name="hedge", summary=summary, config=SpokenDosed, build=build)


def words() -> Iterator[Generator]:
    """The family of word edits."""
    yield _english("contraction", "Contracted forms, or full ones.", Contraction, _contraction, amount=ALL)
    yield _english("spelling", "British or American spelling.", Spelling, _spelling, amount=ALL)
    yield _english(
        "number_form", "Numbers in words or digits.", NumberForms, lambda config: number_form(config.to), amount=ALL
    )
    yield _english("date_form", "Dates in another form.", DateForms, lambda config: date_form(config.to), amount=ALL)
    yield _made("number", "Another number with as many digits.", Dosed, lambda *_: other_number(), "CHK")
    yield _table("synonym", "A word that says the same.", _synonyms, config=Synonyms)
    yield _table("antonym", "A word that says the opposite.", _replacing(_ANTONYMS), "CHK")
    yield _english("negation", "A verb negated, or a negation taken back.", SpokenDosed, _negation, "CHK")
    yield _table(
        "quantifier", "All, some, no, many, few exchanged.", _replacing(_QUANTIFIERS, english.may_quantify), "CHK"
    )
    yield _english("degree", "A degree word before an adjective.", Degree, _degree)
    yield _made("filler", "What people say while they think.", SpokenDosed, _pauses)
    yield _made("drop_word", "A word is left out.", Removal, _removal)
    yield _made("double_word", "A word is said twice.", Dosed, lambda *_: Doubled())
    yield _exchange("swap_words", "Two neighbouring words change places.", moves.words)
    yield _exchange("swap_sentences", "Two neighbouring sentences change places.", moves.sentences)
    yield _hedge()
