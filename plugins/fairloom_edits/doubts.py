"""What forbids to change people: facts about one sex, words that are no person, two people who would be one."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping

from fairloom_edits.english import opens
from fairloom_edits.lexicons import words_of
from fairloom_edits.pronouns import PRESENT, SETS, UnsureError, is_plural_of
from fairloom_edits.terms import SAID_OF_ALL

FACTS = words_of(
    "pregnant pregnancy pregnancies breastfeed breastfeeds breastfed breastfeeding menstruate menstruates menstruated "
    "menstruating menstruation menstrual menopause menopausal uterus womb ovary ovaries ovarian cervical vagina "
    "vaginal hysterectomy miscarriage miscarriages miscarried abortion abortions childbirth caesarean impregnate "
    "impregnated midwife gynaecologist gynecologist obstetrician prostate testicle testicles testicular penis sperm "
    "semen vasectomy circumcised circumcision erection beard bearded maternity paternity lesbian lesbians transgender "
    "trans cisgender cis nun nuns monk monks pope priestess goddess queen queens king kings princess princesses "
    "prince princes empress emperor duchess duke baroness baron countess lord lords sultan tsar tsarina"
)
"""Words of facts about bodies and offices: a text with one is left alone."""
_FACTS = re.compile(
    r"\b(?:g[ia]v(?:e|es|en|ing) birth|in labou?r|(?:first|second|third|last|only|youngest|oldest|few) (?:[\w-]+ )?"
    r"(?:women|woman|men|man|females?|males?|girls?|boys?)|all-(?:female|male|women|men|girls?|boys?)|"
    r"(?:women|men|girls|boys|ladies)['\u2019]s)\b",
    re.IGNORECASE,
)
"""The same in several words: "gave birth", "the first woman to", "the women's team"."""
_AT_ONCE = re.compile(r"\(s\)he|\bs/he\b", re.IGNORECASE)

TITLES = words_of("mr mrs ms mx miss")
_BEFORE_NAMES = TITLES | words_of("aunt auntie uncle grandma grandpa granny sir madam mom mum dad sister brother")
_SET = re.compile(
    r"(?:mother (?:tongue|tongues|nature|earth|country|lode|ship)|father christmas|(?:boy|girl) (?:band|bands|group|"
    r"groups|scout|scouts)|best man|man (?:the|of the (?:match|hour|year))|sister (?:city|cities|company|companies|"
    r"ship|ships|project|projects)|brother in arms|widow'?s peak|lady luck)\b",
    re.IGNORECASE,
)
_JOINED = re.compile(r"-(?!in-law|to-be)\w")
_PARTS = words_of("ex step great grand half god foster")
_DETERMINED = re.compile(r"\b(?:the|an?|my|your|his|her|its|our|their|this|that|these|those)\s$", re.IGNORECASE)
_NAMED = re.compile(r"\.? [\"\u201c]?(?!I\b)([A-Z\u00c0-\u00de][^\W\d_]*)")

_LINKED = re.compile(
    r"(?:\b(?:and|or|but|then|yet|so)|[,;])\s+(?:(?:\w+ly|then|also|never|still|often|always|now|later)\s+)*"
    r"([^\W\d_A-Z]+(?:'t)?)\b"
)
_NO_VERBS = words_of("as this his hers its theirs ours yours others always perhaps besides sometimes us")


def check_facts(text: str, said: Iterable[str], facts: frozenset[str]) -> None:
    """Refuse a text with something that is so of one sex, or where both stand in one word.

    Raises:
        UnsureError: It has; the message says what.
    """
    fact = next((each for each in said if each in facts), None)
    found = _FACTS.search(text)
    if fact is not None or found is not None:
        raise UnsureError(f"a fact: {fact or str(found and found[0]).lower()}")
    both = _AT_ONCE.search(text)
    if both is not None:
        raise UnsureError(f"both at once: {both[0]}")


def is_person(text: str, start: int, end: int, stem: str, names: Container[str] = ()) -> bool:
    """Whether a term stands for a person here, and for no verb and no part of a phrase: "I miss her", "man-made".

    ``names`` are those that change as well.

    Raises:
        UnsureError: It may be part of a name, stands before a name that would stay, or is a title without one.
    """
    word = text[start:end]
    if _SET.match(text, start) or _JOINED.match(text, end):
        return False
    if text[:start].endswith("-") and text[: start - 1].rpartition(" ")[2].lower() not in _PARTS:
        return False
    name = _NAMED.match(text, end)
    named = name is not None
    if stem == "miss":
        return _is_title(text, start, word, named=named)
    if len(word) > 1 and word.isupper():
        return True
    if word[:1].isupper() and _in_name(text, start, stem, named=named):
        raise UnsureError(f"part of a name: {word}")
    if name is not None and stem not in TITLES and name[1] not in names:
        raise UnsureError(f"a name that would stay: {name[1]}")
    return True


def _in_name(text: str, start: int, stem: str, *, named: bool) -> bool:
    """Whether a term with a capital, before a name or not, belongs to a name: "Lady Gaga", "said Mother"."""
    if named:
        return stem not in _BEFORE_NAMES
    return stem not in TITLES and not opens(text, start) and _DETERMINED.search(text, 0, start) is None


def _is_title(text: str, start: int, word: str, *, named: bool) -> bool:
    if word[:1].isupper() and named:
        return True
    if text[:start].rstrip().endswith(",") or (word[:1].isupper() and not opens(text, start)):
        raise UnsureError("a title without a name: miss")
    return False


def check_second_verb(text: str) -> None:
    """Refuse a text where a verb further on may have the pronoun for its subject: "she sings and dances".

    Raises:
        UnsureError: There is a word that looks like one.
    """
    plain = (text.lower() if text.isupper() else text).replace("\u2019", "'")
    for match in _LINKED.finditer(plain):
        word = match[1]
        ends = word.endswith("s") and not word.endswith(("ss", "us", "is", "'s")) and word not in _NO_VERBS
        if word in PRESENT or is_plural_of(word) or ends:
            raise UnsureError("a second verb")


def check_apart(said: Iterable[str], target: str, changed: Mapping[str, str]) -> None:
    """Refuse a text where two people would be one afterwards.

    ``said`` are the words of the text, ``target`` the pronoun set that all go to (or ``swap``), ``changed`` the terms
    and names that change, with what they become, in small letters.

    Raises:
        UnsureError: The pronouns of two people, or two terms or names, would be the same.
    """
    words = set(said)
    if target != "swap":
        sets = [name for name, forms in SETS.items() if words & set(forms)]
        if len({*sets, target}) > 2 or (target in sets and len(sets) > 1):
            raise UnsureError("two people would become one")
    named = {old: new for old, new in changed.items() if old not in TITLES}
    if len(set(named.values())) < len(named) or words & set(named.values()) & SAID_OF_ALL:
        raise UnsureError("two people would become one")
