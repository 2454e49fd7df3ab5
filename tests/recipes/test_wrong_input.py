"""Wrong input, as a user meets it: one clear line with its place, the right exit code, nothing written or lost."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairloom.cli import main
from fairloom.inducing.induce import induce
from fairloom.probing.probe import probe
from fairloom.problems import RecipeError, RunError
from fairloom.profiling.profile import profile
from fairloom.recipe import Recipe
from fairloom.results import Run
from fairloom.weaving import engine
from fairloom.weaving.store import open_folder

STEP = '[[step]]\nfilter = "text.length"'
PICKY = '[[step]]\nname = "picky"\nfilter = "./my_filters.py:picky"'
PEOPLE = 'from = "people.csv"'
DRAW = '[[step]]\ngenerate = "template"'
SEED = "seed = 7"
KEEP = 'keep = ["given"]'
OVER = 'over = ["label", "person.gender", "person.origin"]'
COMPARED = """[reference.real]
read = "read.csv"
path = "real.csv"

[[gate]]
metric = "compare.lengths"
against = "real"
max = 1

[export]"""
TEMPLATE = '"Hello, {{ person.given }} lost the key to room {{ room }} on the {{ floor }} floor."'


def rule(text: str) -> tuple[str, str]:
    return (DRAW, f"{text}\n\n{DRAW}")


def pattern(text: str) -> tuple[str, str]:
    return (STEP, f'{STEP}\n\n[[step]]\nfilter = "text.pattern"\nmust_not = [{text}]')


# -- one thing wrong: (edits, files, the line said) ---------------------------------------------------------------

ONE: dict[str, tuple[list[tuple[str, str]], dict[str, str | bytes], str]] = {
    "unknown key": ([(SEED, "sede = 7")], {}, "recipe.toml:5:1: recipe.sede: unknown key 'sede'; did you mean 'seed'?"),
    "unknown table": ([("[task]", "[taks]")], {}, "recipe.toml:8:2: taks: unknown key 'taks'; did you mean 'task'?"),
    "unknown key of a component": (
        [(STEP, STEP + "\nwordz = 3")],
        {},
        "recipe.toml:53:1: step[2].wordz: unknown key 'wordz'; did you mean 'words'?",
    ),
    "wrong type": (
        [("rows = 60", 'rows = "many"')],
        {},
        "recipe.toml:6:1: recipe.rows: must be an integer or 'all', got the string 'many'",
    ),
    "wrong type in a component": (
        [(OVER, 'over = "label"')],
        {},
        "recipe.toml:64:1: gate[0].over: must be an array, got the string 'label'; write [\"label\"]",
    ),
    "unknown component": (
        [("text.length", "text.lenght")],
        {},
        "recipe.toml:52:1: step[2].filter: plugin 'text' has no filter 'lenght'; did you mean 'text.length'?",
    ),
    "unknown plugin": (
        [("text.length", "txt.length")],
        {},
        "recipe.toml:52:1: step[2].filter: no plugin 'txt' is installed; did you mean 'text'?",
    ),
    "wrong kind of component": (
        [("text.length", "text.lengths")],
        {},
        "recipe.toml:52:1: step[2].filter: text.lengths is a metric; this key needs a filter",
    ),
    "wrong kind of sampler": (
        [('use = "design.balanced"', 'use = "values.integer"')],
        {},
        "recipe.toml:41:1: design.use: values.integer is a value sampler; this key needs a design sampler",
    ),
    "missing file": (
        [(PEOPLE, 'from = "peple.csv"')],
        {},
        "recipe.toml:25:1: factors.person.from: there is no file 'peple.csv'",
    ),
    "missing reference": (
        [("[export]", COMPARED)],
        {},
        "recipe.toml:71:12: reference.real: there is no file 'real.csv'",
    ),
    "missing local file": (
        [("./my_filters.py", "./my_filter.py")],
        {},
        "recipe.toml:56:1: step[3].filter: there is no file './my_filter.py'; did you mean './my_filters.py'?",
    ),
    "no component of that name": (
        [("py:picky", "py:pick")],
        {},
        "recipe.toml:56:1: step[3].filter: ./my_filters.py defines no 'pick'; did you mean 'picky'?",
    ),
    "a function that is no component": (
        [("py:picky", "py:_share")],
        {},
        "recipe.toml:56:1: step[3].filter: '_share' in ./my_filters.py is a function, not a component",
    ),
    "empty table": (
        [],
        {"people.csv": ""},
        "recipe.toml:25:1: factors.person.from: people.csv: the table is empty: it has no header",
    ),
    "table without rows": (
        [],
        {"people.csv": "id,given,gender,origin,their\n"},
        "recipe.toml:25:1: factors.person.from: people.csv: the table is empty: it has no rows",
    ),
    "ragged table": (
        [],
        {"people.csv": "id,given,gender,origin,their\na,A,woman,north,her\nb,B,man\n"},
        "recipe.toml:25:1: factors.person.from: people.csv:3: expected 5 columns, found 3",
    ),
    "table that is not UTF-8": (
        [],
        {"people.csv": b"id,given,gender,origin,their\na,Jos\xe9,woman,north,her\n"},
        "recipe.toml:25:1: factors.person.from: people.csv: is not UTF-8 (byte 34)",
    ),
    "no values": (
        [('values = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"]', "values = []")],
        {},
        "recipe.toml:32:1: factors.floor.values: must not be empty",
    ),
    "unknown axis": (
        [('cross = ["label", "person.gender"', 'cross = ["label", "persn.gender"')],
        {},
        "recipe.toml:42:19: design.cross[1]: there is no factor 'persn'; did you mean 'person'?",
    ),
    "unknown attribute in cross": (
        [('cross = ["label", "person.gender"', 'cross = ["label", "person.gendr"')],
        {},
        "recipe.toml:42:19: design.cross[1]: 'person' has no column 'gendr'; did you mean 'gender'?",
    ),
    "an axis twice in independent": (
        [('["label", "template"]', '["label", "template", "template"]')],
        {},
        "recipe.toml:43:58: design.independent[1][2]: 'template' stands here twice",
    ),
    "unknown attribute in independent": (
        [('["label", "floor"]', '["label", "floor.hight"]')],
        {},
        "recipe.toml:43:26: design.independent[0][1]: 'floor' has no column 'hight'; known: value",
    ),
    "unknown attribute in balance": (
        [('balance = ["gender"', 'balance = ["gendr"')],
        {},
        "recipe.toml:28:12: factors.person.balance[0]: no column 'gendr'; did you mean 'gender'?",
    ),
    "unknown attribute in a gate": (
        [('over = ["label", "person.gender"', 'over = ["label", "person.gendr"')],
        {},
        "recipe.toml:64:18: gate[0].over[1]: factor 'person' has no attribute 'gendr'; did you mean 'gender'?",
    ),
    "a rule that leaves a label without rows": (
        [rule("require = [\"label != 'quiet'\"]")],
        {},
        "recipe.toml:45:12: design.require[0]: no row can have label = 'quiet': \"label != 'quiet'\" excludes it",
    ),
    "a rule that leaves a level without rows": (
        [rule("require = [\"person.gender == 'woman'\"]")],
        {},
        "recipe.toml:45:12: design.require[0]: no row can have person.gender = 'man': no level of person satisfies",
    ),
    "rules that contradict each other": (
        [rule("require = [\"floor == 'first'\"]\nforbid = [\"floor == 'first'\"]")],
        {},
        (
            "recipe.toml:45:12: design.require[0]: no row is possible: no level of floor satisfies "
            "\"floor == 'first'\" and \"not (floor == 'first')\""
        ),
    ),
    "rules that contradict each other for two labels": (
        [
            rule(
                "require = [\"person.gender == 'woman' or label == 'quiet'\", "
                "\"person.gender == 'man' or label == 'quiet'\"]"
            )
        ],
        {},
        "no row can have label = 'key_lost' or label = 'late_out': no level of person satisfies",
    ),
    "a rule that is no condition": (
        [rule("require = [\"person.gender === 'woman'\"]")],
        {},
        "recipe.toml:45:12: design.require[0]: not a condition: invalid syntax (at character 17 of",
    ),
    "templates that are no tables": (
        [
            (
                'from = "templates.toml"\nrole = "surface"\nmatch = { label = "label" }\nkey = "name"',
                'values = ["Hello"]',
            )
        ],
        {},
        "has no column 'text' for the task field 'text'; write values = [{ text = \"...\" }]",
    ),
    "templates of a label that the task does not have": (
        [("quiet = { definition", "quite = { definition")],
        {},
        "which is no label of the task; did you mean 'quite'?",
    ),
    "a model that is trained on a file that is not there": (
        [
            (
                STEP,
                '[predictors.words]\nuse = "predict.sklearn"\ntrain = ["seen"]\n\n'
                '[reference.seen]\nread = "read.csv"\npath = "sene.csv"\n\n' + STEP,
            )
        ],
        {},
        "reference.seen: there is no file 'sene.csv' in ",
    ),
    "rows that do not fill families": (
        [
            ("rows = 60", "rows = 241"),
            ('independent = [["label", "floor"], ["label", "template"]]', 'within = ["floor"]'),
        ],
        {},
        "recipe.toml:6:1: recipe.rows: 241 rows do not fill families of 7 (floor); use a multiple, such as 238",
    ),
    "a step name twice": (
        [('name = "picky"', 'name = "text.length"')],
        {},
        "recipe.toml:54:3: step[3]: another step has the name 'text.length'; the name keys its randomness",
    ),
    "a filter first": (
        [(DRAW + "\n", "")],
        {},
        'recipe.toml:46:3: step[0]: the first step must generate rows; begin with generate = "template"',
    ),
    "shares that do not sum to 1": (
        [("test = 0.25", "test = 0.35")],
        {},
        "recipe.toml:72:1: export.split: the shares must sum to 1, got 1.1",
    ),
    "a split that is no folder": (
        [("test = 0.25", '"../test" = 0.25')],
        {},
        "recipe.toml:72:25: export.split.../test: '../test' is no name for a folder",
    ),
    "an unknown format": (
        [("[export]", '[export]\nformats = ["write.jsonl", "write.xml"]')],
        {},
        "recipe.toml:72:27: export.formats[1]: plugin 'write' has no writer 'xml'",
    ),
    "a gate without a bound": (
        [(OVER + "\nmax = 1", OVER)],
        {},
        "recipe.toml:61:3: gate[0]: a gate without a bound decides nothing; give min or max, or both for a band",
    ),
    "look-behind": (
        [pattern("'(?<=a)b'")],
        {},
        "recipe.toml:56:13: step[3].must_not[0]: '(?<=a)b' is not a pattern: invalid perl operator: (?<=",
    ),
    "a repetition that would burn memory": (
        [pattern("'((a{1000}){1000}){1000}'")],
        {},
        "recipe.toml:56:13: step[3].must_not[0]: '((a{1000}){1000}){1000}' is not a pattern: invalid repetition size",
    ),
    "a path with ..": (
        [(PEOPLE, 'from = "../people.csv"')],
        {},
        "recipe.toml:25:1: factors.person.from: '../people.csv' leaves the recipe's folder; copy the file beside",
    ),
    "an absolute path": (
        [(PEOPLE, 'from = "/etc/passwd"')],
        {},
        "recipe.toml:25:1: factors.person.from: '/etc/passwd' leaves the recipe's folder",
    ),
    "a URL": (
        [(PEOPLE, 'from = "https://example.org/people.csv"')],
        {},
        "recipe.toml:25:1: factors.person.from: 'https://example.org/people.csv' is not a file path",
    ),
    "a path too long": (
        [(PEOPLE, f'from = "{"a" * 5000}"')],
        {},
        "cannot be opened: File name too long",
    ),
    "a folder for a file": (
        [(PEOPLE, 'from = "."')],
        {},
        "recipe.toml:25:1: factors.person.from: '.' is not a regular file",
    ),
    "extends outside": (
        [("[recipe]", '[recipe]\nextends = "../base.toml"')],
        {},
        "recipe.toml:3:1: recipe.extends:",
    ),
    "extends in a circle": (
        [("[recipe]", '[recipe]\nextends = "base.toml"')],
        {"base.toml": '[recipe]\nextends = "recipe.toml"\n'},
        "base.toml:2:1: recipe.extends: recipes extend each other in a circle: recipe.toml -> base.toml -> recipe.toml",
    ),
    "an error in the base": (
        [("[recipe]", '[recipe]\nextends = "base.toml"')],
        {"base.toml": "[recipe]\nsede = 3\n"},
        "base.toml:2:1: recipe.sede: unknown key 'sede'; did you mean 'seed'?",
    ),
    "env where it is not allowed": (
        [(SEED, 'seed = { env = "SEED" }')],
        {},
        "recipe.toml:5:1: recipe.seed: this value cannot come from an environment variable",
    ),
    "env that is not set": (
        [("[export]", '[export]\nto = { env = "FAIRLOOM_NO_SUCH" }')],
        {},
        "recipe.toml:72:1: export.to: the environment variable 'FAIRLOOM_NO_SUCH' is not set",
    ),
    "TOML syntax": ([(SEED, "seed = = 7")], {}, "recipe.toml:5:8: not valid TOML: Invalid value"),
    "a key twice": (
        [(SEED, "seed = 7\nseed = 8")],
        {},
        "recipe.toml:6:9: not valid TOML: Cannot overwrite a value; write every key of a table once",
    ),
    "an empty recipe": ([], {"recipe.toml": ""}, "recipe.toml:1:1: required key 'recipe' is missing"),
    "a binary recipe": ([], {"recipe.toml": bytes(range(256))}, "is not UTF-8 text: byte 0x80"),
    "a huge recipe": ([], {"recipe.toml": "# x\n" * 500_000}, "'recipe.toml' is larger than 1,000,000 bytes"),
    "another encoding": (
        [],
        {"recipe.toml": "[recipe]\nname = 'fr\u00f6nt'\n".encode("latin-1")},
        "recipe.toml:2:11: is not UTF-8 text: byte 0xf6; save the file as UTF-8",
    ),
    "nesting": ([], {"recipe.toml": "a = " + "[" * 2000 + "]" * 2000}, "recipe.toml: not readable as TOML"),
}


@pytest.mark.parametrize("case", ONE)
def test_one_problem_one_line(bench: Any, case: str) -> None:
    edits, files, said = ONE[case]
    problems = bench.edit(*edits, files=files).refused()
    assert len(problems) == 1, problems
    assert said in problems[0]


TEMPLATES = {
    "unknown factor": ("{{ persn.given }}", "there is no factor 'persn'; did you mean 'person'?"),
    "unknown attribute": ("{{ person.givn }}", "factor 'person' has no attribute 'givn'; did you mean 'given'?"),
    "unknown filter": ("{{ person.given | uppr }}", "there is no filter 'uppr'; did you mean 'upper'?"),
    "brace left open": ("{{ person.given", "not a template: unexpected end of template"),
    "brace opened twice": ("{{ person.given {{ room }}", "not a template: expected token 'end of print statement'"),
    "block left open": ("{% if room %} x", "The innermost block that needs to be closed is 'if'"),
    "a text of 10**9": ("{{ 'a' * 10 ** 9 }}", "a template cannot use"),
    "10**12 rounds": ("{% for i in range(10 ** 12) %}x{% endfor %}", "a template cannot use `call`"),
    "power": ("{{ 9 ** 9 ** 9 }}", "a template cannot use `pow`"),
    "padding": ("{{ person.given | center(10000000000) }}", "there is no filter 'center'"),
    "format": ("{{ '%1000000000d' % room }}", "a template cannot use `mod`"),
    "escape": ("{{ ''.__class__.__mro__ }}", "nothing beyond it"),
    "include": ("{% include '/etc/passwd' %}", "a template cannot use `include`"),
    "parentheses": ("{{ " + "(" * 5000 + "room" + ")" * 5000 + " }}", "nested too deep"),
    "branches in branches": ("{% if room %}" * 300 + "{% endif %}" * 300, "nested too deep"),
    "replacing in a value": (
        "{{ person.given" + " | replace('', 'aaaaaaaaaaaaaaaaaaaa')" * 10 + " }}",
        "the filters on person.given make too long a text; max_characters = 20,000",
    ),
    "a template too long": ("{{ room }}" * 5000, "more than max_characters = 20,000"),
}


def template(bench: Any, text: str) -> Any:
    old = (bench.root / "templates.toml").read_text("utf-8")
    return bench.edit(
        files={"templates.toml": old.replace(TEMPLATE, f"'''{text}'''" if "'" not in text else json.dumps(text))}
    )


@pytest.mark.parametrize("case", TEMPLATES)
def test_wrong_templates(bench: Any, case: str) -> None:
    text, said = TEMPLATES[case]
    began = time.process_time()
    problems = template(bench, text).refused()
    assert time.process_time() - began < 3.0
    assert len(problems) == 1, problems
    place = "recipe.toml:(19:1: factors.template|25:1: factors.person).from: template 'key-1', column 'text'"
    assert re.match(place, problems[0])
    assert said in problems[0]


LIST = "[" + ",".join(["1"] * 200) + "]"
BOMBS = {
    "loops in loops": (f"{{% for i in {LIST} %}}" * 8 + "x" + "{% endfor %}" * 8, "more than 10,000 steps for one row"),
    "doubling": ("{% set a = 'xxxxxxxx' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}", "max_characters = 20,000"),
    "replacing": (
        "{{ 'aaaaaaaaaa'" + " | replace('a', 'aaaaaaaaaaaaaaaaa')" * 10 + " }}",
        "more than 20,000 characters",
    ),
}


@pytest.mark.parametrize("case", BOMBS)
def test_templates_that_would_burn_memory_or_time(bench: Any, case: str) -> None:
    text, said = BOMBS[case]
    began = time.process_time()
    run = template(bench, text).call("run", "--quiet")
    assert time.process_time() - began < 3.0
    assert run.code == 3
    assert "step 'template' (template): template 'key-1', column 'text'" in run.err
    assert said in run.err


def test_patterns_are_linear(bench: Any) -> None:
    """Patterns that bring backtracking engines to a stop."""
    long = "a" * 15_000
    bench = template(bench, f"{{{{ person.given }}}} lost {long}! {{{{ room }}}}")
    bench.edit(pattern("'(a+)+$', '(a|aa)+$', '(.*a){25}b'"))
    began = time.process_time()
    assert bench.call("run", "--quiet").code in {0, 1}
    assert time.process_time() - began < 5.0


def test_several_problems_are_said_at_once_in_order(bench: Any) -> None:
    bench.edit(
        (PEOPLE, 'from = "peple.csv"'),
        ("max = 999", "max = 9"),
        ("text.length", "text.lenght"),
        ("py:picky", "py:pick"),
        ("max = 1", "maxi = 1"),
        ("[export]", '[export]\nformats = ["write.jsnl"]'),
    )
    problems = bench.refused()
    places = [int(problem.split(":")[1]) for problem in problems]
    assert places == sorted(places)
    for said in ("factors.person.from", "factors.room.max", "step[2].filter", "step[3].filter", "gate[0].maxi"):
        assert any(said in problem for problem in problems), said
    assert "export.formats[0]" in problems[-1]
    assert bench.call("check").err.endswith("7 problems\n")


def test_several_problems_of_the_recipe_itself(bench: Any) -> None:
    problems = bench.edit((SEED, "sede = 7"), ("rows = 60", 'rows = "x"'), ("test = 0.25", "test = 0.5")).refused()
    assert [problem.split(": ")[1] for problem in problems] == ["recipe.sede", "recipe.rows", "export.split"]


def test_a_reference_that_is_no_table_is_named_when_it_is_read(bench: Any) -> None:
    said = bench.edit(("[export]", COMPARED), files={"real.csv": "text,text\na,b\n"}).call("run", "--quiet")
    assert said.code == 2
    assert said.problems == ["recipe.toml:73:1: reference.real.path: real.csv has more than one column 'text'"]


def test_no_step_at_all(bench: Any) -> None:
    text = bench.recipe.read_text("utf-8")
    problems = bench.edit(files={"recipe.toml": text.split("[[step]]")[0]}).refused()
    assert "step: the recipe has no [[step]]; begin with generate =" in problems[0]


# -- paths and --allow --------------------------------------------------------------------------------------------


@pytest.fixture
def outside(bench: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    shutil.move(bench.root / "people.csv", folder / "people.csv")
    return folder


def test_a_link_that_leaves_the_folder(bench: Any, outside: Path) -> None:
    (bench.root / "people.csv").symlink_to(outside / "people.csv")
    assert (
        f"'people.csv' leaves the recipe's folder; copy the file beside the recipe, or allow its folder with "
        f"--allow {outside}" in bench.refused()[0]
    )
    assert bench.call("check", "--allow", outside).code == 0


def test_allowed_folders_may_be_read(bench: Any, outside: Path) -> None:
    bench.edit((PEOPLE, f'from = "{outside}/people.csv"'))
    assert "leaves the recipe's folder" in bench.refused()[0]
    assert "there is no such folder" in bench.refused("--allow", outside / "nope")[0]
    assert bench.call("check", "--allow", outside).code == 0


def test_arguments_that_take_several_take_no_single_text(bench: Any, outside: Path) -> None:
    """Of ``allow="/data"`` the first letter is the root of everything."""
    bench.edit((PEOPLE, f'from = "{outside}/people.csv"'))
    recipe = Recipe.load(bench.recipe)
    calls: dict[str, Callable[[], object]] = {
        "allow takes a list": lambda: recipe.run(bench.out, allow=str(outside)),
        "set takes a list": lambda: Recipe.load(bench.recipe, set="recipe.rows=3"),  # type: ignore[arg-type]
        "workers is 1 or more, got 0": lambda: recipe.run(bench.out, allow=[outside], workers=0),
        "replay is 'off' or 'only', got 'yes'": lambda: recipe.run(bench.out, allow=[outside], replay="yes"),  # type: ignore[arg-type]
        "paths takes a list": lambda: induce(str(bench.recipe)),
        "axes takes a list": lambda: profile(outside / "people.csv", axes="gender"),
        "by takes a list": lambda: probe(recipe, "./model.py:f", by="label"),
    }
    for said, call in calls.items():
        with pytest.raises(RecipeError, match=said):
            call()
    assert not bench.out.exists()


@pytest.mark.usefixtures("outside")
def test_links_in_a_circle(bench: Any) -> None:
    (bench.root / "people.csv").symlink_to(bench.root / "people.csv")
    assert "factors.person.from: 'people.csv'" in bench.refused()[0]


def test_a_python_file_may_not_leave_the_folder(bench: Any, outside: Path) -> None:
    shutil.move(bench.root / "my_filters.py", outside)
    (bench.root / "my_filters.py").symlink_to(outside / "my_filters.py")
    assert "step[3].filter: './my_filters.py' leaves the recipe's folder" in bench.refused()[-1]


@pytest.mark.parametrize("to", ["../out", "/tmp/out", "s3://bucket/out"])
def test_the_recipe_sends_no_output_outside(bench: Any, to: str) -> None:
    run = bench.edit(("[export]", f'[export]\nto = "{to}"')).call("check")
    assert run.code == 0, "only a run writes"
    assert main(["run", str(bench.recipe)]) == 2
    assert (
        f"recipe.toml:72:1: export.to: {to!r} leaves the recipe's folder; say it yourself with --to DIR"
        in bench.read()[1]
    )


# -- profiles and --set -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--profile", "smok"), "the recipe has no profile 'smok'"),
        (("--set", "recpe.rows=3"), "--set: the recipe has no table 'recpe'; did you mean 'recipe'?"),
        (("--set", "recipe.rowz=3"), "--set: recipe.rowz: unknown key 'rowz'; did you mean 'rows'?"),
        (("--set", "factors.persn.role=surface"), "no table 'factors.persn'; did you mean 'person'?"),
        (("--set", "step.pcky.share=0.1"), "--set: step: has no entry of its own named 'pcky'; did you mean 'picky'?"),
        (("--set", "recipe.rows"), "--set takes KEY=VALUE, got 'recipe.rows'; for example --set recipe.rows=600"),
        (("--set", "recipe.rows=[1"), "--set: recipe.rows: the value '[1' is not valid TOML"),
        (("--set", "recipe.rows=abc"), "--set: recipe.rows: must be an integer or 'all', got the string 'abc'"),
    ],
)
def test_wrong_calls(bench: Any, arguments: tuple[str, str], said: str) -> None:
    problems = bench.refused(*arguments)
    assert len(problems) == 1
    assert said in problems[0]


def test_no_recipe_and_no_place(bench: Any, tmp_path: Path) -> None:
    assert main(["check", str(tmp_path / "nope.toml")]) == 2
    assert "there is no recipe at" in bench.read()[1]
    assert main(["run", str(bench.recipe)]) == 2
    assert "recipe.toml:71:2: export.to: the recipe does not say where the run goes; give --to DIR" in bench.read()[1]


def test_a_missing_extra_is_named(bench: Any) -> None:
    """Converting needs what the extra brings; the message says which."""
    bench.call("run", "--quiet")
    code = (
        "import sys; sys.modules['polars'] = None\nimport fairloom as fl\n"
        f"try: fl.Run.open({str(bench.out)!r}).table.to_polars()\nexcept fl.RunError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "fairloom[' in done.stdout


# -- gates --------------------------------------------------------------------------------------------------------


def test_a_gate_on_a_column_that_does_not_exist(bench: Any) -> None:
    run = bench.edit(('over = ["label", ', 'over = ["labl", ')).call("run")
    assert run.code == 1
    assert "not computed  the data have no column 'labl'; did you mean 'label'?" in run.out


def test_a_gate_on_a_figure_that_does_not_exist(bench: Any) -> None:
    run = bench.edit((OVER + "\nmax = 1", OVER + '\nmax = 1\nof = "nope"')).call("run")
    assert run.code == 1
    assert "the metric has no figure 'nope'; it has: " in run.out


# -- the run folder -----------------------------------------------------------------------------------------------


def test_places_that_are_no_folder(bench: Any) -> None:
    (bench.root / "file").write_text("precious", "utf-8")
    said = bench.call("run", "--to", bench.root / "file")
    assert (said.code, said.problems) == (2, ["file is not a folder; give a new or empty folder with --to"])
    said = bench.call("run", "--to", bench.root / "file" / "out")
    assert said.code == 3
    assert "cannot write to file/out: Not a directory; nothing was changed" in said.err
    (bench.root / "loop").symlink_to("loop")
    for where, why in (
        ("loop", "is no place for files: Symlink loop"),
        ("a\0b", "is no place for files: embedded null"),
    ):
        said = bench.call("run", "--to", bench.root / where)
        assert (said.code, why in said.err) == (2, True), said
    said = bench.call("run", "--to", bench.root / ("a" * 300))
    assert said.code == 3
    assert "File name too long; nothing was changed" in said.err
    assert (bench.root / "file").read_text("utf-8") == "precious"


@pytest.mark.parametrize("fresh", [(), ("--fresh",)])
@pytest.mark.parametrize("name", ["thesis.txt", "data/mine.csv", "README.md", "manifest.json"])
def test_a_folder_with_other_things_is_left_alone(bench: Any, name: str, fresh: tuple[str, ...]) -> None:
    """Names that a run uses too are no proof that a run wrote them."""
    file = bench.out / name
    file.parent.mkdir(parents=True)
    file.write_text('{"name": "mine"}', "utf-8")
    said = bench.call("run", *fresh)
    assert said.code == 2
    assert f"the folder {bench.root}/out is not empty and holds no run".replace(f"{bench.root}/", "") in said.err
    assert [path for path in bench.out.rglob("*") if path.is_file()] == [file]


def test_fresh_removes_nothing_that_a_run_did_not_write(bench: Any) -> None:
    bench.call("run", "--quiet")
    (bench.out / "notes.txt").write_text("mine", "utf-8")
    mine = bench.out / "data" / "mine.txt"
    mine.write_text("mine", "utf-8")
    said = bench.call("run", "--fresh")
    assert said.code == 2
    assert "out/data/mine.txt was not written by the run that --fresh would replace; move it" in said.err
    mine.unlink()
    assert bench.call("run", "--fresh", "--quiet").code == 0
    assert (bench.out / "notes.txt").read_text("utf-8") == "mine"


def test_a_folder_in_use(bench: Any) -> None:
    held = open_folder(bench.out)
    try:
        for fresh in ((), ("--fresh",)):
            said = bench.call("run", *fresh)
            assert said.code == 3
            assert "out is in use by another run; wait for it to end, or give another folder with --to" in said.err
    finally:
        held.close()
    assert not list(bench.out.iterdir())


def test_a_folder_that_cannot_be_written(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the answer of the system is made up."""
    bench.out.mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunError, match="the folder is read-only; nothing was changed"):
        open_folder(bench.out)
    monkeypatch.undo()
    assert bench.call("run", "--quiet").code == 0, "the lock was let go"


def test_a_second_call_does_nothing_and_says_so(bench: Any) -> None:
    first = bench.call("run")
    before = {path: path.stat().st_mtime_ns for path in bench.out.rglob("*")}
    second = bench.call("run")
    assert (second.code, second.out) == (
        0,
        "nothing to do: out holds this run already (--fresh makes it again)\n" + first.out,
    )
    assert {path: path.stat().st_mtime_ns for path in bench.out.rglob("*")} == before
    assert bench.call("run", "--quiet").out == ""


def test_another_run_is_not_mixed_in(bench: Any) -> None:
    bench.call("run", "--quiet")
    before = (bench.out / "manifest.json").read_bytes()
    said = bench.call("run", "--set", "recipe.seed=9")
    assert said.code == 2
    assert "out holds another run (small 1.0.0: the recipe changed)" in said.err
    assert "--fresh to replace it" in said.err
    people = bench.root / "people.csv"
    people.write_text(people.read_text("utf-8").replace("Astrid", "Asta"), "utf-8")
    assert "(small 1.0.0: people.csv changed)" in bench.call("run").err
    assert bench.call("run", "--fresh", "--set", "recipe.seed=-9").code == 2
    assert (bench.out / "manifest.json").read_bytes() == before
    assert bench.call("run", "--fresh", "--quiet").code == 0
    assert (bench.out / "manifest.json").read_bytes() != before


def test_a_folder_that_is_taken_away_keeps_nothing(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = engine.final_pass
    monkeypatch.setattr(engine, "final_pass", lambda *given: shutil.rmtree(bench.out) or whole(*given))
    said = bench.call("run", "--quiet")
    assert said.code == 3
    assert "what the run had written there was taken away; run the same command again to start anew" in said.err
    monkeypatch.undo()
    assert bench.call("run", "--quiet").code == 0


def test_parts_of_which_nobody_knows_the_run_are_not_gone_on_with(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill while a run is being removed may leave its journal and its parts and no identity."""
    monkeypatch.setattr(engine, "final_pass", lambda *_: 1 / 0)
    assert bench.call("run", "--quiet").code == 3
    monkeypatch.undo()
    (bench.out / ".work" / "identity.json").unlink()
    assert bench.call("run", "--quiet", "--set", "recipe.seed=8").code == 0
    assert bench.call("verify", bench.out, "--rebuild").code == 0


def test_a_run_that_finished_no_part_makes_way(bench: Any) -> None:
    good = (bench.root / "templates.toml").read_text("utf-8")
    template(bench, "{{ 'aaaaaaaaaa'" + " | replace('a', 'aaaaaaaaaaaaaaaaa')" * 10 + " }}")
    assert bench.call("run").code == 3
    assert (bench.out / ".work").is_dir()
    (bench.root / "templates.toml").write_text(good, "utf-8")
    assert bench.call("run", "--quiet").code == 0


def test_rows_that_were_lost_or_cut_are_no_finished_run(bench: Any) -> None:
    """Whoever reads fewer rows than the run wrote is told, and `run` does not say that there is nothing to do."""
    bench.call("run", "--quiet")
    (bench.out / "data" / "test" / "more.parquet").write_bytes(b"not of the run, and not read")
    readers: tuple[tuple[str | Path, ...], ...] = (
        ("run",),
        ("explain", bench.out, "#1"),
        ("probe", bench.out, "--model", "./model.py:f"),
        (
            "profile",
            bench.root / "people.csv",
            "--axes",
            "label=gender",
            "-o",
            bench.root / "p",
            "--force",
            "--beside",
            bench.out,
        ),
    )
    part = bench.out / "data" / "test" / "part-00001.parquet"
    whole = part.read_bytes()
    for content, damage in ((whole[:-9], "is not as the run wrote it"), (None, "is missing")):
        part.unlink()
        if content is not None:
            part.write_bytes(content)
        for command in readers:
            said = bench.call(str(command[0]), *command[1:])
            assert said.code == 3, command
            assert f"data/test/part-00001.parquet {damage}; `fairloom verify" in said.err
        with pytest.raises(RunError, match=damage):
            _ = Run.open(bench.out).table
    (bench.out / "data" / "test" / "more.parquet").unlink()
    assert bench.call("run", "--fresh", "--quiet").code == 0
    assert part.read_bytes() == whole


def test_papers_that_were_cut_or_edited_are_named(bench: Any) -> None:
    bench.call("run", "--quiet")
    with pytest.raises(RunError, match="has no split 'tets'; did you mean 'test'"):
        Run.open(bench.out).split("tets")
    for name, content in itertools.product(("measurements", "certificate", "manifest"), ('{"a": 1', "[1]", "[" * 9999)):
        good = (bench.out / f"{name}.json").read_bytes()
        (bench.out / f"{name}.json").write_text(content, "utf-8")
        for command in (("show",), ("report",), ("diff", bench.out), ("probe", "--model", "./model.py:f")):
            said = bench.call(command[0], *command[1:], bench.out)
            assert said.code == 3, command
            assert f"out/{name}.json" in said.err
            assert "unexpected" not in said.err
        (bench.out / f"{name}.json").write_bytes(good)


@pytest.mark.parametrize("content", ["{nope", "[]", '{"version": 3}'])
def test_a_broken_manifest(bench: Any, content: str) -> None:
    bench.call("run", "--quiet")
    (bench.out / "manifest.json").write_text(content, "utf-8")
    for command in (("show",), ("report",), ("diff", bench.out)):
        said = bench.call(*command, bench.out)
        assert said.code == 3, command
        assert "manifest.json" in said.err
        assert "unexpected" not in said.err
    for fresh in ((), ("--fresh",)):
        assert bench.call("run", *fresh).code in {2, 3}
    assert (bench.out / "data").is_dir()
    assert bench.call("verify", bench.out).code == 1


# -- verify and diff ----------------------------------------------------------------------------------------------


def test_verify(bench: Any) -> None:
    (bench.root / "empty").mkdir()
    assert "empty has no manifest.json, so it is not a finished run" in bench.call("verify", bench.root / "empty").err
    assert bench.call("verify", bench.root / "nope").code == 2
    bench.call("run", "--quiet")
    assert bench.call("verify", bench.out).out == "out: every digest holds\n"
    part = next((bench.out / "data").rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    said = bench.call("verify", bench.out)
    assert (said.code, said.problems) == (
        1,
        [f"{part.relative_to(bench.out)}: its bytes differ from what the run wrote"],
    )


def test_rebuilding_a_recipe_that_has_moved(bench: Any, tmp_path: Path) -> None:
    bench.call("run", "--quiet")
    moved = tmp_path / "moved"
    moved.mkdir()
    for file in [path for path in bench.root.iterdir() if path.is_file()]:
        shutil.move(file, moved)
    said = bench.call("verify", bench.out, "--rebuild")
    assert said.code == 3
    assert "the recipe is no longer at recipe.toml; say where it is now with --recipe" in said.err
    said = bench.call("verify", bench.out, "--rebuild", "--recipe", moved / "nope.toml")
    assert said.code == 3
    assert "there is no recipe at" in said.err
    for where in (moved, moved / "recipe.toml"):
        assert bench.call("verify", bench.out, "--rebuild", "--recipe", where).code == 0


def test_diff(bench: Any) -> None:
    bench.call("run", "--quiet")
    other = bench.root / "other"
    bench.call("run", "--quiet", "--to", other, "--set", "recipe.seed=8")
    said = bench.call("diff", bench.out, other)
    assert said.code == 1
    assert "the rows differ" in said.out
    assert "recipe.seed       7      8" in said.out
    assert bench.call("diff", bench.out, bench.out).code == 0
    assert bench.call("diff", bench.out, bench.root).code == 2
