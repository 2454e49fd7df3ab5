"""The metric ``token``: which tokens give the label away?

The competency test of Gardner et al., "Competency problems: on finding and removing artifacts in
language data" (EMNLP 2021, arXiv 2104.08646, section 3): with no shortcut, the rows that hold a token
have the labels of the whole. For a token in ``n`` rows and a label of share ``p0``,
``z = (p(label | token) - p0) / sqrt(p0 (1 - p0) / n)``.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import LABEL, spans_of
from fairloom.components import Measurement
from fairloom.problems import RecipeError
from fairloom.tokens import WORDS, tokens
from fairloom.utf8 import blanked
from fairloom_shortcut.presence import Presence

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.contingency import Floats
    from fairloom.draws import Ints
    from fairloom.task import Task
    from fairloom.utf8 import Mask

_SHOWN = 50


@attrs.frozen(kw_only=True)
class Token:
    """Settings of ``shortcut.token``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to look at; the task's first field when left out"}
    )
    label: str = attrs.field(default=LABEL, metadata={"help": "the column that holds the label"})
    pattern: str = attrs.field(default=WORDS, metadata={"help": "RE2 pattern of a token in lower-case text"})
    min_count: int = attrs.field(default=20, metadata={"help": "rows that must hold a token for it to be tested"})
    alpha: float = attrs.field(default=0.01, metadata={"help": "two-sided error of all tests together (Bonferroni)"})
    min_effect: float = attrs.field(
        default=0.05, metadata={"help": "smallest change of a label's share that is worth a flag"}
    )
    exempt_slots: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": 'slots that rightly carry the label, such as "product" or "product.name"'}
    )


@attrs.define
class TokenMetric:
    """Counts in how many rows of each label a token occurs; once per row, however often it is said."""

    config: Token
    field: str
    cues: dict[str, list[str]]
    presence: Presence = attrs.field(factory=Presence, init=False)
    why: str | None = attrs.field(default=None, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows; those without a text or a label are left out."""
        needed = [self.field, self.config.label, *([spans_of(self.field)] if self.config.exempt_slots else [])]
        lacking = [name for name in needed if name not in rows.schema.names]
        if lacking:
            self.why = f"the data have no column {lacking[0]!r}"
            return
        whole = pc.and_(pc.is_valid(rows.column(self.field)), pc.is_valid(rows.column(self.config.label)))
        rows = rows.filter(whole)
        column = rows.column(self.field)
        if self.config.exempt_slots:
            column = blanked(column, rows.column(spans_of(self.field)), self.config.exempt_slots)
        self.presence.add(tokens(column, self.config.pattern), rows.column(self.config.label))

    def result(self) -> Measurement:
        """The number of flagged tokens; the strongest of them in ``detail``."""
        labels, shares, names, counts = self._tested()
        n = self.presence.rows
        why = self.why or _hindrance(n, labels, names, self.config.min_count)
        if why:
            return Measurement(value=None, n=n, why=why)
        support = counts.sum(axis=1, keepdims=True)
        effects = counts / support - shares
        z = effects / np.sqrt(shares * (1 - shares) / support)
        tests = len(names) * (len(labels) if len(labels) > 2 else 1)  # two labels mirror each other
        critical = -NormalDist().inv_cdf(self.config.alpha / 2 / tests)
        flags = (np.abs(z) > critical) & (np.abs(effects) >= self.config.min_effect)
        return Measurement(
            value=float(flags.any(axis=1).sum()),
            n=n,
            values={
                "flagged": float(flags.any(axis=1).sum()),
                "tested": float(len(names)),
                "critical_z": critical,
                "max_z": float(np.abs(z).max()),
                "max_effect": float(np.abs(effects[np.abs(z) > critical]).max(initial=0.0)),
            },
            detail={
                "labels": dict(zip(labels, shares.tolist(), strict=True)),
                "tests": tests,
                "tokens": _strongest(labels, names, support[:, 0], z, effects, flags),
                "exempt": {"cues": self.cues, "slots": list(self.config.exempt_slots)},
            },
        )

    def _tested(self) -> tuple[list[str], Floats, list[str], Ints]:
        """Labels, their shares, and the tokens frequent enough that no cue exempts, with their counts by label."""
        labels, totals, names, counts = self.presence.sorted()
        exempt = {name for cues in self.cues.values() for name in cues}
        frequent = counts.sum(axis=1) >= self.config.min_count
        kept = [place for place, name in enumerate(names) if frequent[place] and name not in exempt]
        return labels, totals / max(1, totals.sum()), [names[place] for place in kept], counts[kept]


def build(config: Token, tools: Tools) -> TokenMetric:
    """The metric, or ``RecipeError`` for an unknown field, a pattern RE2 refuses, or bounds out of range."""
    field = tools.task.field_of(config.field)
    _check_pattern(config.pattern)
    if not 0 < config.alpha < 1:
        raise RecipeError.of(f"alpha is a probability between 0 and 1, got {config.alpha}", "alpha")
    if config.min_count < 1:
        raise RecipeError.of(f"min_count is at least 1, got {config.min_count}", "min_count")
    return TokenMetric(config, field, cue_tokens(tools.task, config.pattern))


def cue_tokens(task: Task, pattern: str) -> dict[str, list[str]]:
    """The tokens of each label's cues, for labels that have some; a phrase exempts each of its tokens."""
    found = {name: tokens(pa.array(label.cues, pa.string()), pattern).names for name, label in task.labels.items()}
    return {name: sorted(names) for name, names in found.items() if names}


def _check_pattern(pattern: str) -> None:
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        why = str(error).removeprefix("Invalid regular expression: ")
        raise RecipeError.of(f"{pattern!r} is not an RE2 pattern: {why}", "pattern") from None
    if pc.match_substring_regex(pa.array([""]), f"^(?:{pattern})$")[0].as_py():
        raise RecipeError.of(f"{pattern!r} also matches nothing at all, so it makes no tokens", "pattern")


def _hindrance(n: int, labels: list[str], names: list[str], min_count: int) -> str | None:
    if not n:
        return "no row has both a text and a label"
    if len(labels) < 2:
        return f"every row has the label {labels[0]!r}"
    if not names:
        return f"no token outside the cues occurs in {min_count} rows or more; lower min_count or ask for more rows"
    return None


def _strongest(  # noqa: PLR0913, PLR0917 -- the five tables of one result, side by side
    labels: list[str], names: list[str], support: Ints, z: Floats, effects: Floats, flags: Mask
) -> list[dict[str, Any]]:
    """The tokens with the largest absolute z, each with the label it says most about; flagged ones first."""
    # Of two labels that mirror each other the favoured one is shown.
    best = np.argmax(np.round(np.abs(z), 9) + 1e-12 * (z > 0), axis=1)
    line = np.arange(len(names))
    strength = np.abs(z[line, best])
    order = sorted(line.tolist(), key=lambda i: (not flags[i].any(), -strength[i], names[i]))
    return [
        {
            "token": names[i],
            "label": labels[best[i]],
            "z": float(z[i, best[i]]),
            "n": int(support[i]),
            "effect": float(effects[i, best[i]]),
            "flagged": bool(flags[i].any()),
        }
        for i in order[:_SHOWN]
    ]
