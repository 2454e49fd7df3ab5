"""What words do to each other in some languages, as data: ``[word, next word, result]``.

The next word is written out, or as a beginning with ``*`` (``[aeiou]*``: any word that begins so).
``{left}`` and ``{right}`` in the result stand for the two words as they were. A result without
``{right}`` takes the place of both. Recipes write lists of their own in the same form.
"""

from __future__ import annotations

Join = tuple[str, str, str]
"""A word, the word after it (or how it begins), and what is written instead."""

_FRENCH = "[aeiouhàâæéèêëîïôœùûü]*"
_FRENCH_I = "il|ils"
_ITALIAN = "[aeiouàèéìòù]*"

_H_ASPIRE = """
    hache haches haie haies haine haines hall halls halte hamac hamacs hameau hameaux hamster hamsters hanche
    hanches handicap handicapé handicapée handicapés hangar hangars harcèlement hareng harengs haricot haricots
    harnais harpe harpes hasard hasards hausse hausses haut haute hauts hautes hauteur hauteurs havre hérisson
    hérissons hernie héron hérons héros hêtre hêtres hibou hiboux hiérarchie hockey hollandais hollandaise
    homard homards honte hontes hongrois hongroise hors housse housses huit huitième hurlement hurlements
    hussard hutte huttes onze onzième oui ouistiti yacht yaourt yaourts
"""
H_ASPIRE = frozenset(_H_ASPIRE.split())
"""French words before which nothing is elided: those with an aspirated h, and a few that begin like one."""

_SHORT = ("le", "la", "de", "ne", "je", "me", "te", "se", "ce", "que", "jusque", "lorsque", "puisque", "quoique")
_ITALIAN_SHORT = {"di": "de", "a": "a", "da": "da", "in": "ne", "su": "su"}

_PLURALS = {"was": "were", "is": "are", "has": "have", "does": "do"}
_PLURALS |= {"wasn't": "weren't", "isn't": "aren't", "hasn't": "haven't", "doesn't": "don't"}
_ASKED = ("was", "is", "does")


def plural_verbs(subject: str) -> tuple[Join, ...]:
    """What a subject that takes the plural does to the verb beside it."""
    return (
        *((subject, old, f"{{left}} {new}") for old, new in _PLURALS.items()),
        *((old, subject, f"{_PLURALS[old]} {{right}}") for old in _ASKED),
    )


JOINS: dict[str, tuple[Join, ...]] = {
    "verbs": plural_verbs("they"),
    "elision.fr": (
        *((word, _FRENCH, f"{word[:-1]}'{{right}}") for word in _SHORT),
        *(("si", word, "s'{right}") for word in _FRENCH_I.split("|")),
    ),
    "contraction.fr": (("de", "le", "du"), ("de", "les", "des"), ("à", "le", "au"), ("à", "les", "aux")),
    "elision.it": (("lo", _ITALIAN, "l'{right}"), ("la", _ITALIAN, "l'{right}"), ("una", _ITALIAN, "un'{right}")),
    "contraction.it": tuple(
        (short, article, f"{stem}{ending}")
        for short, stem in _ITALIAN_SHORT.items()
        for article, ending in {"il": "l", "lo": "llo", "la": "lla", "i": "i", "gli": "gli", "le": "lle"}.items()
    ),
    "contraction.es": (("a", "el", "al"), ("de", "el", "del")),
    "contraction.pt": tuple(
        (short, article, f"{stem}{article}")
        for short, stem in {"de": "d", "em": "n", "por": "pel"}.items()
        for article in ("o", "a", "os", "as")
    ),
    "contraction.de": (
        *(
            (short, "dem", done)
            for short, done in {"in": "im", "an": "am", "zu": "zum", "von": "vom", "bei": "beim"}.items()
        ),
        ("zu", "der", "zur"),
    ),
    "contraction.en": (
        ("i", "am", "{left}'m"),
        *((who, "are", "{left}'re") for who in ("you", "we", "they")),
        *(
            (verb, "not", "{left}n't")
            for verb in ("is", "are", "was", "were", "do", "does", "did", "has", "have", "had")
        ),
        *((verb, "not", "{left}n't") for verb in ("could", "would", "should")),
    ),
}
"""The ready-made lists, by the name a recipe gives them under ``surface``."""

EXCEPT: dict[str, frozenset[str]] = {"elision.fr": H_ASPIRE}
"""Words before which a list does nothing."""
