"""Named sets of patterns: personal data, refusals of a language model.

The patterns are RE2 and find candidates in a whole column at once. Where a form alone says too little
(card numbers, IBANs), ``real`` looks at each candidate row.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from fairloom import traces


@attrs.frozen
class Form:
    """One form of a set: its name in reasons, its RE2 pattern, and a closer look at a row that matches."""

    name: str
    pattern: str
    real: Callable[[str], bool] | None = None


_CARD = r"\b[2-6][0-9]*(?:[ -]?[0-9]){12,}\b"
_IBAN = r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"
_DIGITS = re.compile(r"[0-9]+(?:[ -][0-9]+)*")
_IBAN_LIKE = re.compile(r"(?=(\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){8,30}))", re.ASCII)


def holds_card_number(text: str) -> bool:
    """Whether groups of digits in a row make 13 to 19 digits that pass Luhn's check (ISO/IEC 7812-1)."""
    return any(_card_in(re.split("[ -]", run.group())) for run in _DIGITS.finditer(text))


def _card_in(groups: list[str]) -> bool:
    for first in range(len(groups)):
        number = ""
        for group in groups[first:]:
            number += group
            if len(number) > 19:
                break
            if len(number) >= 13 and number[0] in "23456" and luhn(number):
                return True
    return False


def luhn(digits: str) -> bool:
    """Whether the check digit is right: every second digit from the right doubled, digit sums, modulo 10."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    plain = sum(map(int, digits[::-2]))
    return (plain + sum(value - 9 if value > 9 else value for value in doubled)) % 10 == 0


def holds_iban(text: str) -> bool:
    """Whether some 15 to 34 characters of the form of an IBAN have the right check digits (ISO 13616)."""
    return any(_iban_in(found.group(1).replace(" ", "")) for found in _IBAN_LIKE.finditer(text))


def _iban_in(letters: str) -> bool:
    return any(_mod_97(letters[:size]) for size in range(15, min(34, len(letters)) + 1))


def _mod_97(iban: str) -> bool:
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


EMAIL = Form("e-mail address", traces.EMAIL)
PHONE = Form(
    "phone number",
    r"\+[0-9]{1,3}(?:[ .()/-]{0,2}[0-9]){7,12}\b"  # international (E.164)
    r"|(?:\([0-9]{3}\) ?|\b[0-9]{3}[ .-])[0-9]{3}[.-][0-9]{4}\b"  # North America
    r"|\b0[1-9](?:[ .][0-9]{2}){4}\b"  # in pairs
    r"|\b0[1-9][0-9]{1,3}[ /-][0-9]{3,4}[ -]?[0-9]{3,4}\b",  # with a trunk zero
)
IBAN = Form("IBAN", _IBAN, holds_iban)
CARD = Form("card number", _CARD, holds_card_number)
REFUSAL = Form(
    "refusal",
    r"(?i)\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi(?:['\x{2019}]m| am) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi(?:['\x{2019}]m| am) sorry,? but i (?:can['\x{2019}]?t|cannot|can not|am (?:unable|not able) to)\b"
    r"|\bi (?:can['\x{2019}]?t|cannot|am (?:unable|not able) to) (?:assist|help)(?: you)? with (?:that|this)\b"
    r"|\bi (?:can['\x{2019}]?t|cannot|am (?:unable|not able) to) (?:fulfill?|comply with) (?:that|this|your) request\b",
)

# The parts carry a dot so that no everyday word is taken for a set.
SETS: dict[str, tuple[Form, ...]] = {
    "pii": (EMAIL, PHONE, IBAN, CARD),
    "pii.email": (EMAIL,),
    "pii.phone": (PHONE,),
    "pii.iban": (IBAN,),
    "pii.card": (CARD,),
    "refusal": (REFUSAL,),
}
