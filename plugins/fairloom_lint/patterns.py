"""Lints of whole templates: one that makes up most rows, two nearly the same, words that give a label away."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np

from fairloom.lints import Finding, LintView, Severity
from fairloom_lint.lists import folded
from fairloom_lint.texts import Template, driver_of, templates_of

_WORDS = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_SLOT = "\ue000"
_SHOWN = 6
ENOUGH = 4
COMMON = 50
"""A shingle that more templates share than this says nothing, and would make the search quadratic."""


@attrs.frozen
class ShareSettings:
    """Keys of ``lint.template_share``."""

    max: float = attrs.field(
        default=0.5,
        validator=[attrs.validators.gt(0), attrs.validators.le(1)],
        metadata={"help": "the largest share of the planned rows that one template may have"},
    )


@attrs.frozen
class Share:
    """One template that makes up most of the planned rows, whatever the number of templates."""

    max: float

    def findings(self, view: LintView) -> Iterator[Finding]:
        """At most a finding or two."""
        name = driver_of(view)
        if name is None or view.factors[name].size < 2:
            return
        levels = view.levels[name]
        counts = np.bincount(levels[levels >= 0], minlength=view.factors[name].size)
        for same in _same_texts(view):
            share = int(counts[same].sum()) / max(1, len(levels))
            if share > self.max:
                names = ", ".join(repr(view.factors[name].names[level]) for level in same[:_SHOWN])
                said = f"{names} make up" if len(same) > 1 else f"{names} makes up"
                text = " (their texts are the same)" if len(same) > 1 else ""
                yield Finding(
                    severity="warning",
                    message=f"{name} {said} {share:.1%} of the planned rows{text}",
                    factor=name,
                    level=same[0],
                    suggestion="give the recipe a number of rows: templates then share them evenly; or add templates",
                    rows=view.planned({name: same}),
                )


def _same_texts(view: LintView) -> list[list[int]]:
    """The levels of the driving factor by what they say: those with the same texts together."""
    texts: dict[int, tuple[str, ...]] = {}
    for template in templates_of(view):
        if template.level is not None:
            texts[template.level] = (*texts.get(template.level, ()), folded(template.text))
    groups: dict[tuple[str, ...], list[int]] = {}
    for level, text in texts.items():
        groups.setdefault(text, []).append(level)
    return list(groups.values())


@attrs.frozen
class NearSettings:
    """Keys of ``lint.template_near``."""

    threshold: float = attrs.field(
        default=0.85,
        validator=[attrs.validators.gt(0), attrs.validators.le(1)],
        metadata={"help": "from which share of common three-word runs two templates are nearly the same"},
    )


@attrs.frozen
class Near:
    """Templates that are the same, the same but for slots, or that share most three-word runs (Jaccard)."""

    threshold: float

    def findings(self, view: LintView) -> Iterator[Finding]:
        """One finding per template that resembles an earlier one, at the later: a note where they differ at all."""
        levels: dict[int, list[Template]] = defaultdict(list)
        for template in templates_of(view):
            if template.level is not None:
                levels[template.level].append(template)
        words = [[word for column in columns for word in _words(column)] for columns in levels.values()]
        exact = [tuple(folded(column.text) for column in columns) for columns in levels.values()]
        yield from self._among([columns[0] for columns in levels.values()], words, exact)

    def _among(
        self, templates: Sequence[Template], words: Sequence[Sequence[str]], exact: Sequence[tuple[str, ...]]
    ) -> Iterator[Finding]:
        same: dict[tuple[str, ...], int] = {}
        runs = [_runs(each) for each in words]
        holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, template in enumerate(templates):
            before = same.setdefault(tuple(words[number]), number)
            if before != number:
                yield _alike(template, templates[before], same=exact[number] == exact[before])
                continue
            near = self._nearest(number, runs, holders)
            if near is not None:
                said = f"is nearly {templates[near[0]].title}: {near[1]:.0%} of their three-word runs are the same"
                yield template.finding("note", said, None)
            for run in runs[number]:
                if len(holders[run]) <= COMMON:
                    holders[run].append(number)

    def _nearest(
        self, number: int, runs: Sequence[frozenset[tuple[str, ...]]], holders: Mapping[tuple[str, ...], list[int]]
    ) -> tuple[int, float] | None:
        """The earlier template with the largest share of common runs, if that reaches the threshold."""
        common: dict[int, int] = defaultdict(int)
        for run in runs[number]:
            for other in holders.get(run, ()):
                common[other] += 1
        shares = [(each / len(runs[number] | runs[other]), -other) for other, each in common.items()]
        best = max(shares, default=(0.0, 0))
        return (-best[1], best[0]) if best[0] >= self.threshold else None


def _alike(template: Template, before: Template, *, same: bool) -> Finding:
    if same:
        return template.finding("warning", f"is {before.title} again", "remove one: its texts come twice as often")
    way = "keep one, and let a factor hold the difference"
    return template.finding("note", f"is {before.title} but for its slots", way)


def _words(template: Template) -> list[str]:
    """The literal words of a template in order, letter case aside, a slot or logic as one mark."""
    words: list[str] = []
    for piece in template.segments:
        if piece.kind == "text":
            words += _WORDS.findall(folded(piece.text))
        else:
            words.append(_SLOT if piece.kind == "slot" else piece.text)
    return words


def _runs(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2)))


@attrs.frozen
class GiveawaySettings:
    """Keys of ``lint.template_giveaway``."""

    share: float = attrs.field(
        default=0.5,
        validator=[attrs.validators.gt(0), attrs.validators.le(1)],
        metadata={"help": "from which share of a label's rows a word that no other label has gives it away"},
    )


@attrs.frozen
class Giveaway:
    """Literal words that stand in templates of one label alone, in much of its rows, and are no declared cue.

    A note where the label has fewer templates than ``ENOUGH``: of so few, every second word would be one.
    """

    share: float

    def findings(self, view: LintView) -> Iterator[Finding]:
        """One finding per label."""
        name = driver_of(view)
        if name is None or "label" not in view.levels or view.factors["label"].size < 2:
            return
        rows = _rows_by_label(view, name)
        words = _words_of_levels(view, rows.shape[1])
        counts = {word: rows[:, levels].sum(axis=1) for word, levels in words.items()}
        for label, title in enumerate(view.factors["label"].names):
            total = rows[label].sum()
            cues = _cues(view, title)
            given = [
                word
                for word, count in counts.items()
                if total and count[label] >= self.share * total and count[label] == count.sum() and word not in cues
            ]
            if given:
                many = int((rows[label] > 0).sum())
                yield self._finding(title, given, many, int(max(counts[word][label] for word in given)), int(total))

    def _finding(self, label: str, words: Sequence[str], templates: int, rows: int, total: int) -> Finding:
        shown = ", ".join(repr(word) for word in words[:_SHOWN])
        more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
        said = (
            f"only templates of {label!r} have {shown}{more}: a word alone tells up to {rows / total:.0%} of its rows"
        )
        way = "declare it as a cue of the label, or write templates for the other labels with it"
        severity: Severity = "warning" if templates >= ENOUGH else "note"
        return Finding(severity=severity, message=said, path=("task", "labels", label), suggestion=way, rows=rows)


def _rows_by_label(view: LintView, name: str) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Planned rows of each label (lines) and template (columns)."""
    labels, templates = view.levels["label"].astype(np.int64), view.levels[name].astype(np.int64)
    sizes = view.factors["label"].size, view.factors[name].size
    used = (labels >= 0) & (templates >= 0)
    flat = np.bincount(labels[used] * sizes[1] + templates[used], minlength=sizes[0] * sizes[1])
    return flat.reshape(sizes)


def _words_of_levels(view: LintView, size: int) -> dict[str, list[int]]:
    """The templates that always write each literal word, in order of first appearance."""
    found: dict[str, dict[int, None]] = defaultdict(dict)
    for template in templates_of(view):
        if template.level is not None and template.level < size:
            for piece in template.segments:
                for word in _WORDS.findall(folded(piece.text)) if piece.kind == "text" else ():
                    found[word][template.level] = None
    return {word: list(levels) for word, levels in found.items()}


def _cues(view: LintView, label: str) -> frozenset[str]:
    known = view.task.labels.get(label)
    return frozenset(word for cue in (known.cues if known else ()) for word in _WORDS.findall(folded(cue)))
