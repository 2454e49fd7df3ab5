"""The lists: groups of equal size, clean values, complete forms, known origin; and what a run draws from them."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from babel.core import Locale as Cldr

import fairloom as fl
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.plugging.plugins import Plugins
from fairloom.problems import RecipeError
from fairloom.reading.structure import structure
from fairloom.task import Task
from fairloom_entities.lists import FOLDER, read_list, sources
from fairloom_entities.people import MOST_PAIRINGS, ORIGINS, names_by_origin

if TYPE_CHECKING:
    from pathlib import Path

TABLES = Plugins().load("entities").components
TOOLS = Tools(task=Task(), factors={}, draws=Draws(0), open_path=pytest.fail)
ARTICLES = {"occupations": "occupation", "products": "product", "countries": "adjective"}


def rows(name: str, **config: Any) -> list[dict[str, str]]:
    component: Any = TABLES[name]
    built = component.build(structure(component.config, config), TOOLS)
    return list(built.table().to_pylist())


def sizes(name: str, **config: Any) -> Counter[tuple[str, ...]]:
    groups = TABLES[name].groups  # type: ignore[attr-defined]
    return Counter(tuple(row[group] for group in groups) for row in rows(name, **config))


@pytest.mark.parametrize("name", sources())
def test_every_list_is_the_one_its_source_statement_is_about(name: str) -> None:
    source = sources()[name]
    assert "sha256:" + hashlib.sha256((FOLDER / source.file).read_bytes()).hexdigest() == source.sha256
    assert source.source
    assert source.licence == "CC0-1.0"
    assert source.version


def test_every_file_has_a_source_statement() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"sources.toml"}
    assert files == {source.file for source in sources().values()}


@pytest.mark.parametrize("name", TABLES)
def test_the_groups_are_of_equal_size(name: str) -> None:
    assert len(set(sizes(name).values())) == 1


@pytest.mark.parametrize("name", TABLES)
def test_no_level_is_there_twice(name: str) -> None:
    if name == "family_names":  # Chinese and Vietnamese families may share one
        levels = [(row["family"], row["origin"]) for row in rows(name)]
    else:
        levels = [next(iter(row.values())) for row in rows(name)]
    assert [level for level, count in Counter(levels).items() if count > 1] == []


@pytest.mark.parametrize("name", TABLES)
def test_values_are_clean(name: str) -> None:
    for row in rows(name):
        for column, value in row.items():
            assert unicodedata.is_normalized("NFC", value)
            assert value == " ".join(value.split()), (column, value)
            assert value.isprintable()
            assert value or column in {"s", "es"}, (column, row)


@pytest.mark.parametrize(("name", "column"), ARTICLES.items())
def test_articles_suit_the_word_behind_them(name: str, column: str) -> None:
    consonants = {"Uruguayan"}  # begins like "you"
    for row in rows(name):
        vowel = row[column][0].lower() in "aeiou" and row[column] not in consonants
        assert row["a"] == ("an" if vowel else "a"), row


def test_a_given_name_belongs_to_one_gender_and_one_origin() -> None:
    assert max(Counter(row["given"] for row in read_list("given_names").to_pylist()).values()) == 1


def test_occupations_do_not_name_a_gender() -> None:
    words = {word for row in rows("occupations") for word in row["occupation"].split()}
    told = {word for word in words if word.endswith(("man", "woman", "ess", "wife", "lady", "girl", "boy"))}
    assert told == set()


def test_two_cities_of_every_country_and_its_capital_among_them() -> None:
    capitals = {row["country"]: row["capital"] for row in rows("countries")}
    cities = rows("cities")
    assert Counter(row["country"] for row in cities) == dict.fromkeys(capitals, 2)
    assert {row["country"]: row["city"] for row in cities if row["capital"] == "yes"} == capitals


def test_countries_are_those_of_their_codes() -> None:
    known = Cldr("en").territories
    assert [row["country"] for row in rows("countries")] == [known[row["iso"]] for row in rows("countries")]


def test_the_origins_of_the_setting_are_those_of_the_list() -> None:
    assert tuple(names_by_origin()) == ORIGINS


@pytest.mark.parametrize("pairings", [1, MOST_PAIRINGS])
def test_family_names_say_nothing_about_gender_or_given_name(pairings: int) -> None:
    """Every gender of an origin has every family equally often, and every given name as many families."""
    feminine = {row["feminine"]: row["family"] for row in rows("family_names")}
    people = rows("people", pairings=pairings)
    families = Counter((row["origin"], row["gender"], feminine.get(row["family"], row["family"])) for row in people)
    given = Counter((row["origin"], row["gender"], row["given"]) for row in people)
    assert set(families.values()) == {pairings}
    assert set(given.values()) == {pairings}
    assert set(sizes("people", pairings=pairings).values()) == {40 * pairings}
    assert len({row["name"] for row in people}) == len(people)


def test_nobody_widely_known_is_among_the_people() -> None:
    known = {(row["given"], row["family"]) for row in read_list("known").to_pylist()}
    given = {row["given"] for row in rows("given_names")}
    families = {row[form] for row in rows("family_names") for form in ("family", "feminine")}
    assert all(one in given and other in families for one, other in known)  # else the entry forbids nothing
    assert not known & {(row["given"], row["family"]) for row in rows("people", pairings=MOST_PAIRINGS)}


def test_neutral_people_bear_names_of_both_lists_and_say_they() -> None:
    people = rows("people", genders=["neutral"], origins=["polish"])
    assert Counter(row["listed"] for row in people) == {"female": 20, "male": 20}
    assert {(row["they"], row["are"], row["title"]) for row in people} == {("they", "are", "Mx")}
    assert {row["listed"] for row in people if row["family"].endswith("ska")} == {"female"}


def test_the_order_of_a_name_follows_the_setting() -> None:
    def name(origin: str, order: str) -> tuple[str, str, str]:
        row = rows("people", origins=[origin], order=order)[0]
        return row["name"], row["given"], row["family"]

    full, given, family = name("korean", "native")
    assert full == f"{family} {given}"
    full, given, family = name("korean", "western")
    assert full == f"{given} {family}"
    full, given, family = name("greek", "native")
    assert full == f"{given} {family}"


def test_new_pronouns_come_when_asked_for() -> None:
    assert [row["they"] for row in rows("pronouns")] == ["she", "he", "they"]
    assert [row["they"] for row in rows("pronouns", new=True)] == ["she", "he", "they", "xe", "ze", "ey"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"origins": ["german", "korian"]}, "did you mean 'korean'"),
        ({"origins": []}, "origins: must not be empty"),
        ({"genders": ["male", "male"]}, "genders: holds 'male' twice"),
        ({"pairings": 6}, "pairings: must be from 1 to 5, got 6"),
        ({"order": "eastern"}, "order"),
    ],
)
def test_wrong_settings_are_refused_at_their_key(config: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        rows("people", **config)
    assert said in str(caught.value)


RECIPE = """
[recipe]
name = "people"
rows = 600
seed = 5
[task]
fields = ["text"]
[factors.person]
table = "entities.people"
role = "protected"
keep = ["name", "given", "they"]
[factors.job]
table = "entities.occupations"
[[factors.template.values]]
name = "a"
text = "{{{{ person }}}} is {{{{ job.a }}}} {{{{ job }}}}; {{{{ person.they }}}} {{{{ person.are }}}} in."
[design]
{design}
[[step]]
generate = "template"
"""


def run(folder: Path, design: str = "") -> Any:
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(design=design), encoding="utf-8")
    return fl.Recipe.load(path).run(folder / "out")


def test_by_default_gender_and_origin_come_out_even(tmp_path: Path) -> None:
    """600 rows, nothing said about balance: 200 of each gender, 37 or 38 of each of 16 origins."""
    data = run(tmp_path).table
    assert set(Counter(data.column("person.gender").to_pylist()).values()) == {200}
    assert set(Counter(data.column("person.origin").to_pylist()).values()) <= {37, 38}
    assert set(Counter(data.column("job.field").to_pylist()).values()) == {75}


def test_crossed_groups_come_out_even_and_spans_point_at_their_values(tmp_path: Path) -> None:
    data = run(tmp_path, 'cross = ["person.gender", "person.origin"]').table.to_pylist()
    assert set(Counter((row["person.gender"], row["person.origin"]) for row in data).values()) <= {12, 13}
    for row in data:
        for span in row["text.spans"]:
            assert row["text"][span["start"] : span["end"]] == span["value"]
        assert row["text"].startswith(row["person.name"])


APART = """
[recipe]
name = "apart"
rows = 320
[task]
fields = ["text"]
[factors.first]
table = "entities.given_names"
[factors.last]
table = "entities.family_names"
match = { origin = "first.origin" }
[[factors.template.values]]
name = "a"
text = "{{ first }} {{ last }}"
[[step]]
generate = "template"
"""


def test_given_and_family_names_can_be_tied_by_origin(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(APART, encoding="utf-8")
    data = fl.Recipe.load(tmp_path / "recipe.toml").run(tmp_path / "out").table.to_pylist()
    assert all(row["first.origin"] == row["last.origin"] for row in data)
    assert set(Counter((row["first.gender"], row["first.origin"]) for row in data).values()) == {10}


@pytest.mark.parametrize("locale", ["fr", "pl", "de"])
def test_blanks_inside_numbers_are_no_fault_of_structure(tmp_path: Path, locale: str) -> None:
    amount = f"[factors.sum]\nsample = 'values.amount'\nmin = 10_000\nmax = 99_999\nlocale = '{locale}'\n"
    recipe = APART.replace("[[step]]", f"{amount}[[step]]")
    recipe = recipe.replace("{{ last }}", "{{ last }} owes {{ sum }}.") + '[[step]]\nfilter = "text.structure"\n'
    (tmp_path / "recipe.toml").write_text(recipe, encoding="utf-8")
    run = fl.Recipe.load(tmp_path / "recipe.toml").run(tmp_path / "out")
    assert run.table.num_rows == 320
    assert not run.manifest["rejected"]
