"""People: given and family names paired by a rule that makes neither say anything about the other.

With ``n`` given names and ``n`` family names of an origin, given name ``i`` gets family name
``(STRIDE * i + shift) mod n``. ``STRIDE`` has no factor in common with ``n``, so each shift uses every family
name once (a Latin square, one row per shift), and list order is no bond between the two. A shift that would pair
the names of somebody widely known (``known.tsv``) is passed over for the whole origin and gender, so that all
groups stay equally large.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Literal, get_args

import attrs
import pyarrow as pa

from fairloom.components import Tools
from fairloom_entities.lists import read_list
from fairloom_entities.pronouns import FORMS, forms_by_gender

Gender = Literal["female", "male", "neutral"]
Origin = Literal[
    "amharic",
    "arabic",
    "chinese",
    "english",
    "french",
    "german",
    "greek",
    "hindi",
    "igbo",
    "japanese",
    "korean",
    "polish",
    "spanish",
    "turkish",
    "vietnamese",
    "yoruba",
]
GENDERS: tuple[Gender, ...] = get_args(Gender)
ORIGINS: tuple[Origin, ...] = get_args(Origin)
TITLES = {"female": "Ms", "male": "Mr", "neutral": "Mx"}
FAMILY_FIRST = frozenset({"chinese", "japanese", "korean", "vietnamese"})
STRIDE = 7
MOST_PAIRINGS = 5


def _some(_config: object, _field: object, value: Any) -> None:
    """At least one, none twice."""
    if value is None:
        return
    twice = [each for each in dict.fromkeys(value) if value.count(each) > 1]
    if twice or not value:
        raise ValueError(f"holds {twice[0]!r} twice" if twice else "must not be empty")


def _possible(_config: object, _field: object, value: Any) -> None:
    if not 1 <= value <= MOST_PAIRINGS:
        raise ValueError(f"must be from 1 to {MOST_PAIRINGS}, got {value}")


@attrs.frozen(kw_only=True)
class PeopleConfig:
    """Who is in the list. All groups of ``genders`` and ``origins`` have the same size."""

    origins: tuple[Origin, ...] | None = attrs.field(
        default=None, metadata={"help": "where the names are at home; without it all origins"}, validator=_some
    )
    genders: tuple[Gender, ...] = attrs.field(
        default=GENDERS,
        metadata={"help": "the people's pronouns: female for she, male for he, neutral for they"},
        validator=_some,
    )
    order: Literal["western", "native"] = attrs.field(
        default="western", metadata={"help": "given name first, or the order of the origin"}
    )
    pairings: int = attrs.field(
        default=1, metadata={"help": "family names for each given name, 1 to 5"}, validator=_possible
    )


@attrs.frozen
class Given:
    """A given name and the list it comes from, ``female`` or ``male``."""

    name: str
    listed: str


@attrs.frozen
class Names:
    """The names of one origin: given names by the list they are in, family names with their feminine form."""

    given: Mapping[str, tuple[str, ...]]
    family: tuple[tuple[str, str], ...]
    known: frozenset[tuple[str, str]]

    def bearers(self, gender: str) -> list[Given]:
        """Given names of a gender. Neutral people bear names of both lists, alternately one of each."""
        if gender != "neutral":
            return [Given(name, gender) for name in self.given[gender]]
        pairs = zip(self.given["female"], self.given["male"], strict=True)
        return [Given(*((female, "female"), (male, "male"))[i % 2]) for i, (female, male) in enumerate(pairs)]

    def paired(self, gender: str, pairings: int) -> Iterator[tuple[Given, str]]:
        """Given and family names of ``pairings`` people per given name, one shift after the other."""
        bearers = self.bearers(gender)
        for shift in islice(self._shifts(gender, bearers), pairings):
            for place, given in enumerate(bearers):
                yield given, self._family(place, given, shift)

    def _family(self, place: int, given: Given, shift: int) -> str:
        masculine, feminine = self.family[(STRIDE * place + shift) % len(self.family)]
        return feminine if given.listed == "female" else masculine

    def _shifts(self, gender: str, bearers: list[Given]) -> Iterator[int]:
        """The shifts of a gender: no two genders share one, so that no two people share a full name."""
        for shift in range(GENDERS.index(gender), len(self.family), len(GENDERS)):
            pairs = {(given.name, self._family(place, given, shift)) for place, given in enumerate(bearers)}
            if not pairs & self.known:
                yield shift


@attrs.frozen
class People:
    """The value table ``entities.people``."""

    config: PeopleConfig
    names: Mapping[str, Names]

    def table(self) -> pa.Table:
        """One row per person: origin by origin, gender by gender, in the order of the pairing."""
        rows = [
            (origin, gender, given, family)
            for origin in self.config.origins or ORIGINS
            for gender in self.config.genders
            for given, family in self.names[origin].paired(gender, self.config.pairings)
        ]
        origins, genders, given, family = (list(column) for column in zip(*rows, strict=True))
        columns = {
            "name": [self._full(*row) for row in rows],
            "given": [each.name for each in given],
            "family": family,
            "gender": genders,
            "origin": origins,
            "listed": [each.listed for each in given],
            "title": [TITLES[gender] for gender in genders],
        }
        forms = forms_by_gender()
        return pa.table(columns | {form: [forms[gender][form] for gender in genders] for form in FORMS})

    def _full(self, origin: str, _gender: str, given: Given, family: str) -> str:
        first = self.config.order == "native" and origin in FAMILY_FIRST
        return f"{family} {given.name}" if first else f"{given.name} {family}"


def build_people(config: PeopleConfig, tools: Tools) -> People:  # noqa: ARG001 - the signature of every builder
    """The value table ``entities.people``."""
    return People(config, names_by_origin())


def names_by_origin() -> dict[str, Names]:
    """Every origin in alphabetical order."""
    given, family, known = (read_list(name).to_pylist() for name in ("given_names", "family_names", "known"))
    return {
        origin: Names(
            {
                listed: tuple(row["given"] for row in given if (row["origin"], row["gender"]) == (origin, listed))
                for listed in ("female", "male")
            },
            tuple((row["family"], row["feminine"]) for row in family if row["origin"] == origin),
            frozenset((row["given"], row["family"]) for row in known if row["origin"] == origin),
        )
        for origin in dict.fromkeys(row["origin"] for row in given)
    }
