"""Lint: faults that a reader would see at once, counted over the final rows or found in the recipe itself.

``lint.articles`` counts rows with a wrong "a" or "an"; ``lint.share`` is the largest share that one
level of a factor has; ``lint.braces``, ``lint.encoding`` and ``lint.missing`` count rows with template syntax,
wrongly decoded characters, and values such as "nan"; ``lint.surface`` counts rows that surface rules changed. The
lints look at templates, value tables and the plan before a row is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Lint, Metric
from fairloom.hooks import hookimpl
from fairloom_lint import before_slots, lists, patterns, usage, writing
from fairloom_lint.articles import Articles, ArticlesConfig
from fairloom_lint.marks import Marks, MarksConfig
from fairloom_lint.share import Share, ShareConfig
from fairloom_lint.surface import Surface, SurfaceConfig
from fairloom_lint.writing import NoSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from fairloom.components import Tools


@hookimpl
def fairloom_metrics() -> Iterable[Metric]:
    """All the metrics."""
    yield Metric(
        name="articles",
        summary="Counts rows with a wrong English article, by the sound of the word after it.",
        config=ArticlesConfig,
        build=Articles.build,
    )
    yield Metric(
        name="share",
        summary="Largest share of the rows that one level of a factor has.",
        config=ShareConfig,
        build=Share.build,
    )
    yield Metric(
        name="braces",
        summary="Counts rows with template syntax left in the text.",
        config=MarksConfig,
        build=Marks.braces,
    )
    yield Metric(
        name="encoding",
        summary="Counts rows with wrongly decoded characters.",
        config=MarksConfig,
        build=Marks.encoding,
    )
    yield Metric(
        name="missing",
        summary='Counts rows in which a slot was filled with "nan", "None" or the like.',
        config=MarksConfig,
        build=Marks.values,
    )
    yield Metric(
        name="surface",
        summary="Counts rows that surface rules changed, or would change, by rule.",
        config=SurfaceConfig,
        build=Surface.build,
    )


_PLAIN: tuple[tuple[str, str, Callable[[], Any]], ...] = (
    ("template_braces", "Braces in a template that are no slot, and that rows would show.", writing.Braces),
    ("template_control", "Control characters and wrongly decoded characters in a template.", writing.Control),
    ("template_blanks", "Doubled blanks, and blanks before punctuation.", writing.Blanks),
    ("template_article", "`a` or `an` before a word or slot that asks for the other.", before_slots.Articles),
    ("form_missing", "Forms that a template asks for and some levels of the list lack.", usage.Missing),
    ("unused", "Factors that nothing uses; columns of lists that nothing reads.", usage.Unused),
    ("list_repeated", "Levels that are the same but for letter case and blanks.", lists.Repeated),
    ("list_damaged", "Values that stand for nothing or were wrongly decoded.", lists.Damaged),
    ("list_undigested", "Lists whose digest the recipe does not hold.", lists.Undigested),
)


@hookimpl
def fairloom_lints() -> Iterable[Lint]:
    """The lints of recipes."""
    for name, summary, make in _PLAIN:
        yield Lint(name=name, summary=summary, config=NoSettings, build=_built(make))
    yield Lint(
        name="template_share",
        summary="One template that makes up most of the planned rows.",
        config=patterns.ShareSettings,
        build=lambda config, _tools: patterns.Share(config.max),
    )
    yield Lint(
        name="template_near",
        summary="Templates that are the same but for their slots, or nearly.",
        config=patterns.NearSettings,
        build=lambda config, _tools: patterns.Near(config.threshold),
    )
    yield Lint(
        name="template_giveaway",
        summary="Literal words that give a label away and are no declared cue.",
        config=patterns.GiveawaySettings,
        build=lambda config, _tools: patterns.Giveaway(config.share),
    )


def _built(make: Callable[[], Any]) -> Callable[[Any, Tools], Any]:
    """A builder for a lint without settings."""
    return lambda _config, _tools: make()
