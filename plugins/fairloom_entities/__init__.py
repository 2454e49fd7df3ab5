"""Entity lists with groups of equal size: people, pronouns, occupations, places, products, organisations.

The lists are files in the folder ``lists``, written for fairloom; ``lists/sources.toml`` says of each where it
comes from, its licence, version and digest.
"""

from __future__ import annotations

from collections.abc import Iterable

from fairloom.components import ValueTable
from fairloom.hooks import hookimpl
from fairloom_entities.lists import as_shipped, offered, sources
from fairloom_entities.people import PeopleConfig, build_people
from fairloom_entities.pronouns import PronounsConfig, build_pronouns


@hookimpl
def fairloom_tables() -> Iterable[ValueTable]:
    """The table ``people``, made of several lists, and one table per list."""
    known = sources()
    yield offered("people", known.pop("people"), PeopleConfig, build_people)
    yield offered("pronouns", known.pop("pronouns"), PronounsConfig, build_pronouns)
    for name, source in known.items():
        if name != "known":
            yield as_shipped(name, source)
