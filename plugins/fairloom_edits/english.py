"""What keeps an English sentence whole when a word of it changes: names, fixed phrases, and the words beside it."""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from fairloom_edits.lexicons import words_of

Match = re.Match[str]
Fits = Callable[[Match], bool]

_REACH = 40
_BEFORE = re.compile(r"([\w'\u2019]+)\s+$")
_BEHIND = re.compile(r"\s+([\w'\u2019]+)")
_OPENS = re.compile(r"(?:^|[.!?:;>\u2026\n*])[\s\"'\u201c\u2018(\[]*$")

PRONOUNS = words_of("i you he she it we they there")
PLURAL_SUBJECTS = words_of("i you we they people")
SINGULAR_SUBJECTS = words_of("he she it everyone everybody nobody")
OWNERS = words_of("a an the my your his her its our their no any some free of")
QUESTIONS = words_of("what where when why how whose")
RELATIVES = words_of("who which that")
NEGATIVE = words_of("not n't never no hardly scarcely nothing nobody none nowhere neither")
AUXILIARY = words_of(
    "is are was were am do does did have has had will would can could shall should may might must isn't aren't wasn't "
    "weren't don't doesn't didn't haven't hasn't hadn't won't wouldn't can't couldn't shouldn't mustn't cannot"
)
STARTERS = words_of(
    "i he she it we they you this that these those the a an my your his her its our their there some many most all "
    "every everyone everybody nobody nothing something somebody one each both few no if when while although because "
    "since after before in on at with for from as"
)
"""Words that open a statement and are no name, so that they lose their capital behind something else."""


@attrs.frozen
class Near:
    """What stands beside a match: the word before and the word behind it, in small letters, where one blank parts them.

    ``first`` says that the word before opens a sentence, ``asked`` that an auxiliary stands before it ("can I get").
    """

    before: str
    behind: str
    first: bool
    asked: bool

    @classmethod
    def of(cls, match: Match) -> Near:
        """Empty where there is no word: at the ends of the text, and beside marks."""
        text, start = match.string, max(0, match.start() - _REACH)
        before = _BEFORE.search(text, start, match.start())
        behind = _BEHIND.match(text, match.end())
        first = before is not None and opens(text, before.start())
        earlier = None if before is None else _BEFORE.search(text, start, before.start())
        return cls(_small(before), _small(behind), first, _small(earlier) in AUXILIARY)


def _small(match: Match | None) -> str:
    return "" if match is None else match[1].lower().replace("\u2019", "'")


def opens(text: str, place: int) -> bool:
    """Whether a sentence begins here, quotation marks and brackets apart."""
    return _OPENS.search(text, max(0, place - 6), place) is not None if place else True


def is_name(text: str, start: int, said: str) -> bool:
    """Whether a capital says that this is part of a name or title: it is not "I", shouted, or first in a sentence."""
    if not said[:1].isupper():
        return False
    word = re.split("[ '\u2019]", said, maxsplit=1)[0]
    if word == "I":
        return False
    if len(word) > 1 and word.isupper():
        return False
    return not opens(text, start)


def no_name(match: Match) -> bool:
    """The one thing that every replacement of words asks for."""
    return not is_name(match.string, match.start(), match[0])


def may_contract(match: Match) -> bool:
    """Not "you have a car" (only the auxiliary contracts), "let us know", or what a question turned round."""
    said, near = match[0].lower(), Near.of(match)
    if not no_name(match) or any(word[:1].isupper() for word in match[0].split(" ")[1:] if not match[0].isupper()):
        return False
    if said.endswith(" have"):
        return _is_participle(near.behind)
    if said == "let us":
        return near.behind not in {"know", "in", "out", "have", "down", "all"}
    if said.endswith(" not"):
        return near.behind not in PRONOUNS
    return near.behind not in PRONOUNS | {"that", "which"} and near.before not in AUXILIARY


def _is_participle(word: str) -> bool:
    return word in _PARTICIPLES or (word.endswith("ed") and word not in {"need", "red", "bed", "hundred"})


_PARTICIPLES = words_of(
    "been seen had done gone made taken given got gotten come become found heard known left lost put read said sent "
    "set shown told thought understood won written felt kept met paid run spent never always already just not only "
    "ever also"
)


def may_expand(match: Match) -> bool:
    """Not "isn't it": written out, the verb and its "not" stand on both sides of the subject."""
    near, said = Near.of(match), match[0].lower()
    if not no_name(match):
        return False
    if not said.replace("\u2019", "'").endswith("n't"):
        return True
    if near.behind in PRONOUNS | {
        "this",
        "that",
        "these",
        "those",
        "the",
        "a",
        "an",
        "my",
        "your",
        "anyone",
        "anybody",
    }:
        return not (near.before in QUESTIONS or not near.before or near.behind in PRONOUNS)
    return bool(near.before) or said.startswith("do")


def may_negate(match: Match) -> bool:
    """Only where the word before can be the subject: not in questions, and not the nouns "will", "can", "must"."""
    said, near = match[0].lower(), Near.of(match)
    if not no_name(match) or not _may_follow(near) or near.behind in _NOT_NEGATED:
        return False
    if said in _VERB_FORMS:
        return not near.asked and near.before in (
            PLURAL_SUBJECTS if said in _BASE else SINGULAR_SUBJECTS if said in _THIRD else _ANY
        )
    if said.startswith(("do", "did")):
        return True
    may = bool(near.behind) and near.behind not in PRONOUNS
    return may and (said not in {"will", "can", "must", "might", "may"} or near.before not in OWNERS)


_NOT_NEGATED = NEGATIVE | {"only", "just", "until", "as", "necessarily", "but"}


def _may_follow(near: Near) -> bool:
    """Whether a verb may have its subject before it."""
    asked = near.first and near.before in RELATIVES - {"that"}
    return bool(near.before) and near.before not in QUESTIONS | AUXILIARY and not asked


def _forms() -> dict[str, tuple[str, str, str]]:
    """Base, third person and past of verbs that take "do not"."""
    regular = (
        "like love hate enjoy want need believe recommend care watch work play look seem trust remember expect agree "
        "happen help live deserve appreciate mention matter use try"
    )
    past = {
        "know": "knew", "think": "thought", "understand": "understood", "feel": "felt", "make": "made", "give": "gave",
        "get": "got", "go": "went", "see": "saw", "come": "came", "find": "found", "take": "took", "say": "said",
        "tell": "told", "mean": "meant", "keep": "kept", "leave": "left", "lose": "lost",
    }  # fmt: skip
    out = {verb: _regular(verb) for verb in regular.split()} | past
    return {verb: (verb, _third(verb), then) for verb, then in out.items()}


def _regular(verb: str) -> str:
    if verb == "try":
        return "tried"
    return f"{verb}d" if verb.endswith("e") else f"{verb}ed"


def _third(verb: str) -> str:
    if verb == "try":
        return "tries"
    return f"{verb}es" if verb.endswith(("o", "ch", "ss", "sh")) else f"{verb}s"


VERBS = _forms()
_BASE = frozenset(base for base, _, _ in VERBS.values())
_THIRD = frozenset(third for _, third, _ in VERBS.values())
_VERB_FORMS = frozenset(form for forms in VERBS.values() for form in forms)
_ANY = PLURAL_SUBJECTS | SINGULAR_SUBJECTS | {"who"}


def negations() -> dict[str, tuple[str, ...]]:
    """Verbs with "do not" in front, and back."""
    out: dict[str, tuple[str, ...]] = {}
    for base, third, past in VERBS.values():
        for form, helper, short in ((base, "do", "don't"), (third, "does", "doesn't"), (past, "did", "didn't")):
            out[form] = (f"{helper} not {base}",)
            out[f"{helper} not {base}"] = out[f"{short} {base}"] = (form,)
    return out


MASS = words_of("music water food information money evidence fun help work")
_NO_PLURAL = words_of(
    "this was is as has does its his us yes thus always perhaps sometimes besides unless less across towards news "
    "afterwards its it's that's he's she's there's what's let's"
)
_PEOPLE = words_of("people children men women")


def _is_plural(word: str) -> bool:
    return word in _PEOPLE or (word.endswith("s") and not word.endswith("ss") and word not in _NO_PLURAL)


def may_quantify(match: Match) -> bool:
    """Only before what can be counted, or a whole phrase ("all of", "every film"); not "at all", "the few"."""
    said, near = match[0].lower(), Near.of(match)
    if not no_name(match) or near.before in _NEVER_COUNTED:
        return False
    if said == "every":
        return near.behind not in {"one", "time", "now", "other", "single", "bit", "so", "day", "year", "week", "last"}
    if said in {"all", "some", "many", "few", "most", "no"}:
        if near.behind == "of":
            return said != "no"
        return (_is_plural(near.behind) and near.behind not in {"sorts", "kinds"}) or (
            said != "many" and near.behind in MASS
        )
    return near.behind not in {"but", "less", "more", "short", "like"}


_NEVER_COUNTED = words_of(
    "at so too as how very the a an in of above after these those my your his her our their quite"
)
COUNTED = {
    "a few": ("many",),
    **{
        f"all {owner}": (f"some of {owner}",) for owner in sorted(words_of("the my your his her our their these those"))
    },
}
"""Quantifiers that want more than one word changed."""

GRADED_NEVER_AFTER = words_of(
    "very really so too as how pretty quite rather somewhat slightly more less most least not never no any all that "
    "extremely incredibly absolutely totally completely truly fairly terribly awfully at even much far how's of new "
    "years year months month weeks week days day feet foot metres meters miles inches hours minutes last very"
)
GRADED_NEVER_BEFORE = words_of(
    "school schools morning night luck evening afternoon bye food ago time term day drive deal old friend friends men "
    "man new york world as enough and or to on off up out for than then tech end ends heart dog dogs war line lines "
    "story short time's grandfather grandmother"
)


def may_grade(before: str, behind: str) -> bool:
    """Whether "very" may stand between ``before`` and an adjective that ``behind`` follows."""
    return before not in GRADED_NEVER_AFTER and not before.endswith("ly") and behind not in GRADED_NEVER_BEFORE


def _phrases(text: str) -> dict[str, tuple[str, ...]]:
    """Phrases apart by commas, none of which becomes anything."""
    return {phrase.strip(): () for phrase in text.replace("\n", " ").split(",")}


SAID_SO = _phrases(
    "at large, by and large, sick of, ill at ease, ill effects, not nearly, go wrong, goes wrong, going wrong, went "
    "wrong, gone wrong, happy ending, happy endings, happy birthday, happy hour, silent film, silent films, silent "
    "movie, silent movies, big fan, big deal, big screen, big time, big brother, big break, quick look, quick fix, "
    "awful lot, easy listening, simple man, simple minded, wrong with, prove me wrong, get me wrong, get this wrong, "
    "whole film, trial and error, buy it, buy into, easy going, take it easy, the ill, the sick, happy to"
)
"""Phrases in which no word has a synonym."""

SEVERAL_SENSES = words_of("open most least purchase new")
"""Words that are left without an opposite, a synonym or a degree: it depends on what they do in the sentence."""

SET_PHRASES = _phrases(
    "as long as, so long as, how long, long ago, long before, before long, no longer, long enough, as soon as, high "
    "school, high schools, old lady, old man, old men, new york, new zealand, new england, new year, more than, more "
    "or less, less than, even more, much more, no more, any more, once more, more and more, some more, what is more, "
    "most of all, at most, at least, at best, best of all, best friend, best friends, best known, best man, love "
    "story, love stories, love affair, love scene, love scenes, love song, love songs, in love, love letter, fall in "
    "love, make love, true love, falls in love, great grandfather, great grandmother, great britain, great deal, good "
    "luck, good morning, good night, good evening, good afternoon, good bye, good deal, good old, for good, as good "
    "as, no good, the good of, had better, better off, you better, fast food, fast forward, early on, hot dog, hot "
    "dogs, as well, high definition, high tech, high end, even before, day before, night before, the day after, one "
    "after another, after all, look after, looking after, looks after, looked after, named after, ever after, open "
    "mind, open air, open source, true to, come true, true story, true stories, full of, full time, in full, full "
    "length, short film, short films, short story, short stories, in short, short of, fall short, cut short, new "
    "wave, big brother, big screen, big deal, big time, big fan, win over, strong language, hot spot, clean up, safe "
    "to say, possible to, as possible, rich in, increase in, perfect for, would love to, love to, before and after, "
    "better than, worse than, easy to, hot on, late night, of late, as high as, low budget, low key, cheap shot, "
    "cheap thrills, always been, as always, more of a, more like, more importantly, most importantly, old fashioned, "
    "old school, old time, boring old"
)
"""Phrases in which no word has an opposite, or not that of the word alone."""
