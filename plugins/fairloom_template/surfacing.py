"""From the settings of a step to its surface rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom_template.languages import EXCEPT, JOINS, Join, plural_verbs
from fairloom_template.names import Names, Slot, texts
from fairloom_template.settings import SurfaceRule, TemplateSettings
from fairloom_template.stock import MOST_RULES
from fairloom_template.surface import TAIL, Surface
from fairloom_template.surface_rules import Articles, Blanks, Capitals, Rule, Words

_OWN = ("articles", "blanks", "capitals")
_KEYS = {"at": "capitals", "before": "blanks", "number": "verbs"}
_PLURAL = "plural"
MOST_VALUE = 20_000
MOST_SUBJECTS = 2_000
"""Words that a rule can be told to take the plural."""


def surface_of(settings: TemplateSettings, slots: Iterable[Slot], names: Names) -> Surface | None:
    """The rules in the order in which they are applied; ``None`` where there is nothing to do.

    Lists of words come first, in the order of the recipe, then articles, blanks and capitals, whatever the
    order in the recipe: each may change what the next one looks at.

    Raises:
        RecipeError: with every problem of the rules.
    """
    asked = (
        settings.surface if isinstance(settings.surface, Mapping) else dict.fromkeys(settings.surface, SurfaceRule())
    )
    known = {str(slot): slot for slot in slots}
    problems = [
        *_edits_alone(settings, asked),
        *(each for name, rule in asked.items() for each in _wrong(name, rule, known)),
    ]
    plurals: dict[str, tuple[str, ...]] = {}
    for name, rule in asked.items() if not problems else ():
        if rule.number is not None:
            plurals[name], wrong = _plurals(rule.number, [known[slot] for slot in rule.only], names)
            problems += [Problem(said, path=("step", "surface", name, "number")) for said in wrong]
    if len(asked) > MOST_RULES:
        problems.append(Problem(f"{len(asked)} surface rules; at most {MOST_RULES}", path=("step", "surface")))
    if problems:
        raise RecipeError(problems)
    ordered = sorted(asked, key=lambda name: _OWN.index(name) if name in _OWN else -1)
    rules = [_rule(name, asked[name], plurals.get(name, ())) for name in ordered]
    if not rules or (settings.surface_mode == "faithful" and not settings.edits):
        return None
    return Surface.of(rules, correct=settings.surface_mode == "correct", edits=settings.edits)


def _rule(name: str, asked: SurfaceRule, plurals: Iterable[str]) -> Rule:
    spared, only = frozenset(word.lower() for word in asked.except_), frozenset(asked.only)
    if name == "articles":
        return Articles(spared, only)
    if name == "capitals":
        return Capitals(spared, only, asked.at)
    if name == "blanks":
        return Blanks(asked.before, only)
    verbs = (join for word in plurals for join in plural_verbs(word))
    return Words(
        name, _by_word((*asked.joins, *JOINS.get(name, ()), *verbs)), spared | EXCEPT.get(name, frozenset()), only
    )


def _by_word(joins: Iterable[Join]) -> dict[str, tuple[Join, ...]]:
    found: dict[str, tuple[Join, ...]] = {}
    for word, after, result in joins:
        found[word.lower()] = (*found.get(word.lower(), ()), (word, after, result))
    return found


def _plurals(number: str, slots: Iterable[Slot], names: Names) -> tuple[tuple[str, ...], list[str]]:
    """The last word of every value of some slots whose level is plural, and what is wrong with them."""
    factor, _, attribute = number.partition(".")
    if factor not in names.factors or attribute not in names.attributes(factor):
        return (), [f"there is no attribute {number!r}"]
    if other := [str(slot) for slot in slots if slot.factor != factor]:
        return (), [f"is the number of factor {factor!r}, and the rule is for the slot {other[0]!r} too"]
    said: dict[str, set[bool]] = {}
    numbers = names.column(Slot(factor, attribute)).to_pylist()
    for slot in slots:
        for text, each in zip(texts(names.column(slot), slot.calls, MOST_VALUE).to_pylist(), numbers, strict=True):
            if text and text.split():
                said.setdefault(text.split()[-1].lower(), set()).add(each == _PLURAL)
    wrong = [f"says both of {word!r}: plural, and not plural" for word, both in said.items() if len(both) == 2]
    wrong += [f"{word[:TAIL]!r} is too long a word" for word in said if len(word) >= TAIL]
    subjects = tuple(word for word, plural in said.items() if plural == {True})
    if len(subjects) > MOST_SUBJECTS:
        wrong.append(f"{len(subjects):,} plural words; at most {MOST_SUBJECTS:,}")
    return subjects, wrong


# Problems ---------------------------------------------------------------------------------------


def _edits_alone(settings: TemplateSettings, asked: Mapping[str, SurfaceRule]) -> Iterable[Problem]:
    if settings.edits and not asked:
        yield Problem("there are no surface rules whose edits could be written", path=("step", "edits"))


def _wrong(name: str, rule: SurfaceRule, slots: Mapping[str, Slot]) -> Iterable[Problem]:
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
    if rule.number is not None and not rule.only:
        message, way = "goes with `only`: the slots that are the subject", 'only = ["pronoun.they"]'
        yield Problem(message, path=(*path, "number"), suggestion=f"write {way}")
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
