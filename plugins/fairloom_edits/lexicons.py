"""Word lists of the catalogue, English, written for fairloom."""

from __future__ import annotations

from collections.abc import Mapping

Table = Mapping[str, tuple[str, ...]]


def _pairs(text: str) -> dict[str, tuple[str, ...]]:
    """``one=other`` pairs apart by commas."""
    pairs = (pair.split("=") for pair in text.replace("\n", " ").split(","))
    return {one.strip(): (other.strip(),) for one, other in pairs}


def words_of(text: str) -> frozenset[str]:
    """Words apart by blanks."""
    return frozenset(text.split())


def both_ways(table: Table) -> dict[str, tuple[str, ...]]:
    """The table and what it says read backwards."""
    out: dict[str, tuple[str, ...]] = dict(table)
    for one, others in table.items():
        for other in others:
            out[other] = (*out.get(other, ()), one)
    return out


def backwards(table: Table) -> dict[str, tuple[str, ...]]:
    """The table read backwards only."""
    out: dict[str, tuple[str, ...]] = {}
    for one, others in table.items():
        for other in others:
            out[other] = (*out.get(other, ()), one)
    return out


NEGATED = _pairs(
    "do not=don't, does not=doesn't, did not=didn't, is not=isn't, are not=aren't, was not=wasn't, were not=weren't, "
    "have not=haven't, has not=hasn't, had not=hadn't, will not=won't, would not=wouldn't, could not=couldn't, "
    "should not=shouldn't, must not=mustn't, cannot=can't, need not=needn't"
)
SUBJECTS = _pairs(
    "i am=i'm, you are=you're, we are=we're, they are=they're, i have=i've, you have=you've, we have=we've, "
    "they have=they've, i will=i'll, you will=you'll, he will=he'll, she will=she'll, it will=it'll, we will=we'll, "
    "they will=they'll, let us=let's"
)
ENDING = _pairs(
    "he is=he's, she is=she's, it is=it's, that is=that's, there is=there's, what is=what's, where is=where's, "
    "who is=who's"
)
"""What is only contracted: read backwards, ``'s`` may be "has"."""

SPELLING = _pairs(
    "color=colour, colors=colours, colored=coloured, favorite=favourite, favorites=favourites, favor=favour, "
    "flavor=flavour, flavors=flavours, honor=honour, humor=humour, labor=labour, neighbor=neighbour, "
    "neighbors=neighbours, rumor=rumour, behavior=behaviour, harbor=harbour, center=centre, centers=centres, "
    "theater=theatre, theaters=theatres, meter=metre, meters=metres, liter=litre, liters=litres, fiber=fibre, "
    "organize=organise, organized=organised, organizing=organising, organization=organisation, realize=realise, "
    "realized=realised, recognize=recognise, recognized=recognised, apologize=apologise, apologized=apologised, "
    "analyze=analyse, analyzed=analysed, traveler=traveller, travelers=travellers, traveling=travelling, "
    "traveled=travelled, canceled=cancelled, canceling=cancelling, modeling=modelling, jewelry=jewellery, "
    "gray=grey, defense=defence, offense=offence, catalog=catalogue, dialog=dialogue, aluminum=aluminium, "
    "mom=mum, pajamas=pyjamas, airplane=aeroplane, mustache=moustache, skeptical=sceptical, plow=plough, "
    "fulfill=fulfil, enroll=enrol, skillful=skilful, program=programme"
)
"""US spelling to UK spelling. Words with another meaning in one of the two (check, tire, story) are left out."""

SYNONYMS: Table = {
    "big": ("large",), "large": ("big",), "quick": ("fast",), "fast": ("quick",), "begin": ("start",),
    "start": ("begin",), "buy": ("purchase",), "purchase": ("buy",), "help": ("assist",), "assist": ("help",),
    "easy": ("simple",), "simple": ("easy",), "glad": ("happy",), "happy": ("glad",), "angry": ("furious",),
    "movie": ("film",), "film": ("movie",), "often": ("frequently",), "frequently": ("often",), "maybe": ("perhaps",),
    "perhaps": ("maybe",), "also": ("as well",), "error": ("mistake",), "mistake": ("error",), "wrong": ("incorrect",),
    "incorrect": ("wrong",), "right": ("correct",), "nearly": ("almost",), "almost": ("nearly",),
    "immediately": ("at once",), "rapidly": ("quickly",), "quickly": ("rapidly",), "sick": ("ill",), "ill": ("sick",),
    "gift": ("present",), "silent": ("quiet",), "quiet": ("silent",), "terrible": ("awful",), "awful": ("terrible",),
}  # fmt: skip

ANTONYMS = both_ways(
    _pairs(
        "good=bad, best=worst, better=worse, great=terrible, excellent=awful, happy=sad, love=hate, loved=hated, "
        "loves=hates, like=dislike, liked=disliked, easy=difficult, fast=slow, quick=slow, cheap=expensive, "
        "early=late, hot=cold, warm=cool, big=small, long=short, high=low, new=old, "
        "open=closed, always=never, more=less, "
        "most=least, "
        "interesting=boring, beautiful=ugly, strong=weak, clean=dirty, safe=dangerous, success=failure, win=lose, "
        "possible=impossible, correct=incorrect, true=false, full=empty, rich=poor, loud=quiet, increase=decrease, "
        "accept=refuse, remember=forget, before=after, friendly=unfriendly, useful=useless, perfect=flawed"
    )
)

QUANTIFIERS: Table = {
    "all": ("some",), "every": ("no",), "some": ("all",), "no": ("some",), "many": ("few",), "few": ("many",),
    "most": ("few",), "everyone": ("no one",), "everybody": ("nobody",), "nobody": ("everybody",),
    "everything": ("nothing",), "nothing": ("everything",),
}  # fmt: skip

AUXILIARIES = (
    "is", "are", "was", "were", "am", "will", "would", "should", "could", "must", "can", "may", "might",
)  # fmt: skip

GRADED = words_of(
        "good bad great nice happy sad angry easy hard difficult fast slow cheap expensive big small long "
        "short high low new old hot cold warm interesting boring beautiful ugly strong weak clean dirty safe "
        "dangerous rich poor loud quiet friendly rude useful important helpful tired late early busy sick "
        "funny smart strange disappointed pleased"
    )  # fmt: skip
"""Words that "very" and "somewhat" go with."""

UP = ("very", "really")
DOWN = ("somewhat", "slightly", "rather")
HEDGES = ("I think", "I guess", "Maybe", "As far as I know,", "It seems that")
FILLERS = ("um,", "uh,", "er,", "you know,", "I mean,", "like,", "well,")
FUNCTION = words_of(
        "a an the of to in on at for by with from and or that this these those it is are was were be been am "
        "do does did have has had will would can could should may might there here just so then than as"
    )  # fmt: skip
DISTRACTORS = (
    "By the way, water boils at a hundred degrees.",
    "The clock on the wall has two hands.",
    "A week has seven days.",
    "Paper is made from wood.",
    "Somewhere a door was closed.",
    "The weather was neither warm nor cold.",
)
"""Sentences that say nothing about anything."""
