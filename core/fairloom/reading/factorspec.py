"""``[factors.NAME]`` as an attrs class, with the keys that go together and those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

from fairloom.problems import Problem, RecipeError, unknown_key
from fairloom.reading.validators import distinct, names, not_blank, not_empty

if TYPE_CHECKING:
    from collections.abc import Iterator

Role = Literal["label", "protected", "nuisance", "surface"]
"""What part a factor plays in the design."""


@attrs.frozen(kw_only=True)
class FactorSpec:
    """``[factors.NAME]``: where the levels come from and what part they play.

    Exactly one of ``values`` (inline), ``from_`` (``from``: a file), ``table`` (a value table of a plugin), ``sample``
    (a value sampler) or ``permute`` (the orders of some options). Only ``table`` and ``sample`` have ``settings``; a
    sampled factor has no levels, so nothing that speaks of levels goes with it.
    """

    role: Role = attrs.field(default="nuisance", metadata={"help": "what part the factor plays in the design"})
    values: tuple[Any, ...] | None = attrs.field(
        default=None, metadata={"help": "the levels: values, or tables with a name and attributes"}, validator=not_empty
    )
    from_: str | None = attrs.field(
        default=None, metadata={"help": "the file with one level per row"}, validator=not_blank
    )
    table: str | None = attrs.field(default=None, metadata={"help": "a value table of a plugin"}, validator=not_blank)
    sample: str | None = attrs.field(default=None, metadata={"help": "a value sampler"}, validator=not_blank)
    permute: tuple[str, ...] | None = attrs.field(
        default=None,
        metadata={"help": "options whose orders are the levels, each with its place from 0 as an attribute"},
        validator=[distinct, attrs.validators.optional(names)],
    )
    orders: Literal["all", "cyclic"] = attrs.field(
        default="all", metadata={"help": "which orders of permute: all, or those that begin at each option in turn"}
    )
    key: str | None = attrs.field(
        default=None, metadata={"help": "the column that names the levels"}, validator=not_blank
    )
    where: str | None = attrs.field(
        default=None, metadata={"help": "a condition over the columns; only these rows are levels"}, validator=not_blank
    )
    nest: tuple[str, ...] = attrs.field(
        default=(),
        metadata={"help": "of a JSON file, the columns that its keys become, outermost first"},
        validator=distinct,
    )
    columns: dict[str, str] = attrs.field(factory=dict, metadata={"help": "new names of columns: ours = theirs"})
    derive: dict[str, str] = attrs.field(
        factory=dict, metadata={"help": "further columns made of others: a text in which <column> stands for its value"}
    )
    rewrite: tuple[tuple[str, str, str], ...] = attrs.field(
        default=(), metadata={"help": "[column, RE2 pattern, replacement], applied as the table is read"}
    )
    split: dict[str, str] = attrs.field(
        factory=dict, metadata={"help": "columns whose texts hold several values: column = what stands between them"}
    )
    index: str | None = attrs.field(
        default=None,
        metadata={"help": "a further column, the place of each row in the table, from 0"},
        validator=not_blank,
    )
    match: dict[str, str] = attrs.field(
        factory=dict, metadata={"help": "columns that must equal another factor or its attribute"}
    )
    balance: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "attributes balanced before the level is chosen"}, validator=distinct
    )
    keep: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "further attributes shown in the data"}, validator=distinct
    )
    digest: str | None = attrs.field(
        default=None, metadata={"help": "the SHA-256 the file must have, as manifests write it"}, validator=not_blank
    )
    settings: dict[str, Any] = attrs.field(factory=dict, metadata={"rest": True})

    @sample.validator
    def _one_source(self, _field: object, _value: object) -> None:
        sources = {
            "values": self.values,
            "from": self.from_,
            "table": self.table,
            "sample": self.sample,
            "permute": self.permute,
        }
        given = [key for key, value in sources.items() if value is not None]
        if len(given) != 1:
            got = " and ".join(given) or "none of them"
            raise RecipeError.of(f"a factor needs exactly one of values, from, table, sample and permute, got {got}")

    @settings.validator
    def _only_what_is_read(self, _field: object, value: dict[str, Any]) -> None:
        problems = [] if self.sample or self.table else [unknown_key(key, _FACTOR_KEYS) for key in value]
        if problems:
            raise RecipeError(problems)

    @digest.validator
    def _only_what_fits(self, _field: object, _value: object) -> None:
        problems = list(self._idle())
        if problems:
            raise RecipeError(problems)

    def _idle(self) -> Iterator[Problem]:
        """Keys that say something about levels or files there are none of."""
        if self.values is not None and self.digest:
            yield Problem("goes with from and table only: the recipe's own digest covers inline values", ("digest",))
        if self.permute is None and self.orders != "all":
            yield Problem("goes with permute = [...] only", ("orders",))
        for key in _OF_TABLES if self.permute is not None else ():
            if getattr(self, key):
                yield Problem("speaks of a table, and permute makes its own", (key,), suggestion=f"remove {key}")
        if self.from_ is None and self.nest:
            yield Problem("goes with from only: it names the keys of a file", ("nest",), suggestion="remove nest")
        if self.sample is None:
            return
        for key in _OF_LEVELS:
            if key != "nest" and getattr(self, key):
                yield Problem("speaks of levels, and a sampled factor has none", (key,), suggestion=f"remove {key}")
        if self.role == "label":
            yield Problem("a sampled factor has no levels to decide the label", ("role",))


_OF_LEVELS = (
    "key",
    "where",
    "nest",
    "columns",
    "index",
    "derive",
    "rewrite",
    "split",
    "match",
    "balance",
    "keep",
    "digest",
)
_OF_TABLES = ("key", "nest", "columns", "index", "derive", "rewrite", "split", "digest")
_FACTOR_KEYS = ("role", "values", "from", "table", "sample", "permute", "orders", *_OF_LEVELS)
