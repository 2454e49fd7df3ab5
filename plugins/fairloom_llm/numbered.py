"""``llm.numbered``: levels that are only numbers, for things that are still to be written."""

from __future__ import annotations

import attrs
import pyarrow as pa

from fairloom.components import Tools

MOST = 10_000


@attrs.frozen(kw_only=True)
class NumberedSettings:
    """Keys of a factor with ``table = "llm.numbered"``."""

    count: int = attrs.field(
        metadata={"help": "how many levels there are"}, validator=attrs.validators.in_(range(1, MOST + 1))
    )


@attrs.frozen
class Numbered:
    """The levels 1 to ``count``, all with as many digits."""

    count: int

    def table(self) -> pa.Table:
        """One column, ``name``."""
        width = len(str(self.count))
        return pa.table({"name": pa.array([str(at + 1).zfill(width) for at in range(self.count)], pa.string())})


def build(config: NumberedSettings, tools: Tools) -> Numbered:  # noqa: ARG001 -- the signature of every builder
    """The value table."""
    return Numbered(config.count)
