"""From the settings of a step to its surface rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom_template.languages import EXCEPT, JOINS, Join
from fairloom_template.settings import SurfaceRule, TemplateSettings
from fairloom_template.stock import MOST_RULES
from fairloom_template.surface import TAIL, Surface
from fairloom_template.surface_rules import Articles, Blanks, Capitals, Rule, Words

_OWN = ("articles", "blanks", "capitals")
_KEYS = {"at": "capitals", "before": "blanks"}


def surface_of(settings: TemplateSettings, slots: Iterable[str]) -> Surface | None:
    """The rules in the order in which they are applied; ``None`` where there is nothing to do.

    Lists of words come first, in the order of the recipe, then articles, blanks and capitals, whatever the
    order in the recipe: each may change what the next one looks at.

    Raises:
        RecipeError: with every problem of the rules.
    """
    asked = (
        settings.surface if isinstance(settings.surface, Mapping) else dict.fromkeys(settings.surface, SurfaceRule())
    )
    known = frozenset(slots)
    problems = [
        *_edits_alone(settings, asked),
        *(each for name, rule in asked.items() for each in _wrong(name, rule, known)),
    ]
    if len(asked) > MOST_RULES:
        problems.append(Problem(f"{len(asked)} surface rules; at most {MOST_RULES}", path=("step", "surface")))
    if problems:
        raise RecipeError(problems)
    ordered = sorted(asked, key=lambda name: _OWN.index(name) if name in _OWN else -1)
    rules = [_rule(name, asked[name]) for name in ordered]
    if not rules or (settings.surface_mode == "faithful" and not settings.edits):
        return None
    return Surface.of(rules, correct=settings.surface_mode == "correct", edits=settings.edits)


def _rule(name: str, asked: SurfaceRule) -> Rule:
    spared, only = frozenset(word.lower() for word in asked.except_), frozenset(asked.only)
    if name == "articles":
        return Articles(spared, only)
    if name == "capitals":
        return Capitals(spared, only, asked.at)
    if name == "blanks":
        return Blanks(asked.before, only)
    return Words(name, _by_word((*asked.joins, *JOINS.get(name, ()))), spared | EXCEPT.get(name, frozenset()), only)


def _by_word(joins: Iterable[Join]) -> dict[str, tuple[Join, ...]]:
    found: dict[str, tuple[Join, ...]] = {}
    for word, after, result in joins:
        found[word.lower()] = (*found.get(word.lower(), ()), (word, after, result))
    return found


# Problems ---------------------------------------------------------------------------------------


def _edits_alone(settings: TemplateSettings, asked: Mapping[str, SurfaceRule]) -> Iterable[Problem]:
    if settings.edits and not asked:
        yield Problem("there are no surface rules whose edits could be written", path=("step", "edits"))


def _wrong(name: str, rule: SurfaceRule, slots: frozenset[str]) -> Iterable[Problem]:
    path = ("step", "surface", name)
    known = (*_OWN, *JOINS)
    if name not in known and not rule.joins:
        message = f"there is no surface rule {name!r}, and a list of your own needs `joins`"
        yield Problem(message, path=path, suggestion=did_you_mean(name, known))
    if name in _OWN and rule.joins:
        yield Problem(
            f"the rule {name!r} takes no joins", path=(*path, "joins"), suggestion="give them a rule of their own"
        )
    defaults = attrs.fields_dict(SurfaceRule)
    for key, owner in _KEYS.items():
        if name != owner and getattr(rule, key) != defaults[key].default:
            yield Problem(f"only the rule {owner!r} has {key!r}", path=(*path, key))
    for slot in rule.only:
        if slot not in slots:
            yield Problem(
                f"no template has the slot {slot!r}", path=(*path, "only"), suggestion=did_you_mean(slot, slots)
            )
    for number, join in enumerate(rule.joins):
        if (wrong := _wrong_join(join)) is not None:
            yield Problem(wrong, path=(*path, "joins", number))


def _wrong_join(join: Join) -> str | None:
    word, after, _ = join
    if not word or len(word) >= TAIL or any(part.isspace() for part in word):
        return f"the first word must be one word of at most {TAIL - 1} letters, got {word!r}"
    if not after or any(part.isspace() for part in after) or "*" in after.removesuffix("*"):
        return f"the next word must be one word or a beginning with `*` at its end, got {after!r}"
    return None
