"""English pronouns by case, and what stands beside them: what is certain about "her" and "his", and which verb agrees.

Cases bear the names of singular *they*: ``they`` (subject), ``them`` (object), ``their`` (before a noun), ``theirs``
(alone), ``themself``. Only what the words next to a pronoun prove is decided, or a
parser where one is asked (``parsing``); anything else is ``UnsureError``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import attrs

from fairloom_edits.lexicons import words_of

CASES = ("they", "them", "their", "theirs", "themself")
SETS: Mapping[str, tuple[str, ...]] = {
    "she": ("she", "her", "her", "hers", "herself"),
    "he": ("he", "him", "his", "his", "himself"),
    "they": ("they", "them", "their", "theirs", "themself"),
    "xe": ("xe", "xem", "xyr", "xyrs", "xemself"),
    "ze": ("ze", "hir", "hir", "hirs", "hirself"),
    "ey": ("ey", "em", "eir", "eirs", "emself"),
}
"""Pronoun sets, one word per case."""


class UnsureError(Exception):
    """What cannot be decided; the message is the reason that a row is refused."""


@attrs.frozen
class Place:
    """A word of a text and the words next to it, in small letters; empty where a mark or an end comes between."""

    word: str
    before: str
    after: str
    closes: bool
    opens: bool
    inverts: bool
    proper: bool
    leads: bool
    settled: bool

    @classmethod
    def of(cls, text: str, start: int, end: int) -> Place:
        """The place ``text[start:end]``."""
        left, right = _LEFT.search(text, max(0, start - 40), start), _RIGHT.match(text, end)
        return cls(
            text[start:end].lower(),
            left[1].lower() if left else "",
            right[1].lower() if right else "",
            _CLOSES.match(text, end) is not None,
            _OPENS.search(text[:start]) is not None,
            _INVERTS.search(text[:start]) is not None,
            right is not None and not right[1].islower(),
            _LEADS.search(text[:start]) is not None,
            right is not None and _SETTLED.match(text, right.end()) is not None,
        )


_LEFT = re.compile(r"([\w'\u2019]+) $")
_RIGHT = re.compile(r" ([\w'\u2019-]+)")
_CLOSES = re.compile(r"\s*(?:[.!?;]|$)")
_OPENS = re.compile(r"(?:^|[.!?]\s+)[\"\u201c(]?$")

_INVERTS = re.compile(
    r"(?:(?:^|[.!?,;]\s+)[\"\u201c(]?|\b(?:what|where|when|why|how|who|which|nor|so)\s+)[\w'\u2019]+ $", re.IGNORECASE
)
"""A clause begins with one word before the pronoun, or with a question word and one."""

_LEADS = re.compile(
    r"(?:^|[.!?,;:]\s+|\b(?:and|but|or|so|that|when|if|while)\s+)[\"\u201c(]?"
    r"(?:(?:because|instead|ahead|out|thanks|according|due|next|prior|close|up|down) )?[\w'\u2019]+ $",
    re.IGNORECASE,
)
"""A clause begins with the word before the pronoun, or with "because of" and the like."""
_SETTLED = re.compile(r"\s*(?:[,.;:!?)]|$)|\s+(?:she|he|it|they|i|we|you|the|a|an|her|his|and)\b", re.IGNORECASE)
"""What follows a noun that belongs to the pronoun before it: "For her life" goes on with "was" where it does not."""

_PREPOSITIONS = words_of(
    "of to in on at with from by for about into over under after before against behind beside through"
)
NOUNS = words_of(
    "mother father sister brother daughter son wife husband aunt uncle niece nephew parents children "
    "family friend friends boyfriend girlfriend cousin grandmother grandfather teacher doctor boss team "
    "teammate career life death birth childhood youth age name surname nickname card book books novel "
    "album albums song songs film debut role character poem poetry brain hair eyes arm arms leg legs body "
    "heart mind wrist knee shoulder hands bag bags coat shoes dress bicycle apartment town city country "
    "village school university college degree doctorate diploma thesis education job business company "
    "office room house home door phone colleague colleagues clients party election constituency opponent "
    "rival enemy army memoir memoirs autobiography biography opinion belief beliefs religion faith idea "
    "ideas ability talent personality identity sexuality marriage wedding divorce own lover fiance "
    "fiancee secretary assistant lawyer agent manager coach predecessor successor"
)
"""What follows a possessive and is no verb."""

_NO_NOUN_AHEAD = words_of(
    "to at for from with into about in on the a an is was had that when because if but who while during until where"
)
"""What cannot stand between a possessive and its noun, unless it begins a title (her "On an Island")."""

_PLURAL = {
    "is": "are", "was": "were", "has": "have", "does": "do", "isn't": "aren't", "wasn't": "weren't",
    "hasn't": "haven't", "doesn't": "don't",
}  # fmt: skip
_SAME = words_of(
    "had did will would can could shall should may might must cannot hadn't didn't won't wouldn't can't "
    "couldn't shouldn't mustn't went said took made got came saw knew thought told gave found left felt "
    "kept began wrote ran sat stood lost paid met spent bought brought sold held led grew won spoke "
    "taught sent built fell drew broke read put set cut hit let became heard meant hurt"
)
_VERBS = words_of(
    "ask answer arrive be begin believe bring build buy call carry change come cook cry describe die "
    "drink drive eat enjoy explain fall feel find finish follow get give go grow hate have hear help hold "
    "hope keep know laugh learn leave like listen live look lose love make mean meet move need open order "
    "pay play prefer read remember reply return run say see seem sell send serve sing sit sleep smile "
    "speak stand start stay stop study suggest take talk teach tell think travel try understand use visit "
    "wait walk want watch win wonder work worry write"
)


def _third(verb: str) -> str:
    if re.search(r"[^aeiou]y$", verb):
        return f"{verb[:-1]}ies"
    return f"{verb}es" if re.search(r"(?:s|sh|ch|x|z|o)$", verb) else f"{verb}s"


def is_plural_of(verb: str) -> bool:
    """Whether another form of this verb goes with *they*: "is", "doesn't"."""
    return verb in _PLURAL


PRESENT = {_third(verb): verb for verb in _VERBS if verb not in {"be", "have"}}
"""Verbs after she and he, and after they."""


def case_of(place: Place, source: str, target: str, parsed: Callable[[], str | None] = lambda: None) -> str:
    """The word of the set ``target`` for a pronoun of ``source``.

    ``parsed`` is what a parser says its case is, asked only where the words beside it do not decide.

    Raises:
        UnsureError: The word stands for two cases which the target tells apart, and nothing decides.
    """
    cases = [case for case, word in zip(CASES, SETS[source], strict=True) if word == place.word]
    words = {SETS[target][CASES.index(case)] for case in cases}
    if len(words) == 1:
        return words.pop()
    case = _decided(place, cases) or parsed()
    if case not in cases:
        raise UnsureError(f"ambiguous: {place.word}")
    return SETS[target][CASES.index(case)]


def _decided(place: Place, cases: list[str]) -> str | None:
    """The case that the words beside a pronoun prove."""
    if "them" in cases:
        sure = place.before in _PREPOSITIONS and (place.settled or not place.leads)
        possessive = place.after == "own" or (place.after in NOUNS and (place.opens or sure))
        alone = "them"
    else:
        possessive = place.after in NOUNS
        alone = "theirs"
    if possessive:
        return "their"
    return alone if place.closes or (place.after in _NO_NOUN_AHEAD and not place.proper) else None


def agreeing(place: Place) -> tuple[str, str] | None:
    """The verb beside a subject pronoun and its form after singular *they*: ``None`` where it stays.

    Raises:
        UnsureError: The verb is not beside the pronoun, or is not known.
    """
    if place.before in _PLURAL:
        if not place.inverts:
            raise UnsureError(f"the verb may belong to another word: {place.before}")
        return place.before, _PLURAL[place.before]
    if place.after in _PLURAL:
        return place.after, _PLURAL[place.after]
    if place.after in PRESENT:
        return place.after, PRESENT[place.after]
    if place.after in _SAME or re.search(r"[^e]ed$", place.after) or (place.before in _SAME and place.inverts):
        return None
    raise UnsureError("verb not known")
