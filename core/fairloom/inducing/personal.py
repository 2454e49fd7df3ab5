"""What looks personal: forms that belong to one person, and rare values of slots that name people."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Ints
from fairloom.traces import EMAIL

FORMS: dict[str, str] = {
    "an e-mail address": EMAIL,
    "a long number": r"\d(?:[ ./()-]{0,2}\d){6,}",
    "an account number": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,}",
    "a web address": r"(?i)\bhttps?://\S+",
    "a user name": r"(?:^|\s)@\w{3,}",
}
"""RE2 patterns of things that mostly belong to one person. Rough on purpose: what is refused can be asked for."""

WORDS = frozenset(
    [
        "person",
        "people",
        "patient",
        "customer",
        "client",
        "contact",
        "employee",
        "user",
        "owner",
        "recipient",
        "sender",
        "caller",
        "account",
        "address",
        "street",
        "email",
        "phone",
        "telephone",
        "fax",
        "ssn",
        "iban",
        "passport",
        "licence",
        "license",
        "birthday",
        "birthdate",
        "dob",
        "surname",
        "firstname",
        "lastname",
        "fullname",
        "username",
    ]
)
NAMES = frozenset({"name", "names", "first_name", "last_name", "full_name", "given_name", "family_name", "user_name"})


def names_people(slot: str) -> bool:
    """Whether the name of a slot says that its values are somebody's own."""
    plainly = slot.lower()
    return plainly in NAMES or bool(WORDS & set(re.split(r"[^a-z]+", plainly)))


def forms_in(texts: pa.Array) -> pa.Array:
    """Which form each text holds, null for none: the first of ``FORMS``."""
    found: pa.Array = pa.nulls(len(texts), pa.string())
    for name, pattern in FORMS.items():
        hit = pc.match_substring_regex(texts, pattern)
        found = pc.coalesce(found, pc.if_else(hit, pa.scalar(name), pa.scalar(None, pa.string())))
    return found


def refused(values: pa.Array, counts: Ints, *, rare: int, people: bool) -> npt.NDArray[np.bool_]:
    """Values of one slot that occur fewer than ``rare`` times and look personal.

    ``people`` says that the slot names people, so that every rare value does.
    """
    seldom = counts < rare
    if people:
        return seldom
    form: npt.NDArray[np.bool_] = pc.is_valid(forms_in(values)).to_numpy(zero_copy_only=False)
    return seldom & form


def personal_slots(slots: Iterable[str], declared: Iterable[str]) -> frozenset[str]:
    """The slots whose rare values are refused: those that were declared, and those that say so by their name."""
    said = frozenset(declared)
    return frozenset(slot for slot in slots if slot in said or names_people(slot))
