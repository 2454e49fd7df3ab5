"""Broken plugins: the message names step, component and address; the run ends with 3 and what is done is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PICKY = '[[step]]\nname = "picky"\nfilter = "./my_filters.py:picky"'
DRAW = '[[step]]\ngenerate = "template"'
GATE = '[[gate]]\nmetric = "text.duplicate_share"'

HEAD = """
from __future__ import annotations
import os, sys, time
import attrs
import numpy as np
import pyarrow as pa
import fairloom as fl
from fairloom.components import Filter, Generator, Measurement, Metric

@attrs.frozen
class Settings: pass

class Does:
    def __init__(self, **methods): vars(self).update(methods)

def filter_of(judge, **more):
    return Filter(name="f", summary="s", config=Settings, build=lambda c, t: Does(judge=judge), **more)

def writes(write):
    return Generator(name="g", summary="s", config=Settings, build=lambda c, t: Does(write=write))

def wrote(rows, **columns):
    made = {name: pa.array([value] * rows.num_rows) for name, value in columns.items()}
    return pa.RecordBatch.from_pydict(made)

def measures(result, observe=lambda rows: None):
    return Metric(name="m", summary="s", config=Settings, build=lambda c, t: Does(observe=observe, result=result))

def dataset(judge, remember=lambda rows: rows.select(["text"])):
    made = Does(judge=judge, remember=remember)
    return Filter(name="d", summary="s", config=Settings, build=lambda c, t: made, scope="dataset")

def keep(rows):
    return pa.nulls(rows.num_rows, pa.string())

def wait(folder):
    open(folder + "/waiting", "w").close()
    if not os.path.exists(folder + "/go"):
        for _ in range(6000):  # a signal just before one long sleep would be heard at its end
            time.sleep(0.01)
"""


def filtering(bench: Any, code: str) -> Any:
    return bench.edit(
        (PICKY, '[[step]]\nname = "mine"\nfilter = "./mine.py:x"'), files={"mine.py": HEAD + textwrap.dedent(code)}
    )


def generating(bench: Any, code: str) -> Any:
    edits = ((DRAW, '[[step]]\nname = "mine"\ngenerate = "./mine.py:x"'), (PICKY, ""))
    return bench.edit(*edits, files={"mine.py": HEAD + textwrap.dedent(code)})


def measuring(bench: Any, code: str) -> Any:
    edits = ((GATE, '[[gate]]\nname = "mine"\nmetric = "./mine.py:x"'), (PICKY, ""))
    return bench.edit(*edits, files={"mine.py": HEAD + textwrap.dedent(code)})


FILTERS = {
    "too few verdicts": ("x = filter_of(lambda rows: keep(rows)[1:])", "gave 19 verdicts on 20 rows"),
    "numbers": ("x = filter_of(lambda rows: pa.array([1] * rows.num_rows))", "gave verdicts of type int64"),
    "truth values": ("x = filter_of(lambda rows: pa.array([True] * rows.num_rows))", "gave verdicts of type bool"),
    "a list": (
        "x = filter_of(lambda rows: [None] * rows.num_rows)",
        "answered a list; a filter returns an Arrow array",
    ),
    "nothing": ("x = filter_of(lambda rows: None)", "answered None; a filter returns an Arrow array of strings"),
    "empty reasons": ("x = filter_of(lambda rows: pa.array([''] * rows.num_rows))", "gave an empty text"),
    "an error": ("x = filter_of(lambda rows: 1 / 0)", "failed on the rows from address 0: ZeroDivisionError: division"),
    "an error of the system": (
        "x = filter_of(lambda rows: open('/nope'))",
        "failed on the rows from address 0: FileNot",
    ),
    "an exit": ("x = filter_of(lambda rows: sys.exit(0))", "failed on the rows from address 0: SystemExit: 0"),
    "a base exception": (
        "class Stop(BaseException): pass\ndef stop(rows): raise Stop('boo')\nx = filter_of(stop)",
        "failed on the rows from address 0: Stop: boo",
    ),
    "endless recursion": ("def f(rows): return f(rows)\nx = filter_of(f)", "RecursionError"),
    "a column nobody has": (
        '@fl.filter\ndef x(txt: str) -> str | None:\n    """s."""\n',
        "filter 'x' reads the column 'txt', which these rows do not have; did you mean 'text'?",
    ),
    "a row filter that answers True": (
        '@fl.filter\ndef x(text: str) -> str | None:\n    """s."""\n    return True\n',
        "filter 'x' answered True; it must return None to keep the row, or the reason",
    ),
    "memory too short": (
        "x = dataset(None, lambda rows: rows.select(['text'])[1:])",
        "remembered",
    ),
    "memory that raises": ("x = dataset(None, lambda rows: 1 / 0)", "failed on the rows from address 0: ZeroDivision"),
    "a judge of all that raises": ("x = dataset(lambda memory, priority: 1 / 0)", "failed: ZeroDivisionError"),
    "a judge of all that says nothing": (
        "x = dataset(lambda memory, priority: None)",
        "answered None; a dataset filter",
    ),
    "a judge of all without cites": (
        "x = dataset(lambda memory, priority: pa.table({'reason': keep(memory)}))",
        "answered a Table with the columns reason; a dataset filter returns a table of reason and cites",
    ),
    "a judge of all that cites what is not there": (
        "x = dataset(lambda m, p: pa.table({'reason': keep(m), 'cites': pa.array([10 ** 6] * m.num_rows)}))",
        "cites a line outside of the",
    ),
}


@pytest.mark.parametrize("case", FILTERS)
def test_filters(bench: Any, case: str) -> None:
    code, said = FILTERS[case]
    run = filtering(bench, code).call("run", "--quiet")
    assert run.code == 3, run
    assert len(run.problems) == 1
    assert run.problems[0].startswith("step 'mine' (./mine.py:x)")
    assert said in run.problems[0]
    assert "Traceback" not in run.err


GENERATORS = {
    "too few rows": ("x = writes(lambda rows: wrote(rows, text='a b c')[1:])", "answered 19 rows to 20 briefs"),
    "nothing": ("x = writes(lambda rows: None)", "answered None; a generator returns an Arrow record batch"),
    "another field": (
        "x = writes(lambda rows: wrote(rows, txt='a b c'))",
        "after step 'mine' (./mine.py:x) no generator has written the task's field 'text'",
    ),
    "numbers": (
        "x = writes(lambda rows: wrote(rows, text=1))",
        "wrote int64 into the field 'text', which holds strings",
    ),
    "no text and no reason": (
        "x = writes(lambda rows: pa.RecordBatch.from_pydict({'text': keep(rows)}))",
        "left the field 'text' empty at address 0 and gave no reason",
    ),
    "wrong spans": (
        "x = writes(lambda rows: wrote(rows, text='a', **{'text.spans': 1}))",
        "wrote int64 into 'text.spans'",
    ),
    "numbers for reasons": ("x = writes(lambda rows: wrote(rows, text='a', reason=1))", "gave reasons of type int64"),
    "a row generator of numbers": (
        '@fl.generator\ndef x(label: str) -> str:\n    """s."""\n    return 3\n',
        "generator 'x' answered 3; it must return a text, a dict of texts by field",
    ),
    **{
        f"the column {name}": (f"x = writes(lambda rows: wrote(rows, text='a', **{{'{name}': 0}}))", f"column '{name}'")
        for name in (
            "address",
            "family",
            "member",
            "attempt",
            "cell",
            "id",
            "label",
            "person",
            "person.gender",
            "cites",
        )
    },
}


@pytest.mark.parametrize("case", GENERATORS)
def test_generators(bench: Any, case: str) -> None:
    code, said = GENERATORS[case]
    run = generating(bench, code).call("run", "--quiet")
    assert run.code == 3, run
    assert len(run.problems) == 1
    assert "step 'mine' (./mine.py:x)" in run.problems[0]
    assert said in run.problems[0]


METRICS = {
    "a number": ("x = measures(lambda: 3.0)", "answered 3.0; it must return a Measurement"),
    "nothing": ("x = measures(lambda: None)", "answered None; it must return a Measurement"),
    "a text": ("x = measures(lambda: Measurement(value='3'))", "measured '3', which is not a number"),
    "an error at the end": ("x = measures(lambda: 1 / 0)", "failed: ZeroDivisionError: division by zero"),
    "an error on the way": ("x = measures(None, lambda rows: 1 / 0)", "failed: ZeroDivisionError: division by zero"),
    "an exit": ("x = measures(lambda: sys.exit(0))", "failed: SystemExit: 0"),
    "a detail that is no data": (
        "x = measures(lambda: Measurement(value=0.0, detail=object()))",
        "gave a detail that JSON cannot hold",
    ),
}


@pytest.mark.parametrize("case", METRICS)
def test_metrics(bench: Any, case: str) -> None:
    code, said = METRICS[case]
    run = measuring(bench, code).call("run", "--quiet")
    assert run.code == 3, run
    assert run.problems[0].startswith("gate 'mine' (./mine.py:x)")
    assert said in run.problems[0]
    assert "finished parts of the run are kept in out" in run.problems[0]
    assert (bench.out / ".work" / "journal.jsonl").is_file()


@pytest.mark.parametrize("value", ["float('nan')", "float('inf')", "None"])
def test_what_was_not_computed_fails(bench: Any, value: str) -> None:
    run = measuring(bench, f"x = measures(lambda: Measurement(value={value}, values={{'a': float('nan')}}))").call(
        "run"
    )
    assert run.code == 1
    assert "not computed  the metric gave no finite number" in run.out


def test_numbers_of_numpy_are_numbers(bench: Any) -> None:
    code = "x = measures(lambda: Measurement(value=np.float32(0), n=np.int64(3), values={'a': np.float64(1)}))"
    assert measuring(bench, code).call("run", "--quiet").code == 0


BROKEN = {
    "syntax": ("def x(: pass", "./mine.py could not be run: SyntaxError: "),
    "import": ("import no_such_module_anywhere", "./mine.py could not be run: ModuleNotFoundError: No module named"),
    "exit": ("sys.exit(3)", "./mine.py could not be run: SystemExit: 3"),
    "newer API": ("x = filter_of(keep, api=2)", "'f' that speaks component API 2, this fairloom speaks 1; upgrade"),
    "scope": ("x = filter_of(keep, scope='galaxy')", "has the scope 'galaxy'; scopes are row, family, dataset"),
    "settings": (
        "x = Filter(name='f', summary='s', config=dict, build=lambda c, t: None)",
        "has the config <class 'dict'>, which is not an attrs class",
    ),
    "build": (
        "x = Filter(name='f', summary='s', config=Settings, build=lambda c, t: 1 / 0)",
        "step[3]: filter 'f' could not be built: ZeroDivisionError: division by zero",
    ),
    "object": (
        "x = Filter(name='f', summary='s', config=Settings, build=lambda c, t: object())",
        "step[3]: filter 'f' builds a object, which has no 'judge'",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_plugin_that_cannot_be_used_is_found_by_check(bench: Any, case: str) -> None:
    code, said = BROKEN[case]
    filtering(bench, code)
    for command in ("check", "run"):
        answer = bench.call(command)
        assert (answer.code, len(answer.problems)) == (3, 1)
        assert said in answer.problems[0]
    assert not bench.out.exists()


def test_a_filter_that_fails_on_one_row(bench: Any) -> None:
    """The address is named, earlier parts are kept, and a repaired file is another run, which is said."""
    code = """
    @fl.filter
    def x(text: str, row) -> str | None:
        '''s.'''
        if row["address"] == 47: raise ValueError("no such room")
        return None
    """
    run = filtering(bench, code).call("run", "--quiet")
    assert run.code == 3
    assert "step 'mine' (./mine.py:x): filter 'x' failed at address 47: ValueError: no such room" in run.err
    assert "2 finished parts of the run are kept in out" in run.err
    bench.edit(files={"mine.py": HEAD + "x = filter_of(keep)"})
    repaired = bench.call("run", "--quiet")
    assert repaired.code == 2
    assert "holds another, unfinished run (small 1.0.0: ./mine.py changed)" in repaired.err
    assert "--fresh to replace it" in repaired.err
    assert bench.call("run", "--quiet", "--fresh").code == 0
    assert bench.call("verify", bench.out).code == 0


def test_a_cause_outside_of_the_recipe_can_be_mended(bench: Any) -> None:
    """What failed goes on where it was once the machine is right again."""
    code = f"""
    @fl.filter
    def x(text: str, row) -> str | None:
        '''s.'''
        if row["address"] == 47: open({str(bench.root / "needed")!r}).close()
        return None
    """
    assert filtering(bench, code).call("run", "--quiet").code == 3
    before = {path: path.stat().st_mtime_ns for path in (bench.out / ".work" / "parts").iterdir()}
    assert len(before) >= 2
    (bench.root / "needed").touch()
    assert bench.call("run", "--quiet").code == 0
    assert bench.call("verify", bench.out).code == 0


# -- installed plugins --------------------------------------------------------------------------------------------

GOOD = HEAD + "x = filter_of(keep)\n@fl.hookimpl\ndef fairloom_filters(): return [x]\n"
Install = Callable[..., None]


@pytest.fixture
def install(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """Put a distribution on the import path; the recipe uses ``greet.f``."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    stem = f"greet_{abs(hash(request.node.name))}"
    bench.edit((PICKY, '[[step]]\nname = "mine"\nfilter = "greet.f"'))

    def put(code: str, name: str = "greet", dist: str = "fairloom-greet") -> None:
        module = f"{stem}_{dist.replace('-', '_')}"
        (site / f"{module}.py").write_text(code, "utf-8")
        info = site / f"{dist.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[fairloom]\n{name} = {module}\n")

    yield put
    for module in [module for module in sys.modules if module.startswith(stem)]:
        del sys.modules[module]


INSTALLED = {
    "syntax": (GOOD + "def (:", "plugin 'greet' (fairloom-greet 1.2) could not be imported: SyntaxError"),
    "newer API": (GOOD.replace("of(keep)", "of(keep, api=7)"), "speaks component API 7, this fairloom speaks 1"),
    "unknown hook": (
        GOOD.replace("fairloom_filters", "fairloom_filterz"),
        "implements the unknown hook 'fairloom_filterz'; did you mean 'fairloom_filters'?",
    ),
    "a hook that fails": (GOOD.replace("[x]", "1 / 0"), "failed in fairloom_filters: ZeroDivisionError"),
    "a hook that exits": (GOOD.replace("[x]", "sys.exit()"), "failed in fairloom_filters: SystemExit"),
}


@pytest.mark.parametrize("case", INSTALLED)
def test_installed_plugins_are_named_with_their_version(bench: Any, install: Install, case: str) -> None:
    code, said = INSTALLED[case]
    install(code)
    answer = bench.call("run")
    assert (answer.code, len(answer.problems)) == (3, 1)
    assert "plugin 'greet' (fairloom-greet 1.2)" in answer.err
    assert said in answer.err
    assert not bench.out.exists()


def test_one_name_for_two(bench: Any, install: Install) -> None:
    install(GOOD)
    install(GOOD, dist="other-greet")
    answer = bench.call("check")
    assert answer.code == 3
    assert (
        "plugin name 'greet' is claimed by fairloom-greet 1.2 and other-greet 1.2; uninstall all but one" in answer.err
    )


NOISY = GOOD.replace("filter_of(keep)", "filter_of(lambda rows: print('noise') or keep(rows))") + "print('import')\n"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_a_plugin_prints_stays_out_of_json(bench: Any, install: Install, workers: str) -> None:
    install(NOISY)
    answer = bench.call("run", "--json", "--workers", workers)
    assert json.loads(answer.out)["status"] == "passed"
    assert "import" in answer.err


def test_errors_in_workers_are_the_same(bench: Any) -> None:
    filtering(bench, "x = filter_of(lambda rows: sys.exit(0))")
    answer = bench.call("run", "--workers", "2")
    assert answer.code == 3
    assert "step 'mine' (./mine.py:x) failed on the rows from address" in answer.err
    assert "SystemExit: 0" in answer.err


@pytest.mark.parametrize("how", ["raise ValueError('boo')", "sys.exit(9)"])
def test_an_observer_that_fails_is_switched_off(bench: Any, install: Install, how: str) -> None:
    observer = "@fl.hookimpl\ndef fairloom_{0}: {1}\n"
    install(GOOD + observer.format("run_started(run)", how) + observer.format("step_done(run, step)", "print('told')"))
    answer = bench.call("run")
    assert answer.code == 0
    assert "told" not in answer.out
    logged = [json.loads(line) for line in (bench.out / "log.jsonl").read_text("utf-8").splitlines()]
    off = [event for event in logged if event["event"] == "observer.off"]
    assert [event["plugin"] for event in off] == ["greet"]
    assert "in fairloom_run_started" in off[0]["error"]
    assert "observer.off" in answer.err


# -- processes ----------------------------------------------------------------------------------------------------


def started(bench: Any, *arguments: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "fairloom",
        "run",
        str(bench.recipe),
        "--to",
        str(bench.out),
        "--quiet",
        *arguments,
    ]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def waiting(bench: Any) -> None:
    until((bench.root / "waiting").exists)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def goes_on(bench: Any) -> None:
    (bench.root / "go").touch()
    assert bench.call("run", "--quiet").code == 0
    assert bench.call("verify", bench.out).code == 0


WAITS = {
    "row filter": "x = filter_of(lambda rows: wait({0!r}) or keep(rows))",
    "dataset filter": (
        "x = dataset(lambda m, p: wait({0!r}) or pa.table({{'reason': keep(m), 'cites': pa.nulls(m.num_rows)}}))"
    ),
    "final pass": "x = measures(lambda: Measurement(value=0.0), lambda rows: wait({0!r}))",
}


@pytest.mark.parametrize("where", WAITS)
def test_ctrl_c_anywhere_and_on_again(bench: Any, where: str) -> None:
    waits = WAITS[where].format(str(bench.root))
    (measuring if where == "final pass" else filtering)(bench, waits)
    process = started(bench)
    waiting(bench)
    os.killpg(process.pid, signal.SIGINT)
    code, said = ended(process)
    assert code == 130
    assert "interrupted; finished parts are kept in" in said
    goes_on(bench)


def test_a_killed_worker(bench: Any) -> None:
    filtering(bench, f"x = filter_of(lambda rows: wait({str(bench.root)!r}) or keep(rows))")
    process = started(bench, "--workers", "2")
    waiting(bench)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    code, said = ended(process)
    assert code == 3
    assert (
        "a worker process died (killed, or out of memory); finished parts are kept. Run the same command again" in said
    )
    goes_on(bench)


def test_a_plugin_file_changed_during_the_run(bench: Any) -> None:
    """A worker that starts later would run other code than the manifest names."""
    filtering(bench, "x = filter_of(keep)")
    code = (
        "import sys, fairloom.weaving.executors as e\nfrom fairloom.cli import main\nrun = e.Pool.run\n"
        f"def changed(self, *a):\n    open({str(bench.root / 'mine.py')!r}, 'a').write('#')\n    return run(self, *a)\n"
        "e.Pool.run = changed\nsys.exit(main(sys.argv[1:]))"
    )
    call = ["run", str(bench.recipe), "--to", str(bench.out), "--workers", "2", "--quiet"]
    done = subprocess.run([sys.executable, "-c", code, *call], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "an input or plugin file was changed while the run was going on" in done.stderr
    assert not (bench.out / "manifest.json").exists()


def test_a_plugin_file_changed_between_two_calls(bench: Any) -> None:
    measuring(bench, WAITS["final pass"].format(str(bench.root)))
    process = started(bench)
    waiting(bench)
    process.kill()
    ended(process)
    mine = bench.root / "mine.py"
    good = mine.read_bytes()
    mine.write_bytes(good + b"#")
    said = bench.call("run")
    assert said.code == 2
    assert "holds another, unfinished run (small 1.0.0: ./mine.py changed); rows of the two cannot be mixed" in said.err
    mine.write_bytes(good)
    goes_on(bench)
