"""Synonyms from a wordnet: a file in WN-LMF of any language, or the database files of Princeton's WordNet.

WN-LMF (https://globalwordnet.github.io/schemas/) is what Open English WordNet and the wordnets of the Open Multilingual
Wordnet are published in; the package ``wn`` reads it. ``data.noun`` and three more are read as WordNet's own manual
(wndb) describes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs

from fairloom.components import Tools
from fairloom.problems import RecipeError
from fairloom_edits.english import AUXILIARY, QUESTIONS, RELATIVES, STARTERS
from fairloom_edits.lexicons import FUNCTION, words_of
from fairloom_edits.settings import language_of

PARTS = ("noun", "verb", "adj", "adv")
PIP = 'pip install "fairloom[wordnet]"'
_KEY = "wordnet"
_LMF = (".xml", ".xml.gz", ".xml.xz")
_MARKER = re.compile(r"\([a-z]+\)$")
Synset = tuple[str, ...]
Synonyms = dict[str, tuple[str, ...]]


@attrs.frozen(eq=False)
class Wordnet:
    """The words of each sense, and which words are forms of others ("days" of "day")."""

    synsets: Iterable[Synset]
    is_form: Callable[[str, Container[str]], bool]
    little: frozenset[str] = frozenset()

    def synonyms(self) -> Synonyms:
        """Of each single word that has one sense only, in all parts of speech, the other words of that sense.

        A word of several senses is left out: which one a text means is not known here. So are little words, and what
        may be a form of another word, for the others do not come in that form.
        """
        senses: dict[str, list[Synset]] = {}
        for words in self.synsets:
            for word in words:
                senses.setdefault(word, []).append(words)
        return {
            word: others
            for word, each in senses.items()
            if len(each) == 1 and self._stands_alone(word, senses) and (others := _others(word, each[0]))
        }

    def _stands_alone(self, word: str, known: Container[str]) -> bool:
        plain = len(word) > 2 and word.isalpha() and word.islower()
        return plain and word not in self.little and not self.is_form(word, known)


def synonyms_of(path: str, tools: Tools, config: object) -> Synonyms:
    """The synonyms of the wordnet at ``path``.

    Raises:
        RecipeError: ``wn`` is not installed, the file is none in WN-LMF or of another language, or the folder holds no
            database files.
    """
    language = language_of(config, tools)
    made = _of_file(path, language, tools) if path.lower().endswith(_LMF) else _of_folder(path, language, tools)
    return made.synonyms()


def _others(word: str, words: Synset) -> tuple[str, ...]:
    """Without what is written with capitals or marks, and other spellings of the word."""
    plain = (other.replace("_", " ") for other in words if other == other.lower() and other != word)
    return tuple(other for other in plain if other.replace(" ", "").isalpha() and other.replace(" ", "") != word)


# WN-LMF ---------------------------------------------------------------------------------------------


def _of_file(path: str, language: str, tools: Tools) -> Wordnet:
    if find_spec("wn") is None:
        raise RecipeError.of(f"{path!r} is read by wn, which is not installed", _KEY, suggestion=PIP)
    from wn import Error, lmf  # noqa: PLC0415 - an extra
    from wn.project import iterpackages  # noqa: PLC0415 - an extra

    tools.version_of("wn")
    file = tools.open_path(path)
    try:
        packages = iterpackages(file)
        loaded: list[Any] = [lmf.load(package.resource_file(), progress_handler=None) for package in packages]
    except (Error, OSError, EOFError, KeyError, AssertionError) as error:
        said = str(error) or "something is missing"
        raise RecipeError.of(f"{path!r} is no wordnet in WN-LMF ({said})", _KEY) from None
    lexicons = [lexicon for resource in loaded for lexicon in resource["lexicons"]]
    spoken = [each for each in lexicons if each.get("language", "").partition("-")[0] == language]
    if not spoken:
        has = ", ".join(sorted({each.get("language", "no language") for each in lexicons}))
        said = f"{path!r} has words of {has}, and these texts are of {language!r}"
        raise RecipeError.of(said, _KEY, suggestion="name a wordnet of their language, or say their language")
    entries = [entry for lexicon in spoken for entry in lexicon.get("entries", ()) if not entry.get("external")]
    forms = {form["writtenForm"] for entry in entries for form in entry.get("forms", ())}
    is_form = _is_english_form if language == "en" else _never
    little = _LITTLE if language == "en" else frozenset()
    return Wordnet(_senses(entries), lambda word, known: word in forms or is_form(word, known), little)


def _senses(entries: Iterable[Any]) -> list[Synset]:
    """The words of each sense, in the order of the file."""
    words: dict[str, list[str]] = {}
    for entry in entries:
        for sense in entry.get("senses", ()):
            words.setdefault(sense["synset"], []).append(entry["lemma"]["writtenForm"])
    return [tuple(dict.fromkeys(each)) for each in words.values()]


def _never(_word: str, _known: Container[str]) -> bool:
    return False


# Princeton's files ----------------------------------------------------------------------------------


def _of_folder(folder: str, language: str, tools: Tools) -> Wordnet:
    if language != "en":
        way = f"name a file in WN-LMF ({', '.join(_LMF)}) of that language"
        raise RecipeError.of(f"WordNet's files have words of en and not {language!r}", _KEY, suggestion=way)
    try:
        synsets = [words for part in PARTS for words in _synsets(tools.open_path(f"{folder}/data.{part}"))]
    except (ValueError, IndexError) as error:
        raise RecipeError.of(f"{folder!r} holds no database files of WordNet ({error})", _KEY) from None
    return Wordnet(synsets, _is_english_form, _LITTLE)


def _synsets(path: Path) -> Iterator[Synset]:
    """The words of each sense; the licence at the beginning has blanks before its lines."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("  "):
                continue
            fields = line.split(" ", 4)
            count = int(fields[3], 16)
            words = fields[4].split(" ", 2 * count)[: 2 * count : 2]
            yield tuple(_MARKER.sub("", word) for word in words)


# English --------------------------------------------------------------------------------------------

_LITTLE = STARTERS.union(
    *(QUESTIONS, AUXILIARY, RELATIVES, FUNCTION),
    words_of(
        "but soon whatever whenever whoever another other others off out too also very quite rather else yet already "
        "never ever always often men women children people feet teeth us me him them mine yours hers ours theirs not "
        "nor either neither"
    ),
)


def _is_english_form(word: str, known: Container[str]) -> bool:
    """Whether it looks like a form of a word that is known."""
    stems = [word.removesuffix(end) for end in ("s", "es", "ed", "d", "ing", "er", "est") if word.endswith(end)]
    stems += [f"{word[:-3]}{end}" for end in ("e", "y") if word.endswith(("ing", "ies", "ied"))]
    stems += [stem[:-1] for stem in stems if stem[-1:] == stem[-2:-1]]
    return any(stem in known for stem in stems)
