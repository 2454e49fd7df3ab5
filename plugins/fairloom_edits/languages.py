"""Lists of the catalogue in several languages, written for fairloom; the others are in English only."""

from __future__ import annotations

from collections.abc import Mapping

from fairloom_edits import lexicons
from fairloom_edits.lexicons import words_of

FILLERS: Mapping[str, tuple[str, ...]] = {
    "en": lexicons.FILLERS,
    "de": ("\u00e4h,", "\u00e4hm,", "also,", "naja,", "sozusagen,", "sagen wir,"),
    "fr": ("euh,", "ben,", "enfin,", "bon,", "tu vois,", "disons,"),
    "es": ("eh,", "pues,", "bueno,", "o sea,", "este,", "digamos,"),
}
"""What people say while they think."""

FUNCTION: Mapping[str, frozenset[str]] = {
    "en": lexicons.FUNCTION,
    "de": words_of(
        "der die das den dem des ein eine einen einem einer eines und oder aber in im an am auf aus bei mit nach von "
        "vom vor zu zum zur f\u00fcr um \u00fcber ist sind war waren wird werden hat haben hatte dass als auch nur "
        "noch schon so dann da hier"
    ),
    "fr": words_of(
        "le la les un une des du de au aux et ou mais en dans sur sous avec pour par chez est sont \u00e9tait "
        "\u00e9taient sera a ont avait que qui ce cette ces aussi alors donc ici l\u00e0 y ne"
    ),
    "es": words_of(
        "el la los las un una unos unas de del al y o pero en con por para sin sobre es son era eran ser\u00e1 ha han "
        "hab\u00eda que este esta estos estas ese esa as\u00ed entonces aqu\u00ed ah\u00ed se le lo"
    ),
}
"""Little words that a hasty writer leaves out."""

DISTRACTORS: Mapping[str, tuple[str, ...]] = {
    "en": lexicons.DISTRACTORS,
    "de": (
        "Eine Woche hat sieben Tage.",
        "Papier wird aus Holz gemacht.",
        "Die Uhr an der Wand hat zwei Zeiger.",
        "Irgendwo ging eine T\u00fcr zu.",
    ),
    "fr": (
        "Une semaine a sept jours.",
        "Le papier est fait de bois.",
        "L'horloge au mur a deux aiguilles.",
        "Quelque part, une porte s'est ferm\u00e9e.",
    ),
    "es": (
        "Una semana tiene siete d\u00edas.",
        "El papel se hace de madera.",
        "El reloj de la pared tiene dos agujas.",
        "En alg\u00fan lugar se cerr\u00f3 una puerta.",
    ),
}
"""Sentences that say nothing about anything."""
