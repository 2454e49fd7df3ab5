"""Pronoun sets with the verb forms that agree with them; every column is named by what singular *they* takes."""

from __future__ import annotations

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.components import Tools
from fairloom_entities.lists import read_list

FORMS = ("they", "them", "their", "theirs", "themself", "are", "were", "have", "do", "s", "es")


@attrs.frozen(kw_only=True)
class PronounsConfig:
    """Which pronoun sets there are."""

    new: bool = attrs.field(default=False, metadata={"help": "whether to add neopronouns: xe, ze, ey"})


@attrs.frozen
class Pronouns:
    """The value table ``entities.pronouns``."""

    new: bool

    def table(self) -> pa.Table:
        """One row per set: she, he, they, then the new ones."""
        table = read_list("pronouns")
        return table if self.new else table.filter(pc.equal(table.column("new"), "no"))


def build_pronouns(config: PronounsConfig, tools: Tools) -> Pronouns:  # noqa: ARG001 - the signature of every builder
    """The value table ``entities.pronouns``."""
    return Pronouns(config.new)


def forms_by_gender() -> dict[str, dict[str, str]]:
    """She, he and they with their forms, by the gender they stand for."""
    return {row["gender"]: row for row in Pronouns(new=False).table().to_pylist()}
