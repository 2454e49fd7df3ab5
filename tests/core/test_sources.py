from __future__ import annotations

import json
import os

import pytest

from fairloom.problems import Problem, RecipeError
from fairloom.reading.origins import Origin, place
from fairloom.reading.sources import MAX_BYTES, read_source


@pytest.fixture
def write(tmp_path):
    def writer(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return writer


@pytest.fixture
def layered(write):
    """A recipe on two bases, with a profile."""
    write("house/deep.toml", '[recipe]\nlicence = "MIT"\nseed = 1\n')
    write("house/base.toml", '[recipe]\nextends = "deep.toml"\nseed = 2\n[parts]\nrows = 5\n[[step]]\ngenerate = "a"\n')
    return write(
        "recipe.toml",
        """\
[recipe]
extends = "house/base.toml"
name = "x"
[task.labels]
l = { definition = "d", cues = ["one", "two"] }
[[step]]
generate = "template"
[[step]]
filter = "text.length"
max = 9
[[step]]
filter = "text.length"
name = "again"
[[gate]]
metric = "balance.gap"
[[gate]]
metric = "balance.gap"
[profile.smoke]
recipe.seed = 3
[profile.smoke.task.labels.l]
cues = []
""",
    )


def only(path, **how):
    with pytest.raises(RecipeError) as caught:
        read_source(path, **how)
    return caught.value.problems


def test_tables_merge_and_arrays_replace(layered):
    source = read_source(layered)
    assert source.tree["recipe"] == {"licence": "MIT", "seed": 2, "name": "x"}
    assert source.tree["parts"] == {"rows": 5}
    assert [step.get("generate") for step in source.tree["step"]] == ["template", None, None]
    assert "profile" not in source.tree
    assert [file.name for file in source.files] == ["recipe.toml", "base.toml", "deep.toml"]
    assert source.root == layered.parent


def test_every_value_knows_its_file_and_line(layered):
    origins = read_source(layered).origins
    house = layered.parent / "house"
    assert origins["recipe", "licence"] == Origin(str(house / "deep.toml"), 2, 1)
    assert origins["recipe", "seed"] == Origin(str(house / "base.toml"), 3, 1)
    assert origins["recipe", "name"] == Origin(str(layered), 3, 1)
    assert origins["recipe",] == Origin(str(layered), 1, 2)
    assert ("step", 1, "max") in origins
    assert ("recipe", "extends") not in origins


def test_a_profile_is_laid_over_the_recipe(layered):
    source = read_source(layered, profile="smoke")
    assert source.tree["recipe"]["seed"] == 3
    assert source.tree["task"]["labels"]["l"] == {"definition": "d", "cues": []}
    assert source.origins["recipe", "seed"] == Origin(str(layered), 19, 8, "profile smoke")
    assert ("task", "labels", "l", "cues", 0) not in source.origins


def test_an_unknown_profile_is_an_error_that_lists_those_there_are(layered):
    (problem,) = only(layered, profile="smok")
    assert "no profile 'smok'" in problem.message
    assert problem.suggestion == "did you mean 'smoke'?"


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("profile = 3", "must be a table", 1),
        ("[profile]\na = 3", "must be a table", 2),
        ("[profile.a.profile.b]\nc = 1", "holds no profiles", 1),
        ("[profile.a.recipe]\nextends = 'x.toml'", "extends nothing", 2),
    ],
)
def test_profiles_are_checked_though_none_is_chosen(write, text, said, line):
    (problem,) = only(write("recipe.toml", text))
    assert said in problem.message
    assert problem.line == line


def test_a_circle_of_recipes_is_refused(write):
    write("b.toml", '[recipe]\nextends = "a.toml"\n')
    (problem,) = only(write("a.toml", '[recipe]\nextends = "b.toml"\n'))
    assert "a.toml -> b.toml -> a.toml" in problem.message
    assert problem.file.endswith("b.toml")
    assert (problem.line, problem.path) == (2, ("recipe", "extends"))


def test_recipes_extend_one_another_five_times_at_most(write):
    write("r0.toml", '[recipe]\nname = "x"\n')
    paths = [write(f"r{number}.toml", f'[recipe]\nextends = "r{number - 1}.toml"\n') for number in range(1, 7)]
    assert read_source(paths[4]).tree == {"recipe": {"name": "x"}}
    (problem,) = only(paths[5])
    assert "more than 5" in problem.message


def test_extends_stays_in_the_folder_unless_allowed(write):
    base = write("house.toml", "[recipe]\nseed = 4\n")
    recipe = write("inner/recipe.toml", '[recipe]\nextends = "../house.toml"\n')
    (problem,) = only(recipe)
    assert "outside" in problem.message
    assert "--allow" in problem.suggestion
    assert read_source(recipe, allow=[base.parent]).tree == {"recipe": {"seed": 4}}


@pytest.mark.parametrize("named", ["3", '""', '"a\\u0000b"', '["x.toml"]', '"missing.toml"', '"."'])
def test_what_cannot_be_extended_is_reported_where_it_is_asked_for(write, named):
    (problem,) = only(write("recipe.toml", f"[recipe]\nextends = {named}\n"))
    assert problem.path == ("recipe", "extends")
    assert problem.line == 2


def test_syntax_errors_have_a_place(write):
    path = write("recipe.toml", '[recipe]\nname = "x\n')
    (problem,) = only(path)
    assert (problem.file, problem.line) == (str(path), 2)
    (problem,) = only(write("recipe.toml", '[a]\nb = "\\d+"'))
    assert "single quotes" in problem.suggestion


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'[recipe]\nname = "\xe9"\n', "not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "larger than"),
        (b"a = " + b"1" * 5000, "not readable"),
        (b"a = " + b"[" * 5000, "not readable"),
        (b"a." * 5000 + b"a = 1", "not readable"),
        (b"a = " + b"[" * 100 + b"]" * 100, "nested more than"),
        (b"a = nan", "finite"),
        (b"a = [{ b = -inf }]", "finite"),
        (b"a = 9223372036854775808", "64 bits"),
    ],
)
def test_what_no_recipe_can_hold_is_one_clear_error(write, data, said):
    path = write("recipe.toml", data)
    (problem,) = only(path)
    assert said in problem.message
    assert problem.file == str(path)


def test_undecodable_bytes_have_a_place(write):
    (problem,) = only(write("recipe.toml", b'a = 1\nn = "\xc3\xa9\xe9"\n'))
    assert (problem.line, problem.column) == (2, 7)


def test_a_byte_order_mark_and_dos_line_ends_are_read(write):
    source = read_source(write("recipe.toml", b'\xef\xbb\xbf[recipe]\r\nname = "x"\r\n'))
    assert source.tree == {"recipe": {"name": "x"}}
    assert source.origins["recipe", "name"].line == 2


def test_missing_files_and_folders_are_errors(tmp_path):
    (problem,) = only(tmp_path / "none.toml")
    assert "No such file" in problem.message
    (problem,) = only(tmp_path)
    assert "is not a file" in problem.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (problem,) = only(tmp_path / "pipe.toml")
    assert "is not a file" in problem.message


def test_dates_become_strings_so_that_the_tree_is_json(write):
    tree = read_source(write("recipe.toml", "a = [1979-05-27, 07:32:00, 1979-05-27T07:32:00Z]")).tree
    assert json.loads(json.dumps(tree)) == {"a": ["1979-05-27", "07:32:00", "1979-05-27T07:32:00+00:00"]}


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("recipe.rows=600", ("recipe", "rows"), 600),
        ("recipe.rows = all", ("recipe", "rows"), "all"),
        ('recipe.version="1.0"', ("recipe", "version"), "1.0"),
        ("export.to=out/x=y", ("export", "to"), "out/x=y"),
        ("step[1].max=3", ("step", 1, "max"), 3),
        ("step.again.max=3", ("step", 2, "max"), 3),
        ("step.template.from=[1, 2]", ("step", 0, "from"), [1, 2]),
        ("gate.balance.gap.max=1.5", ("gate", 0, "max"), 1.5),
        ("gate.balance.gap-2.max=1.5", ("gate", 1, "max"), 1.5),
        ('task.labels."l".cues=["x"]', ("task", "labels", "l", "cues"), ["x"]),
        ("task.labels.l.cues[1]='x'", ("task", "labels", "l", "cues", 1), "x"),
        ("task.constraints.words.max=7", ("task", "constraints", "words", "max"), 7),
        ("gate=[]", ("gate",), []),
        ("factors.city={ values = ['a'] }", ("factors", "city", "values"), ["a"]),
    ],
)
def test_set_changes_one_value(layered, text, path, value):
    before = read_source(layered)
    source = read_source(layered, overrides=[text])
    found = source.tree
    for key in path:
        found = found[key]
    assert found == value
    assert source.origins[path] == Origin(note="--set")
    assert source.origins["recipe", "name"] == before.origins["recipe", "name"]
    assert set(source.origins) >= {each for each in before.origins if each[: len(path)] != path}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recipe.rows", "KEY=VALUE"),
        ("=1", "KEY=VALUE"),
        ("a b=1", "KEY=VALUE"),
        ("[0]=1", "KEY=VALUE"),
        ("recipe.rows=", "not valid TOML"),
        ('recipe.name="x', "not valid TOML"),
        ("recipe.seed=1\nrows=2", "not valid TOML"),
        ("recipe.seed=nan", "finite"),
        ("step.againn.max=1", "did you mean 'again'"),
        ("step[3].max=1", "counted from 0"),
        ("recipe.name.x=1", "has no keys"),
        ("recipe[0]=1", "have names"),
        ("factors.persn.role=1", "no table 'factors.persn'"),
        ("task.constrants.words.max=1", "did you mean 'constraints'"),
        ("profile.smoke.recipe.seed=1", "what is read"),
        ("recipe.extends=x.toml", "what is read"),
    ],
)
def test_set_that_addresses_nothing_is_an_error(layered, text, said):
    (problem,) = only(layered, overrides=[text])
    assert said in problem.render()
    assert problem.file == "--set"


def test_every_wrong_set_is_reported_at_once(layered):
    assert len(only(layered, overrides=["recipe.rows", "recipe.seed=4", "step.nope.x=1"])) == 2


def test_an_entry_whose_name_is_not_its_own_needs_its_number(layered):
    source = read_source(layered, overrides=['step[2].name="text.length"'])
    assert source.tree["step"][2]["name"] == "text.length"
    (problem,) = only(layered, overrides=['step[2].name="text.length"', "step.text.length.max=1"])
    assert "no entry of its own" in problem.message


def test_a_reference_to_the_environment_is_replaced_as_a_whole(write):
    write("base.toml", '[export]\nto = { env = "A", default = "x" }\n')
    path = write("recipe.toml", '[recipe]\nextends = "base.toml"\n[export]\nto = { env = "B" }\n')
    assert read_source(path).tree["export"] == {"to": {"env": "B"}}


def test_problems_are_placed_at_the_nearest_key_that_exists(layered):
    source = read_source(layered, overrides=["recipe.seed=4"])
    inside, above, nowhere, known = place(
        [
            Problem("a", ("step", 1, "max")),
            Problem("b", ("step", 1, "words", "min")),
            Problem("c", ("nothing", "here")),
            Problem("d", ("recipe", "seed")),
        ],
        source,
    )
    assert (inside.line, inside.column) == (10, 1)
    assert (above.line, above.column) == (8, 3)
    assert (nowhere.file, nowhere.line) == (str(layered), 1)
    assert (known.file, known.line) == ("--set", None)
    placed = Problem("e", ("recipe",), "other.toml", 3, 1)
    assert place([placed], source) == [placed]
