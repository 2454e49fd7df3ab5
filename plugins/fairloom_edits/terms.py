"""Words that say whether a person is a woman or a man: titles, kinship, work. Compiled from general knowledge."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fairloom.problems import RecipeError

Pair = tuple[str, str]
"""The word for men, and the one that leaves it open; empty where there is none."""

_LINES = """
woman women|man men|person people
girl girls|boy boys|child children
lady ladies|gentleman gentlemen|person people
mother mothers|father fathers|parent parents
mom moms|dad dads|parent parents
mum mums|dad dads|parent parents
mommy mommies mummy mama|daddy daddies daddy papa|parent parents parent parent
daughter daughters|son sons|child children
sister sisters|brother brothers|sibling siblings
wife wives|husband husbands|spouse spouses
girlfriend girlfriends|boyfriend boyfriends|partner partners
grandmother grandmothers|grandfather grandfathers|grandparent grandparents
grandma grandmas granny|grandpa grandpas grandad|grandparent grandparents grandparent
granddaughter granddaughters|grandson grandsons|grandchild grandchildren
aunt aunts auntie niece nieces|uncle uncles uncle nephew nephews
stepmother stepmothers|stepfather stepfathers|stepparent stepparents
stepdaughter stepdaughters|stepson stepsons|stepchild stepchildren
stepsister stepsisters|stepbrother stepbrothers|stepsibling stepsiblings
godmother godmothers|godfather godfathers|godparent godparents
goddaughter goddaughters|godson godsons|godchild godchildren
bride brides bridesmaid bridesmaids|groom grooms groomsman groomsmen
widow widows fiancee fiancees fianc\u00e9e fianc\u00e9es|widower widowers fiance fiances fianc\u00e9 fianc\u00e9s
ms|mr|mx
madam ma'am|sir sir
female females|male males
feminine femininity ladylike|masculine masculinity gentlemanly
motherhood motherly maternal|fatherhood fatherly paternal|parenthood parental parental
girlhood womanhood sisterhood sisterly|boyhood manhood brotherhood brotherly|childhood adulthood kinship sibling
lass lasses|lad lads|youngster youngsters
waitress waitresses|waiter waiters|server servers
stewardess stewardesses|steward stewards|flight_attendant flight_attendants
airwoman airwomen|airman airmen|aviator aviators
alderwoman alderwomen councilwoman councilwomen|alderman aldermen councilman councilmen
anchorwoman anchorwomen|anchorman anchormen|anchor anchors
assemblywoman assemblywomen congresswoman congresswomen|assemblyman assemblymen congressman congressmen
barmaid barmaids|barman barmen|bartender bartenders
busgirl busgirls maidservant maidservants|busboy busboys manservant manservants|busser bussers servant servants
businesswoman businesswomen|businessman businessmen|businessperson businesspeople
camerawoman camerawomen|cameraman cameramen|camera_operator camera_operators
chairwoman chairwomen|chairman chairmen|chair chairs
charwoman charwomen|charman charmen|cleaner cleaners
clergywoman clergywomen|clergyman clergymen|cleric clerics
countrywoman countrywomen|countryman countrymen|compatriot compatriots
cowgirl cowgirls|cowboy cowboys
craftswoman craftswomen|craftsman craftsmen|artisan artisans
fisherwoman fisherwomen|fisherman fishermen|fisher fishers
forewoman forewomen|foreman foremen|supervisor supervisors
handywoman handywomen|handyman handymen|handyperson handypeople
headmistress headmistresses|headmaster headmasters|head_teacher head_teachers
horsewoman horsewomen|horseman horsemen|rider riders
laywoman laywomen|layman laymen|layperson laypeople
mailwoman mailwomen|mailman mailmen|letter_carrier letter_carriers
masseuse masseuses|masseur masseurs|massage_therapist massage_therapists
noblewoman noblewomen|nobleman noblemen|noble nobles
policewoman policewomen|policeman policemen|police_officer police_officers
saleswoman saleswomen|salesman salesmen|salesperson salespeople
salesgirl salesgirls|salesboy salesboys|salesperson salespeople
schoolgirl schoolgirls|schoolboy schoolboys|pupil pupils
schoolmistress schoolmistresses|schoolmaster schoolmasters|teacher teachers
servicewoman servicewomen|serviceman servicemen|soldier soldiers
spokeswoman spokeswomen|spokesman spokesmen|spokesperson spokespeople
sportswoman sportswomen|sportsman sportsmen|athlete athletes
stateswoman stateswomen|statesman statesmen|politician politicians
stuntwoman stuntwomen|stuntman stuntmen|stunt_performer stunt_performers
tradeswoman tradeswomen|tradesman tradesmen|tradesperson tradespeople
"""
"""Words for women, those for men, those that leave it open; words of one line go together by place."""
_OPEN = """
actress actresses|actor actors
ancestress ancestresses|ancestor ancestors
authoress authoresses|author authors
benefactress benefactresses|benefactor benefactors
conductress conductresses|conductor conductors
heiress heiresses|heir heirs
heroine heroines|hero heroes
hostess hostesses|host hosts
huntress huntresses|hunter hunters
landlady landladies|landlord landlords
manageress manageresses|manager managers
murderess murderesses|murderer murderers
poetess poetesses|poet poets
proprietress proprietresses|proprietor proprietors
sculptress sculptresses|sculptor sculptors
sorceress sorceresses|sorcerer sorcerers
"""
"""Words for women whose counterparts are said of everybody."""


def _rows(lines: str) -> Iterator[tuple[str, str, str]]:
    for line in lines.split("\n"):
        columns = [column.split() for column in line.split("|")]
        women, men, *left = columns if line else ([], [])
        open_ones = [word.replace("_", " ") for word in left[0]] if left else [""] * len(women)
        yield from zip(women, men, open_ones, strict=True)


TERMS: Mapping[str, Pair] = {
    **{woman: (man, left) for woman, man, left in _rows(_LINES)},
    **{woman: (man, man) for woman, man, _ in _rows(_OPEN)},
}
"""Terms for women, with those for men and those that leave it open (empty: there is none)."""
SAID_OF_ALL = frozenset(man for _, man, _ in _rows(_OPEN))
"""Terms for men that are said of women too: they stay."""
ONE_WAY: Mapping[str, Pair] = {"mrs": ("mr", "mx"), "miss": ("mr", "mx")}
"""Terms that are no other's counterpart."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


def terms_of(said: Mapping[str, str | Pair], key: str = "terms") -> dict[str, Pair]:
    """The terms of a recipe, in small letters, and those here; where both have a counterpart, the recipe's counts.

    Raises:
        RecipeError: A word for women or for men is not one word.
    """
    found: dict[str, Pair] = {}
    for woman, others in said.items():
        man, left = (others, "") if isinstance(others, str) else others
        for word in (woman, man):
            if _WORD.fullmatch(word) is None:
                raise RecipeError.of(f"{word!r} is not one word", key, woman)
        found[woman.lower()] = (man.lower(), left.lower())
    return {**found, **{woman: pair for woman, pair in TERMS.items() if woman not in found}}
