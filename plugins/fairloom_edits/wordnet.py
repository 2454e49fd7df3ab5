"""Synonyms from WordNet's own database files: ``data.noun`` and three more, as its manual (wndb) describes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from pathlib import Path

from fairloom_edits.english import AUXILIARY, QUESTIONS, RELATIVES, STARTERS
from fairloom_edits.lexicons import FUNCTION, words_of

PARTS = ("noun", "verb", "adj", "adv")
_MARKER = re.compile(r"\([a-z]+\)$")
_PLAIN = re.compile(r"[a-z]{3,}")
Synset = tuple[str, ...]


def synonyms(open_path: Callable[[str], Path], folder: str) -> dict[str, tuple[str, ...]]:
    """Of each single word that has one sense only, in all parts of speech, the other words of that sense.

    A word of several senses is left out: which one a text means is not known here. So are little words, and what may be
    a form of another word ("days" of "day"), for the others do not come in that form.
    """
    senses: dict[str, list[Synset]] = {}
    for part in PARTS:
        for words in _synsets(open_path(f"{folder}/data.{part}")):
            for word in words:
                senses.setdefault(word, []).append(words)
    return {
        word: others
        for word, each in senses.items()
        if len(each) == 1 and _stands_alone(word, senses) and (others := _others(word, each[0]))
    }


def _stands_alone(word: str, known: Container[str]) -> bool:
    if not _PLAIN.fullmatch(word) or word in _LITTLE:
        return False
    stems = [word.removesuffix(end) for end in ("s", "es", "ed", "d", "ing", "er", "est") if word.endswith(end)]
    stems += [f"{word[:-3]}{end}" for end in ("e", "y") if word.endswith(("ing", "ies", "ied"))]
    stems += [stem[:-1] for stem in stems if stem[-1:] == stem[-2:-1]]
    return not any(stem in known for stem in stems)


_LITTLE = STARTERS.union(
    *(QUESTIONS, AUXILIARY, RELATIVES, FUNCTION),
    words_of(
        "but soon whatever whenever whoever another other others off out too also very quite rather else yet already "
        "never ever always often men women children people feet teeth us me him them mine yours hers ours theirs not "
        "nor either neither"
    ),
)


def _others(word: str, words: Synset) -> tuple[str, ...]:
    """Without what is written with capitals or marks, and other spellings of the word."""
    plain = (other.replace("_", " ") for other in words if other == other.lower() and other != word)
    return tuple(other for other in plain if other.replace(" ", "").isalpha() and other.replace(" ", "") != word)


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
