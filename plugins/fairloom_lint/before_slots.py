"""``lint.template_article``: "a" or "an" in a template before a word or a slot that asks for the other one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import attrs
import numpy as np
import pyarrow as pa

from fairloom.factors import Factor
from fairloom.lints import Finding, LintView
from fairloom.sounds import begins_with_vowel_sound
from fairloom_lint.segments import Segment
from fairloom_lint.texts import Template, surface_rules, templates_of
from fairloom_lint.writing import rows_of

_INSIDE = re.compile(r"(?:(?<=^)|(?<=[\s\"'(\u201c\u2018]))(a|an)\s+(\S+)")
_AT_END = re.compile(r"(?:^|[\s\"'(\u201c\u2018])(a|an|A|An)\s+$")
_SENTENCE = re.compile(r"(?:^|[.!?]\s+)(A|An)\s+$")
_SHOWN = 3


@attrs.frozen
class Articles:
    """Articles that do not fit what follows, by its sound: *a union*, *an hour*, *a US citizen* are right."""

    def findings(self, view: LintView) -> Iterator[Finding]:
        """One finding per literal article and word, and one per article and slot."""
        if "articles" in surface_rules(view):
            return
        for template in templates_of(view):
            for segment in template.segments:
                if segment.kind == "text":
                    yield from _literal(view, template, segment.text)
            for text, slot in pairwise(template.segments):
                article = _open_article(text) if slot.kind == "slot" else None
                if article and slot.factor in view.factors:
                    yield from _slot(view, template, article, slot)


def _literal(view: LintView, template: Template, text: str) -> Iterator[Finding]:
    for article, word in dict.fromkeys(_INSIDE.findall(text)):
        vowel = begins_with_vowel_sound(word)
        if vowel is not None and vowel != (article == "an"):
            right = "an" if vowel else "a"
            yield template.finding(
                "error", f"says {article + ' ' + word!r}", f"write {right + ' ' + word!r}", rows_of(view, template)
            )


def _open_article(segment: Segment) -> str | None:
    """The article that a literal ends with, so that the next piece is its word."""
    if segment.kind != "text":
        return None
    found = _AT_END.search(segment.text)
    if found is None or (found[1][0] == "A" and not _SENTENCE.search(segment.text)):
        return None
    return found[1].lower()


def _slot(view: LintView, template: Template, article: str, slot: Segment) -> Iterator[Finding]:
    words = dict(_words(view.factors[slot.factor], slot))
    wrong = [level for level, word in words.items() if _is_wrong(article, word)]
    met = _met(view, template, slot.factor, wrong)
    if not met:
        return
    phrases = list(dict.fromkeys(f"{article} {words[level]}" for level in met))
    shown = ", ".join(repr(phrase) for phrase in phrases[:_SHOWN])
    more = f" and {len(phrases) - _SHOWN:,} more" if len(phrases) > _SHOWN else ""
    said = f"writes {shown}{more} where {article!r} stands before {{{{ {slot.text} }}}}"
    way = "give the list a column with the article, or let the surface rule `articles` choose it"
    yield template.finding("warning", said, way, _rows(view, template, slot.factor, met))


def _met(view: LintView, template: Template, factor: str, wrong: Sequence[int]) -> list[int]:
    """The levels among ``wrong`` that some planned row of the template has."""
    if template.factor is None or template.level is None or not wrong:
        return list(wrong)
    found = view.levels[factor][view.with_level(template.factor, template.level)]
    return sorted(set(wrong) & set(np.unique(found).tolist()))


def _rows(view: LintView, template: Template, factor: str, levels: Sequence[int]) -> int:
    if template.factor is None or template.level is None:
        return view.planned({factor: levels})
    if template.factor == factor:
        return view.planned({factor: [template.level]})
    return view.planned({template.factor: [template.level], factor: levels})


def _words(factor: Factor, slot: Segment) -> list[tuple[int, str]]:
    """The first word that the slot writes for each level; filters other than of letter case are not judged."""
    if slot.calls and slot.calls not in {"lower", "upper", "capitalize", "title", "trim"}:
        return []
    if not factor.size or (slot.attribute and slot.attribute not in factor.attributes):
        return []
    texts = factor.column(slot.attribute or factor.attributes[0])
    if pa.types.is_nested(texts.type):
        return []
    found = enumerate(texts.cast(pa.string()).to_pylist())
    return [(level, text.split()[0]) for level, text in found if text and text.split()]


def _is_wrong(article: str, word: str) -> bool:
    vowel = begins_with_vowel_sound(word)
    return vowel is not None and vowel != (article == "an")
