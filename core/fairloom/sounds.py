"""How an English word begins when it is said: with a vowel sound, with a consonant sound, or either.

Spelling is a good guide with few exceptions, so the exceptions are listed. Where speakers differ
("historic", "herb") or the reading is unknown ("SQL"), the answer is ``None``: no judgement. A false
alarm costs more trust than a missed one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

VOWEL_NAMES = frozenset("aefhilmnorsx")
"""Letters whose own name begins with a vowel sound: an F, an M, an X; but a U."""

_VOWELS = frozenset("aeiou")
_OPENING = "\"'\u201c\u2018\u00ab([{<*_$\u20ac\u00a3\u00a5#~+-"
_CLOSING = "\"'\u201d\u2019\u00bb)]}>*_.,;:!?\u2026%"
_APOSTROPHE = "\u2019"

_NEVER_AFTER_AN_ARTICLE = frozenset(
    ["a", "an", "and", "are", "as", "at", "i", "if", "in", "is", "it", "its", "of", "on", "or", "to", "was", "were"]
)
"""Before these words, "a" is a letter or a name ("vitamin a is ...", "a and b"), not an article."""

_EITHER = re.compile(
    r"herb(?:s|al|alist)?$|histor(?:ic|y|ian|ical)|hotel|heredit|habit|halluc|homage|hilari|heroi|hypothe|hyster|"
    r"uighur|uygh?ur|ouija|us$"
)
_SILENT_H = re.compile(r"heir|hour|honest|honou?r|hors$")
_SPOKEN_YOU = re.compile(
    r"""uni(?!d(?!i|r)|ll|m|n|ro|rr|ss)     # a union, a unicorn; but an uninvited, an unimportant, an unidentified
      | unanim                              # a unanimous
      | u[krst](?=[aeiou])                  # a ukulele, a urologist, a user, a utility; but an usher, an urn
      | ubiq | ufo | ugan | ulys | usb | uvula | uzi
      | eu | ewe | ewer | y(?![b-df-hj-np-tv-xz])
    """,
    re.VERBOSE,
)
_SPOKEN_WON = re.compile(r"one(?!r|i)|once")
_CLIPPED = frozenset(["mr", "mrs", "ms", "dr", "st", "sr", "jr", "mt", "ft", "lb", "hmm", "shh", "psst", "nth"])
"""Short forms without a vowel letter that are read as words, or not read as letters."""

_READ_AS_WORDS = re.compile(
    "FEMA|FIFA|HIPAA|HUD|LAN|LASER|LEGO|MAC|MIDI|MOMA|NAFTA|NASA|NASCAR|NATO|NIMBY|RADAR|RAM|REM|ROM|SAAS|SARS|SCUBA|"
    "SEAL|SIM|SOHO|SONAR|SWAT"
)
_READ_AS_LETTERS = re.compile(
    "AI|API|ECG|EEG|EKG|ER|EU|FAA|FAO|FBI|FDA|HIV|HOA|ID|IOU|IPA|IQ|IRA|ISA|IT|LA|LED|MBA|MEP|MIA|MIT|MP|MRI|NBA|NGO|"
    "NIH|NRA|NSA|RAF|RNA|ROI|RSI|SEC|SEO|SOS|SUV|UFO|UI|UK|UN|US|USA|UX"
)


@lru_cache(maxsize=65_536)
def begins_with_vowel_sound(word: str) -> bool | None:
    """Whether ``word`` (as it stands after the article, punctuation and all) begins with a vowel sound.

    ``None`` where both articles are heard, or where the word cannot follow an article.
    """
    bare = word.replace(_APOSTROPHE, "'").lstrip(_OPENING).rstrip(_CLOSING).removesuffix("'s")
    if not bare or bare in _NEVER_AFTER_AN_ARTICLE:
        return None
    if bare[0].isdigit():
        return _number(bare)
    plain = unicodedata.normalize("NFD", re.split("[-/]", bare, maxsplit=1)[0] or bare)
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    return _letters(plain) if _is_initialism(plain) else _word(plain.lower())


def _number(text: str) -> bool | None:
    """Eight, eleven, eighteen and what starts with them; 1100 is "eleven hundred" or "one thousand"."""
    digits = re.match(r"\d+", text.replace(",", ""))
    figure = digits.group() if digits else ""
    if figure.startswith("8"):
        return True
    if figure.startswith(("11", "18")):
        if len(figure) == 4:
            return None
        return len(figure) % 3 == 2
    return False


def _is_initialism(word: str) -> bool:
    """Whether the word may be read letter by letter: one letter, capitals, ``B2B``, or no vowel at all."""
    if not word.isascii() or not word[0].isalpha():
        return False
    if len(word) == 1:
        return True
    if word.lower() in _CLIPPED:
        return False
    capitals = r"[A-Z][A-Z.&\d]{1,5}s?"
    without_vowels = r"[b-df-hj-np-tv-xz]{2,5}\d*"
    letter_and_digits = r"[A-Za-z]\d\w*"
    return re.fullmatch(f"{capitals}|{without_vowels}|{letter_and_digits}", word) is not None


def _letters(word: str) -> bool | None:
    """The sound of an initialism: by the name of its first letter, unless it may be said as a word."""
    capitals = word.rstrip("s").replace(".", "").upper() if word[:-1].isupper() else word.upper()
    by_name = word[0].lower() in VOWEL_NAMES
    if capitals in ("SQL", "AAA"):  # "sequel", "triple-A"
        return None
    if _READ_AS_WORDS.fullmatch(capitals):
        return capitals[0] in "AEIO"
    if _READ_AS_LETTERS.fullmatch(capitals) or not _VOWELS & set(word[1:].lower()):
        return by_name
    by_word = _word(word.lower())
    return by_name if by_name == by_word else None


def _word(word: str) -> bool | None:
    """The sound of an ordinary word in lower case."""
    if _EITHER.match(word):
        return None
    if _SILENT_H.match(word):
        return True
    if _SPOKEN_YOU.match(word) or _SPOKEN_WON.match(word):
        return False
    if word[0] == "y":
        return True  # y before a consonant: an ytterbium lamp, an Yves
    if not ("a" <= word[0] <= "z"):
        return None
    return word[0] in _VOWELS
