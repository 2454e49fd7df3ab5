"""Which characters are taken for which: keyboards, readings of scans, look-alikes, accents, leet.

The keyboard layouts are the letter rows of the national layouts (US, German, French), neighbours being keys that touch.
The look-alikes are a small choice from Unicode's confusables (UTS 39). The scan errors are the classic ones of printed
Latin type; all tables were written for fairloom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_ROWS = {
    "qwerty": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "qwertz": ("qwertzuiopü", "asdfghjklöä", "yxcvbnm"),
    "azerty": ("azertyuiop", "qsdfghjklm", "wxcvbn"),
}
LAYOUTS = tuple(_ROWS)


def neighbours(layout: str) -> dict[str, tuple[str, ...]]:
    """The keys that touch each key: beside it, and the two above and below, rows being shifted by half a key."""
    rows = _ROWS[layout]
    return {key: tuple(_touching(rows, line, at)) for line, row in enumerate(rows) for at, key in enumerate(row)}


def _touching(rows: tuple[str, ...], line: int, at: int) -> Iterator[str]:
    places = ((line, at - 1), (line, at + 1), (line - 1, at), (line - 1, at + 1), (line + 1, at - 1), (line + 1, at))
    for other, place in places:
        if 0 <= other < len(rows) and 0 <= place < len(rows[other]):
            yield rows[other][place]


OCR: Mapping[str, tuple[str, ...]] = {
    "rn": ("m",), "m": ("rn",), "cl": ("d",), "d": ("cl",), "vv": ("w",), "w": ("vv",), "li": ("h",), "h": ("li", "b"),
    "nn": ("m",), "ii": ("n", "u"), "ri": ("n",), "0": ("O", "o"), "O": ("0", "Q"), "o": ("0", "c"), "1": ("l", "I"),
    "l": ("1", "I", "i"), "I": ("l", "1"), "5": ("S",), "S": ("5",), "8": ("B",), "B": ("8",), "2": ("Z",), "Z": ("2",),
    "6": ("b", "G"), "G": ("6", "C"), "9": ("g", "q"), "g": ("9", "q"), "q": ("9", "g"), "e": ("c",), "c": ("e",),
    "u": ("ii", "v"), "n": ("ri", "u"), "t": ("f",), "f": ("t",), "v": ("y",), "y": ("v",), "b": ("h", "6"),
    "D": ("O",), "E": ("F",), "F": ("E", "P"), "P": ("F",), "i": ("l", "j"), "j": ("i",), "a": ("o",), ".": (",",),
    ",": (".",),
}  # fmt: skip
"""What optical character recognition takes for what."""

HOMOGLYPHS: Mapping[str, tuple[str, ...]] = {
    "a": ("\u0430",), "c": ("\u0441",), "e": ("\u0435",), "i": ("\u0456",), "j": ("\u0458",), "o": ("\u043e", "\u03bf"),
    "p": ("\u0440",), "s": ("\u0455",), "x": ("\u0445",), "y": ("\u0443",), "d": ("\u0501",), "h": ("\u04bb",),
    "A": ("\u0410", "\u0391"), "B": ("\u0412", "\u0392"), "C": ("\u0421",), "E": ("\u0415", "\u0395"),
    "H": ("\u041d", "\u0397"), "I": ("\u0406", "\u0399"), "J": ("\u0408",), "K": ("\u041a", "\u039a"),
    "M": ("\u041c", "\u039c"), "N": ("\u039d",), "O": ("\u041e", "\u039f"), "P": ("\u0420", "\u03a1"), "S": ("\u0405",),
    "T": ("\u0422", "\u03a4"), "X": ("\u0425", "\u03a7"), "Y": ("\u03a5",), "Z": ("\u0396",),
}  # fmt: skip
"""Letters of other scripts that look the same in most typefaces."""

ACCENTS: Mapping[str, tuple[str, ...]] = {
    "a": ("á", "à", "â", "ä", "ã", "å"), "c": ("ç", "č"), "e": ("é", "è", "ê", "ë"), "i": ("í", "ì", "î", "ï"),
    "n": ("ñ", "ń"), "o": ("ó", "ò", "ô", "ö", "õ"), "s": ("š", "ś"), "u": ("ú", "ù", "û", "ü"), "y": ("ý", "ÿ"),
    "z": ("ž", "ż"),
}  # fmt: skip

LEET: Mapping[str, tuple[str, ...]] = {
    "a": ("4", "@"), "b": ("8",), "e": ("3",), "g": ("9",), "i": ("1", "!"), "l": ("1",), "o": ("0",), "s": ("5", "$"),
    "t": ("7",), "z": ("2",), "A": ("4",), "B": ("8",), "E": ("3",), "G": ("6",), "I": ("1",), "L": ("1",), "O": ("0",),
    "S": ("5",), "T": ("7",), "Z": ("2",),
}  # fmt: skip

INVISIBLE: tuple[str, ...] = ("\u200b", "\u200c", "\u2060", "\u00ad", "\ufeff")
"""Zero width space and non-joiner, word joiner, soft hyphen, zero width no-break space."""
