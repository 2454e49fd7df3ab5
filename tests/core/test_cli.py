"""The command line: what it imports, says and returns."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pyarrow as pa
import pytest

from fairloom.cli import main, output, parsers, reference
from fairloom.design import PlanSummary
from fairloom.factors import Factor
from fairloom.preview import Preview
from fairloom.problems import PluginError, Problem, RecipeError, RunError

HEAVY = {"numpy", "pyarrow", "cattrs", "jinja2", "structlog", "rich"}
ROOT = Path(__file__).parents[2]


NOTHING: dict[str, dict[str, int | None]] = {"rows": {}, "levels": {}}


@pytest.fixture(scope="module")
def folder(made_runs, tmp_path_factory):
    return made_runs.build(tmp_path_factory.mktemp("passed"))


@pytest.fixture(scope="module")
def held(made_runs, tmp_path_factory):
    return made_runs.build(tmp_path_factory.mktemp("held"), status="held")


@pytest.fixture
def fakes(monkeypatch, tmp_path):
    """Stand-ins for the engine: a recipe that loads, and modules whose functions a test sets."""
    (tmp_path / "recipe.toml").write_text("")
    recipe = SimpleNamespace(
        recipe=SimpleNamespace(name="r", version="1", seed=7),
        task=SimpleNamespace(fields=("text",)),
        factors={"city": None},
        step=(1, 2),
        gate=(),
        export=SimpleNamespace(to="out"),
        root=tmp_path,
        resolved={"recipe": {"name": "r"}, "step": [{"generate": "template"}]},
        origins={("recipe", "name"): "recipe.toml:2", ("step", 0, "generate"): "base.toml:9"},
    )
    asked = SimpleNamespace(load=None, recipe=recipe, path=str(tmp_path / "recipe.toml"), root=tmp_path)

    def load(path, **options):
        asked.load = (path, options)
        return recipe

    modules = {
        "recipe": SimpleNamespace(Recipe=SimpleNamespace(load=load)),
        "weaving.prepare": SimpleNamespace(
            prepare=lambda _recipe, **_: SimpleNamespace(
                plan=Plan(6), summary=Plan(6).summary(), factors=factors(), excluded=NOTHING, models=()
            )
        ),
        "weaving.planned": SimpleNamespace(planned=lambda _: {"n": 0, "skipped": ["everything: a stand-in"]}),
        "run": SimpleNamespace(run=None, destination=lambda recipe, to, _allow: to or recipe.root / recipe.export.to),
        "preview": SimpleNamespace(preview=None),
        "verify": SimpleNamespace(verify=lambda _: [], rebuild=lambda _, **__: []),
        "plugging.plugins": SimpleNamespace(installed=lambda: [installed("text", "fairloom")]),
    }
    # Whole before some of it is replaced, or it could not be imported later.
    importlib.import_module("fairloom.run")
    importlib.import_module("fairloom.weaving.estimated")
    for name, facts in modules.items():
        module = ModuleType(f"fairloom.{name}")
        vars(module).update(vars(facts))
        monkeypatch.setitem(sys.modules, f"fairloom.{name}", module)
        home, _, last = f"fairloom.{name}".rpartition(".")
        monkeypatch.setattr(importlib.import_module(home), last, module, raising=False)
        setattr(asked, f"{last}_module", module)
    return asked


class Plan:
    def __init__(self, cells):
        self.cells = cells

    def summary(self):
        cells = tuple(((f"label-{n % 3}", f"level-{n // 3}"), 2) for n in range(self.cells))
        return PlanSummary(
            families=2 * self.cells,
            members=1,
            axes=("label", "city"),
            cells=cells,
            distinct=None,
            unique=False,
            balanced=True,
            notes=("a note",),
        )


def factors():
    table = pa.table({"name": ["Oslo", "Lyon"]})
    return {"city": Factor(name="city", role="nuisance", table=table, names=("Oslo", "Lyon"))}


def installed(name, distribution, version="1.0"):
    return SimpleNamespace(name=name, distribution=distribution, version=version)


def imported_by(*arguments):
    code = (
        "import sys, fairloom.cli\n"
        f"try: fairloom.cli.main({list(arguments)!r})\n"
        "except SystemExit: pass\n"
        "print('modules:', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout, set(done.stdout.split("modules:")[1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([name, "--help"] for name in parsers.COMMANDS), []])
def test_help_imports_nothing_heavy(arguments):
    said, modules = imported_by(*arguments)
    assert not HEAVY & modules
    if arguments[-1:] == ["--help"]:
        assert "example:" in said


def test_top_help_imports_no_command():
    _, modules = imported_by("--help")
    assert not {f"fairloom.cli.{name}" for name in parsers.COMMANDS} & modules


def test_the_reference_page_is_fresh():
    assert (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8") == reference.page()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "fairloom: the following arguments are required: COMMAND"),
        (["rnu"], "fairloom: there is no command 'rnu'; did you mean 'run'?"),
        (["run"], "fairloom run: the following arguments are required: RECIPE"),
        (["run", "r", "--workers", "0"], "argument --workers: '0' is not a whole number from 1"),
        (["new", "novel", "x"], "fairloom new: argument recipe: invalid choice: 'novel'"),
        (["run", "r", "--work", "2"], "fairloom run: there is no option '--work'; did you mean '--workers'?"),
        (["run", "r", "s"], "fairloom run: 's' is one argument too many"),
    ],
)
def test_wrong_calls(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PluginError("plugin 'x' 1.0 is broken"), 3, "plugin 'x' 1.0 is broken\n1 problem\n"),
        (RunError("disk\x1b[2Jfull"), 3, "disk\\x1b[2Jfull\n1 problem\n"),
        (KeyError("x"), 3, "unexpected KeyError: 'x'; run again with --debug for the traceback\n1 problem\n"),
        (PermissionError(13, "Permission denied", "out"), 3, "out: Permission denied\n1 problem\n"),
        (
            RecipeError(
                [Problem("unknown", path=("b",), file="r.toml", line=3), Problem("bad", ("a", 0), "r.toml", 1)]
            ),
            2,
            "r.toml:1: a[0]: bad\nr.toml:3: b: unknown\n2 problems\n",
        ),
    ],
)
def test_errors_become_lines(error, code, said, fakes, capsys):
    def broken(*_, **__):
        raise error

    fakes.prepare_module.prepare = broken
    assert main(["plan", fakes.path]) == code
    assert capsys.readouterr() == ("", said)
    assert main(["plan", fakes.path, "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert (document["status"], document["exit_code"]) == ("error", code)
    assert len(document["problems"]) == said.count("\n") - 1
    assert main(["plan", fakes.path, "--debug"]) == code
    assert "Traceback" in capsys.readouterr().err


def test_missing_recipe(fakes, tmp_path, capsys):
    assert main(["check", str(tmp_path / "no.toml")]) == 2
    assert fakes.load is None
    assert "there is no recipe at" in capsys.readouterr().err


def test_options_reach_the_recipe(fakes):
    call = ["plan", str(fakes.root), "--set", "a=1", "--set", "b=2", "--profile", "p", "--allow", "/"]
    assert main(call) == 0
    path, options = fakes.load
    assert path == fakes.root / "recipe.toml", "a folder stands for the recipe in it"
    assert options == {"set": ["a=1", "b=2"], "profile": "p", "allow": (Path("/"),)}


def test_check(fakes, capsys):
    assert main(["check", fakes.path]) == 0
    assert capsys.readouterr().out.endswith("recipe.toml: no problems (1 factor, 2 steps, 0 gates, 12 rows)\n")
    assert main(["check", fakes.path, "--resolved"]) == 0
    said = 'recipe.name = "r"  # recipe.toml:2\nstep[0].generate = "template"  # base.toml:9\n'
    assert capsys.readouterr().out == said
    assert main(["check", fakes.path, "--resolved", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["origins"] == {"recipe.name": "recipe.toml:2", "step[0].generate": "base.toml:9"}


def test_plan_shows_few_cells_and_sums_up_many(fakes, capsys):
    assert main(["plan", fakes.path]) == 0
    few = capsys.readouterr().out
    assert "  label-0  level-1         2\n" in few
    assert "note: a note" in few
    assert "  not counted  everything: a stand-in\n" in few
    fakes.prepare_module.prepare = lambda _recipe, **_: SimpleNamespace(
        plan=Plan(60), summary=Plan(60).summary(), factors=factors(), excluded=NOTHING, models=()
    )
    assert main(["plan", fakes.path]) == 0
    many = capsys.readouterr().out
    assert "label-0  level-1" not in many
    assert "  label  label-0         40     20      2     2\n" in many
    assert main(["plan", fakes.path, "--cells"]) == 0
    assert capsys.readouterr().out.count("label-0  level-") == 20
    assert main(["plan", fakes.path, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["cells"]) == 60
    assert document["certificate"] == {"n": 0, "skipped": ["everything: a stand-in"]}
    assert document["factors"] == [{"name": "city", "role": "nuisance", "levels": 2, "balance": []}]


def done(folder):
    return SimpleNamespace(
        manifest=json.loads((folder / "manifest.json").read_text()),
        measurements=json.loads((folder / "measurements.json").read_text()),
        certificate=json.loads((folder / "certificate.json").read_text()),
        already=False,
    )


def test_run_passes_its_options_on_and_sums_up(fakes, folder, held, capsys):
    seen = {}

    def run(recipe, to, **options):
        seen.update(options, to=to, recipe=recipe)
        return done(folder)

    fakes.run_module.run = run
    assert main(["run", fakes.path, "--workers", "2", "--fresh", "--allow", "/"]) == 0
    said = capsys.readouterr()
    assert seen["to"] == fakes.root / "out", "export.to is relative to the recipe"
    assert (seen["workers"], seen["fresh"], seen["allow"]) == (2, True, (Path("/"),))
    assert "bank-intents 1.2.0: passed" in said.out
    assert "sha256:" in said.out
    assert said.err == ""
    assert main(["run", fakes.path, "--to", "here", "--quiet"]) == 0
    assert seen["to"] == Path("here")
    assert capsys.readouterr() == ("", "")
    fakes.run_module.run = lambda *_, **__: done(held)
    assert main(["run", fakes.path]) == 1
    said = capsys.readouterr().out
    assert "not computed" in said
    assert "label=card_lost, person.gender=female, person.origin=India" in said
    assert main(["run", fakes.path, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == "held"
    assert len(document["gates"]) == 5


def test_an_interrupted_run_says_how_to_go_on(fakes, capsys):
    def interrupted(_recipe, to, **_):
        to.mkdir()
        (to / "log.jsonl").touch()
        raise KeyboardInterrupt

    fakes.run_module.run = interrupted
    to = fakes.root / "o u t"
    assert main(["run", fakes.path, "--to", str(to), "--set", "recipe.rows=6", "--workers", "2", "--fresh"]) == 130
    said = capsys.readouterr().err
    again = f"fairloom run {fakes.path} --to '{to}' --set recipe.rows=6 --workers 2"
    assert said == f"interrupted; finished parts are kept in {to}. To go on: {again}\n"

    def broken(*_, **__):
        raise ValueError("surprise")

    fakes.run_module.run = broken
    assert main(["run", fakes.path, "--to", str(to)]) == 3
    assert f"unexpected ValueError: surprise; the log is {to / 'log.jsonl'}; run again" in capsys.readouterr().err


def test_ctrl_c_ends_a_busy_process_in_time(tmp_path):
    code = (
        "import sys, time, types, fairloom.cli.plan as plan\n"
        "from fairloom.cli import main\n"
        "def call(_): print('busy', flush=True); time.sleep(60)\n"
        "plan.call = call\n"
        "sys.exit(main(['plan', 'x']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout.readline() == "busy\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)  # half as long as it wants to sleep
    assert (process.returncode, said) == (130, "interrupted\n")


def test_a_closed_pipe_is_no_error():
    code = (
        "import sys, fairloom.cli.plan as plan\n"
        "from fairloom.cli import main\n"
        "plan.call = lambda _: [print('x' * 1000) for _ in range(10_000)] and 0\n"
        "sys.exit(main(['plan', 'x']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(10) == 141


def test_preview_marks_spans_and_escapes(fakes, capsys):
    spans = [{"start": 0, "end": 4, "slot": "person.given"}, {"start": 1, "end": 2, "slot": "inner"}]
    row = {"id": "r-0", "text": "Noor is\x1b[2J here", "text.spans": spans, "label": "a", "city": "Oslo", "family": 0}
    row["text.edits"] = [{"start": 0, "end": 4, "old": "Ana", "new": "Noor", "rule": "entity"}]
    fakes.preview_module.preview = lambda _recipe, rows, *_: Preview(pa.Table.from_pylist([row] * rows), 0, {})
    assert main(["preview", fakes.path, "-n", "2"]) == 0
    said = "r-0  a\n  [Noor](person.given) is\\x1b[2J here\n  city=Oslo  text.edits=entity 'Ana' > 'Noor'\n"
    assert capsys.readouterr().out == f"{said}\n{said}"
    assert main(["preview", fakes.path, "-n", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["text"] == row["text"]


def test_preview_says_why_a_row_is_missing(fakes, capsys):
    fakes.preview_module.preview = lambda *_: Preview(pa.table({}), 2, {"edits.people: ambiguous: her": 40})
    assert main(["preview", fakes.path]) == 1
    assert capsys.readouterr() == (
        "",
        "rows that could not be made: 2; candidates were rejected because of edits.people: ambiguous: her (40)\n",
    )


def test_report(folder, tmp_path, capsys):
    assert main(["report", str(folder), "--to", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out == f"written: {tmp_path / 'page.html'}\n"
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")
    assert main(["report", str(folder), "--to", str(tmp_path)]) == 2
    assert f"{tmp_path} is a folder; name the file of the page with --to" in capsys.readouterr().err
    assert main(["report", str(tmp_path)]) == 2
    assert "has no manifest.json, so it is not a finished run" in capsys.readouterr().err
    assert main(["report", str(tmp_path / "no")]) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_verify(fakes, folder, capsys):
    assert main(["verify", str(folder), "--rebuild"]) == 0
    assert "every digest holds; the rows made again are the same" in capsys.readouterr().out
    fakes.verify_module.verify = lambda _: [Problem("has other bytes", file="data/part.parquet")]
    assert main(["verify", str(folder)]) == 1
    assert capsys.readouterr().err == "data/part.parquet: has other bytes\n1 problem\n"
    assert main(["verify", str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["problems"][0]["file"] == "data/part.parquet"


def test_diff(folder, held, capsys):
    assert main(["diff", str(folder), str(folder)]) == 0
    assert capsys.readouterr().out == "the rows are the same\n"
    assert main(["diff", str(folder), str(held)]) == 1
    said = capsys.readouterr().out
    assert "  status   passed  held\n" in said
    assert "  missing  0       2\n" in said or "  missing       0      2\n" in said
    assert "shortcut: value" in said
    assert main(["diff", str(folder), str(held), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["same_rows"] is True
    assert {"section": "Counts", "key": "status", "before": "passed", "after": "held"} in found["differences"]


def test_diff_names_the_recipe_key(folder, tmp_path, capsys):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["recipe"]["step"][1]["max"] = 9
    manifest["inputs"][0]["sha256"] = "ff"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert main(["diff", str(folder), str(tmp_path), "--json"]) == 1
    keys = [(one["section"], one["key"]) for one in json.loads(capsys.readouterr().out)["differences"]]
    assert keys[:2] == [("Recipe", "step[1].max"), ("Inputs", "recipe.toml")]


def test_diff_says_of_long_lists_what_changed(folder, tmp_path, capsys):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["recipe"]["factors"]["city"]["values"] = ["Lagos", "Lyon", "Oslo", "Osaka", "Perth"]
    manifest["recipe"]["recipe"]["description"] = "x" * 200
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    main(["diff", str(folder), str(tmp_path)])
    said = capsys.readouterr().out
    assert re.search(r"factors\.city\.values +\[\] of 4 +\[\"Perth\"\] of 5\n", said)
    assert max(map(len, said.splitlines())) < 160


def test_show_a_run(held, capsys):
    assert main(["show", str(held)]) == 0
    shown = capsys.readouterr().out
    assert "more than 12 words" in shown
    assert re.search(r"strongest association   \S+ by \S+: V 0(\.\d+)? \(planned 0(\.\d+)?\), p ", shown)
    assert "furthest from the plan  no gap is wider than planned" in shown
    assert "lowest selection ratio  length by person.gender: 0.994 (fair from 0.8), p 0.73" in shown
    assert main(["show", str(held / "no")]) == 2


def test_show_a_component_of_a_file(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = (
        'import fairloom as fl\n\n@fl.filter\ndef loud(text: str, *, share: float = 0.5):\n    """Reject shouts."""\n'
    )
    (tmp_path / "mine.py").write_text(code, "utf-8")
    assert main(["show", "./mine.py:loud"]) == 0
    assert re.search(r"\(filter\): Reject shouts\.\n.*share +number +0\.5", capsys.readouterr().out, re.DOTALL)
    assert main(["show", "./mine.py:laud"]) == 2
    assert "did you mean 'loud'?" in capsys.readouterr().err


def test_a_gap_wider_than_planned_is_named(held, tmp_path, capsys):
    folder = shutil.copytree(held, tmp_path / "run")
    certificate = json.loads((held / "certificate.json").read_text())
    certificate["design"]["pairs"][0]["gap"] -= 5
    (folder / "certificate.json").write_text(json.dumps(certificate))
    main(["show", str(folder), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["furthest"]["axes"] == ["label", "person.gender"]
    assert found["furthest"]["gap"] - found["furthest"]["planned_gap"] == 5
    assert "table" not in found["strongest"]
    assert found["least_kept"] == {"step": "length", "axis": "person.gender", "ratio": 0.994, "p": 0.73}


def test_plugins_and_doctor_name_conflicts(fakes, capsys):
    assert main(["plugins"]) == 0
    assert capsys.readouterr().out == "  name  distribution  version\n  text  fairloom      1.0\n"
    fakes.plugins_module.installed = lambda: [installed("text", "fairloom"), installed("text", "other")]
    assert main(["plugins"]) == 3
    assert "conflict: text is claimed by fairloom 1.0 and by other 1.0" in capsys.readouterr().out
    assert main(["doctor", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == ["text is claimed by fairloom 1.0 and by other 1.0"]
    assert found["requirements"]["jinja2"]
    assert found["writable"] is True


def test_new_recipe(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "recipe", "greet-1"]) == 0
    assert sorted(path.name for path in Path("greet-1").iterdir()) == ["people.csv", "recipe.toml", "templates.toml"]
    assert 'name = "greet-1"' in Path("greet-1/recipe.toml").read_text()
    assert "RECIPE-NAME" not in Path("greet-1/recipe.toml").read_text()
    assert "next: fairloom run greet-1 --to greet-1/out" in capsys.readouterr().out
    for name in ("greet-1", "../up", "Greet", "a b"):
        assert main(["new", "recipe", name]) == 2
    assert "greet-1 exists already" in capsys.readouterr().err


def test_tables_align_wide_characters(capsys):
    output.table(("name", "n"), [("漢字", 1), ("abcd", 1000), ("e\u0301", None)])
    assert capsys.readouterr().out == "  name      n\n  漢字      1\n  abcd  1,000\n  e\u0301         -\n"


def test_a_terminal_gets_rich_tables(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    output.table(("[bold]name", "n"), [("[red]x", 1)])
    said = capsys.readouterr().out
    assert "[bold]name" in said
    assert "[red]x" in said


def test_python_m(tmp_path):
    call = [sys.executable, "-m", "fairloom", "--version"]
    done = subprocess.run(call, capture_output=True, text=True, check=True, cwd=tmp_path, env=dict(os.environ))
    assert done.stdout.startswith("fairloom ")
