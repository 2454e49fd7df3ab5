"""``[export]`` as attrs classes: where the data go, and how they are split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from fairloom.problems import Problem, RecipeError
from fairloom.reading.shapes import received
from fairloom.reading.validators import distinct, not_blank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


REST = "rest"
"""In ``split`` of ``[export]``: the split of the rows that meet no condition."""


@attrs.frozen(kw_only=True)
class SplitSpec:
    """``split`` of ``[export]``: the share of each split, or the condition that puts a row into it.

    With shares, ``together`` names factors whose levels are in one split only. With conditions, a row goes to the
    first split whose condition it meets, and to the one that says ``"rest"`` if it meets none.
    """

    together: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "factors whose rows of one level stay in one split"}, validator=distinct
    )
    splits: dict[str, float | str] = attrs.field(factory=dict, metadata={"rest": True})

    @splits.validator
    def _sound(self, _field: object, value: dict[str, float | str]) -> None:
        problems = list(_split_problems(value))
        if not problems and self.conditions:
            problems = list(self._condition_problems())
        elif not problems and value and abs(sum(self.shares.values()) - 1) > 1e-9:
            problems = [Problem(f"the shares must sum to 1, got {sum(self.shares.values()):.12g}")]
        if not value and self.together:
            problems = [Problem("keeps rows together in splits, and there are none", ("together",))]
        if problems:
            raise RecipeError(problems)

    def _condition_problems(self) -> Iterator[Problem]:
        mixed = [name for name, said in self.splits.items() if not isinstance(said, str)]
        rest = [name for name, said in self.splits.items() if said == REST]
        if mixed:
            way = "give every split a share, or every split a condition"
            yield Problem(f"is a share, and {next(iter(self.conditions))} is a condition", (mixed[0],), suggestion=way)
        elif len(rest) != 1:
            got = " and ".join(rest) or "none of them"
            yield Problem(
                f"exactly one split takes the rows that meet no condition, got {got}", suggestion='NAME = "rest"'
            )
        elif self.together:
            message = "goes with shares: conditions decide for each row where it goes"
            yield Problem(message, ("together",), suggestion="remove it")

    @property
    def shares(self) -> dict[str, float]:
        """The share of each split, where shares decide."""
        return {name: float(said) for name, said in self.splits.items() if not isinstance(said, str)}

    @property
    def conditions(self) -> dict[str, str]:
        """The condition of each split, where conditions decide; one of them is ``"rest"``."""
        return {name: said for name, said in self.splits.items() if isinstance(said, str)}


def _split_problems(splits: Mapping[str, Any]) -> Iterator[Problem]:
    for name, said in splits.items():
        if type(said) not in {int, float, str}:
            yield Problem(f"must be a share or a condition, got {received(said)}", (name,))
        elif isinstance(said, str):
            if said.strip().replace(".", "", 1).isdecimal():
                yield Problem(
                    f"is a share in quotes, got {said!r}", (name,), suggestion=f"write {name} = {said.strip()}"
                )
            elif not said.strip():
                yield Problem(
                    "an empty condition", (name,), suggestion='for example "template.kind == \'long\'", or "rest"'
                )
        elif said <= 0:
            yield Problem(f"a share must be above 0, got {said:g}", (name,))
        if not name.replace("-", "").replace("_", "").isalnum():
            yield Problem(f"{name!r} is no name for a folder", (name,))


@attrs.frozen(kw_only=True)
class ExportSpec:
    """``[export]``: where the run folder goes, further formats, and the split."""

    to: str | None = attrs.field(
        default=None, metadata={"help": "the folder of the run", "from_env": True}, validator=not_blank
    )
    formats: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "writers of further formats"}, validator=distinct
    )
    split: SplitSpec = attrs.field(
        default=SplitSpec(), metadata={"help": "the share of each split, or the condition of each; one may be 'rest'"}
    )
