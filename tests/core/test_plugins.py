"""Plugins found, refused and told about: every case with real package metadata on the import path."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

import fairloom as fl
from fairloom.components import KINDS, Filter, Generator, Metric, Sampler
from fairloom.events import RunInfo, StepInfo
from fairloom.plugging.descriptors import OWNED
from fairloom.plugging.loading import HOOKS
from fairloom.plugging.observers import Observers
from fairloom.plugging.plugins import Plugins, installed
from fairloom.problems import PluginError, RecipeError
from fairloom.recipe import DesignSpec, FactorSpec, GateSpec, ModelSpec, ReferenceSpec, StepSpec

Install = Callable[..., Path]

GOOD = '''
import fairloom as fl

@fl.filter
def shouting(text: str, *, share: float = 0.5) -> str | None:
    """Reject texts written in capitals."""
    return "shouting" if text.isupper() else None

@fl.metric
def words(text: list[str]) -> float:
    """The mean number of words."""
    return sum(len(each.split()) for each in text) / len(text)

@fl.sampler
def amount(draw, *, low: int = 0) -> int:
    """An amount."""
    return low + draw.below(10)

@fl.hookimpl
def fairloom_filters():
    return [shouting]

@fl.hookimpl
def fairloom_metrics():
    yield words

@fl.hookimpl
def fairloom_samplers():
    yield amount
'''


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Install:
    """Put a distribution with one plugin on the import path, under a module name of its own."""
    monkeypatch.syspath_prepend(tmp_path)
    stem = re.sub(r"\W", "_", request.node.name).lower()
    before = set(sys.modules)

    def put(
        name: str, code: str = GOOD, *, dist: str | None = None, version: str = "1.2", extras: tuple[str, ...] = ()
    ) -> Path:
        dist = dist or f"fairloom-{name}"
        module = tmp_path / f"{stem}_{dist.replace('-', '_')}.py"
        module.write_text(textwrap.dedent(code))
        info = tmp_path / f"{dist.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        provides = "".join(f"Provides-Extra: {extra}\n" for extra in extras)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n{provides}")
        (info / "entry_points.txt").write_text(f"[fairloom]\n{name} = {module.stem}\n")
        return module

    yield put
    for module in set(sys.modules) - before:
        if module.startswith(stem):
            del sys.modules[module]


def test_find_by_name(install: Install) -> None:
    install("greet")
    component, origin = Plugins().find(Filter, "greet.shouting")
    assert (component.name, component.summary) == ("shouting", "Reject texts written in capitals.")
    assert (origin.plugin, origin.distribution, origin.version) == ("greet", "fairloom-greet", "1.2")
    assert str(origin) == "greet (fairloom-greet 1.2)"


def test_a_bare_name_is_the_component_of_that_name_in_that_plugin(install: Install) -> None:
    install("words")
    component, _ = Plugins().find(Metric, "words")
    assert component.name == "words"


def test_only_named_plugins_are_imported(install: Install, tmp_path: Path) -> None:
    install("greet")
    marker = tmp_path / "imported"
    install("hostile", f"open({str(marker)!r}, 'w')")
    plugins = Plugins(["greet"])
    plugins.find(Filter, "greet.shouting")
    assert "hostile" in {claim.name for claim in installed()}
    assert not marker.exists()


def test_installed_is_sorted_and_lists_first_party_plugins() -> None:
    names = [claim.name for claim in installed()]
    assert names == sorted(names)
    assert {"text", "template", "design"} <= set(names)


def test_one_name_claimed_twice_names_both(install: Install) -> None:
    install("greet")
    install("greet", dist="other-greet", version="0.3")
    with pytest.raises(PluginError, match=r"'greet' is claimed by fairloom-greet 1\.2 and other-greet 0\.3"):
        Plugins().find(Filter, "greet.shouting")
    assert [str(claim) for claim in installed() if claim.name == "greet"] == ["fairloom-greet 1.2", "other-greet 0.3"]


def test_a_third_party_cannot_take_a_first_party_name(install: Install) -> None:
    install("text", dist="evil-text")
    with pytest.raises(PluginError, match=r"claimed by evil-text 1.2 and fairloom"):
        Plugins().find(Filter, "text.length")


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ("gret.shouting", "step[2].filter: no plugin 'gret' is installed; did you mean 'greet'?"),
        ("greet.shoutin", "step[2].filter: plugin 'greet' has no filter 'shoutin'; did you mean 'greet.shouting'?"),
        ("greet", "step[2].filter: plugin 'greet' has no filter 'greet'; known: greet.shouting"),
        ("greet.words", "step[2].filter: greet.words is a metric; this key needs a filter; greet offers shouting"),
        ("a.b.c", "step[2].filter: 'a.b.c' names no component; write plugin.component"),
        ("greet.", "step[2].filter: 'greet.' names no component; write plugin.component"),
    ],
)
def test_a_wrong_name_is_the_recipes_mistake(install: Install, use: str, said: str) -> None:
    install("greet")
    with pytest.raises(RecipeError) as caught:
        Plugins().find(Filter, use, "step", 2, "filter")
    assert str(caught.value) == said


def test_a_name_without_its_plugin_is_recognised_where_that_is_in_use(install: Install) -> None:
    install("greet")
    plugins = Plugins(["greet"])
    with pytest.raises(RecipeError, match=r"no plugin 'shouting' is installed; did you mean 'greet.shouting'\?"):
        plugins.find(Filter, "shouting")
    with pytest.raises(RecipeError, match=r"no plugin 'words' is installed$"):
        plugins.find(Filter, "words")  # a metric


def test_the_sort_of_sampler_counts(install: Install) -> None:
    install("greet")
    assert Plugins().find(Sampler, "greet.amount", plans="value")[0].plans == "value"
    with pytest.raises(RecipeError, match=r"greet.amount is a value sampler; this key needs a design sampler"):
        Plugins().find(Sampler, "greet.amount", plans="design")


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def f(:", "SyntaxError"),
    ],
)
def test_a_plugin_that_breaks_on_import(install: Install, code: str, cause: str) -> None:
    install("greet", code)
    install("sound", dist="fairloom-sound")
    plugins = Plugins()
    with pytest.raises(
        PluginError, match=re.escape("plugin 'greet' (fairloom-greet 1.2) could not be imported: " + cause)
    ):
        plugins.find(Filter, "greet.shouting")
    assert plugins.find(Filter, "sound.shouting")


def test_an_interrupt_is_nobodys_fault(install: Install) -> None:
    install("greet", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        Plugins(["greet"])


def test_a_missing_dependency_comes_with_its_pip_line(install: Install) -> None:
    install("asker", "import no_such_client", dist="fairloom-models", extras=("asker",))
    with pytest.raises(PluginError, match=re.escape('pip install "fairloom-models[asker]"')):
        Plugins(["asker"])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "import fairloom as fl\n@fl.hookimpl\ndef fairloom_fliters(): return []",
            "implements the unknown hook 'fairloom_fliters'; did you mean 'fairloom_filters'?",
        ),
        (
            "import fairloom as fl\n@fl.hookimpl\ndef fairloom_run_started(runn): pass",
            "has a hook that does not fit: .*'runn'",
        ),
        (
            "import fairloom as fl\n@fl.hookimpl\ndef fairloom_run_started(run=None): pass",
            "gives the argument 'run' of fairloom_run_started a default",
        ),
        (
            "import fairloom as fl\n@fl.hookimpl(wrapper=True)\ndef fairloom_filters():\n    return (yield)",
            "wraps fairloom_filters; wrappers are refused",
        ),
        ("def fairloom_filters(): return []", "defines fairloom_filters without @fairloom.hookimpl"),
        ("import fairloom as fl\n@fl.hookimpl\ndef fairloom_filters(): pass", "failed in fairloom_filters: TypeError"),
        (
            "import fairloom as fl\n@fl.hookimpl\ndef fairloom_filters(): return 5",
            "failed in fairloom_filters: TypeError: 'int' object is not iterable",
        ),
        (
            "import fairloom as fl\n@fl.hookimpl\ndef fairloom_filters():\n    yield 1 / 0",
            "failed in fairloom_filters: ZeroDivisionError",
        ),
        (
            "import fairloom as fl\n@fl.hookimpl\ndef fairloom_filters(): return ['shouting']",
            "yields 'shouting', a str from fairloom_filters, which offers Filter descriptors",
        ),
        (GOOD.replace("fairloom_filters", "fairloom_readers"), "yields a filter 'shouting' from fairloom_readers"),
        (GOOD.replace("def words(", "def shouting("), "offers the name 'shouting' twice|yields a metric"),
        (
            GOOD.replace("share:", "name:").replace("0.5", "'x'").replace("float", "str"),
            "has a setting 'name', a key that",
        ),
        (GOOD.replace('    """Reject texts written in capitals."""\n', ""), "filter 'shouting' needs a docstring"),
        (GOOD.replace("@fl.filter\n", "@fl.filter(name='Shouting!')\n"), "has the name 'Shouting!'"),
    ],
)
def test_a_plugin_that_breaks_the_contract(install: Install, code: str, said: str) -> None:
    install("greet", code)
    with pytest.raises(PluginError, match=f"(?s)plugin 'greet' \\(fairloom-greet 1.2\\) .*({said})"):
        Plugins(["greet"])


def test_one_name_for_two_kinds_is_refused(install: Install) -> None:
    install("greet", GOOD.replace("@fl.metric\n", "@fl.metric(name='shouting')\n"))
    with pytest.raises(PluginError, match="offers the name 'shouting' twice, as a filter and a metric"):
        Plugins(["greet"])


def test_a_newer_component_api_is_refused(install: Install) -> None:
    install("greet", GOOD + "\nimport attrs\nshouting = attrs.evolve(shouting, api=2)\n")
    with pytest.raises(PluginError, match="speaks component API 2, this fairloom speaks 1; upgrade fairloom"):
        Plugins(["greet"])


LOCAL = GOOD[: GOOD.index("@fl.hookimpl")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "my_filters.py").write_text(LOCAL)
    (tmp_path / "outside.py").write_text(LOCAL)
    return folder


def test_a_local_file_is_recorded_by_its_digest(root: Path) -> None:
    plugins = Plugins(root=root)
    component, origin = plugins.find(Filter, "./my_filters.py:shouting")
    expected = hashlib.sha256((root / "my_filters.py").read_bytes()).hexdigest()
    assert (component.name, origin.plugin, origin.digest) == ("shouting", "./my_filters.py", expected)
    assert plugins.fingerprint() == [{"name": "./my_filters.py", "sha256": expected}]
    assert [path.name for path in root.iterdir()] == ["my_filters.py"]  # no byte code left behind


def test_a_local_file_is_run_once_and_its_edits_are_seen_by_the_next_run(root: Path) -> None:
    plugins = Plugins(root=root)
    first, _ = plugins.find(Filter, "./my_filters.py:shouting")
    (root / "my_filters.py").write_text(LOCAL.replace("Reject texts", "Refuse texts"))
    assert plugins.find(Filter, "./my_filters.py:shouting")[0] is first
    assert Plugins(root=root).find(Filter, "./my_filters.py:shouting")[0].summary == "Refuse texts written in capitals."


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ("../outside.py:shouting", "'../outside.py' leaves the recipe's folder"),
        ("/etc/passwd.py:shouting", "leaves the recipe's folder"),
        ("./link.py:shouting", "leaves the recipe's folder"),
        ("./my_filter.py:shouting", "there is no file './my_filter.py'; did you mean './my_filters.py'?"),
        ("./my_filters.py:shoutin", "./my_filters.py defines no 'shoutin'; did you mean 'shouting'?"),
        ("./my_filters.py:fl", "'fl' in ./my_filters.py is a module, not a component; put @fairloom.filter"),
        ("./my_filters.py:words", "./my_filters.py:words is a metric; this key needs a filter"),
        ("./my_filters.txt:words", "names no component of a file; write ./my_filters.py:my_filter"),
        ("./my_filters.py:", "names no component of a file"),
    ],
)
def test_a_wrong_local_file_is_the_recipes_mistake(root: Path, use: str, said: str) -> None:
    (root / "link.py").symlink_to(root.parent / "outside.py")
    with pytest.raises(RecipeError, match="^step\\[0\\]: .*" + re.escape(said)):
        Plugins(root=root).find(Filter, use, "step", 0)


def test_a_local_file_without_a_recipe_folder() -> None:
    with pytest.raises(RecipeError, match="relative to a recipe's folder, and there is none"):
        Plugins().find(Filter, "./my_filters.py:shouting")


@pytest.mark.parametrize("code", ["import no_such_module", "raise SystemExit", "def f(:"])
def test_a_local_file_that_breaks(root: Path, code: str) -> None:
    (root / "broken.py").write_text(code)
    modules = set(sys.modules)
    with pytest.raises(PluginError, match=r"\./broken.py could not be run: "):
        Plugins(root=root).find(Filter, "./broken.py:shouting")
    assert not {name for name in set(sys.modules) - modules if name.startswith("_fairloom_local")}


def test_the_fingerprint_is_sorted_whatever_was_loaded_first(install: Install, root: Path) -> None:
    install("b")
    install("a", dist="fairloom-a")
    plugins = Plugins(["b", "a"], root=root)
    plugins.find(Filter, "./my_filters.py:shouting")
    assert [each["name"] for each in plugins.fingerprint()] == ["./my_filters.py", "a", "b"]
    assert plugins.fingerprint()[1] == {"name": "a", "distribution": "fairloom-a", "version": "1.2"}


OBSERVER = """
import fairloom as fl
SEEN = []

@fl.hookimpl
def fairloom_run_started(run):
    SEEN.append(run.name)
    FAULT

@fl.hookimpl
def fairloom_step_done(step):
    SEEN.append(step.rejected)
"""
RUN = RunInfo(name="bank", version="1", seed=1, rows=10)
STEP = StepInfo(name="length", use="text.length", kind="filter", seen=3, kept=2, rejected={"short": 1})


@pytest.mark.parametrize("fault", ["1 / 0", "raise SystemExit(1)", "raise BaseException('x')"])
def test_a_raising_observer_is_reported_and_switched_off(install: Install, fault: str) -> None:
    bad = install("bad", OBSERVER.replace("FAULT", fault))
    good = install("good", OBSERVER.replace("FAULT", "pass"), dist="fairloom-good")
    reports: list[Any] = []
    observers = Plugins(["good", "bad"]).observers(lambda plugin, error: reports.append((plugin, error.__notes__)))
    observers.run_started(RUN)
    observers.step_done(RUN, STEP)
    observers.run_finished(RUN)
    assert reports == [("bad", ["in fairloom_run_started of plugin 'bad', which is told nothing more"])]
    assert sys.modules[bad.stem].SEEN == ["bank"]
    assert sys.modules[good.stem].SEEN == ["bank", {"short": 1}]


def test_an_interrupt_passes_through_an_observer(install: Install) -> None:
    install("bad", OBSERVER.replace("FAULT", "raise KeyboardInterrupt"))
    observers = Plugins(["bad"]).observers(lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        observers.run_started(RUN)


def test_what_observers_get_is_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        RUN.rows = 5
    with pytest.raises(TypeError):
        STEP.rejected["short"] = 0


def test_observers_have_a_method_for_every_observer_hook() -> None:
    offers = {kind.hook for kind in KINDS}
    assert {f"fairloom_{name}" for name in vars(Observers) if not name.startswith("_")} == set(HOOKS) - offers


def test_reserved_settings_are_the_keys_the_recipe_owns() -> None:
    def keys(spec: type) -> set[str]:
        return {field.name.rstrip("_") for field in attrs.fields(spec)} - {"settings"}

    step = (keys(StepSpec) - {"kind", "use"}) | {"generate", "filter"}
    assert OWNED["filter"] == OWNED["generator"] == step
    assert OWNED["metric"] == keys(GateSpec)
    assert OWNED["reader"] == keys(ReferenceSpec)
    assert OWNED["model"] == keys(ModelSpec)
    assert OWNED["value sampler"] == keys(FactorSpec)
    assert OWNED["design sampler"] == keys(DesignSpec)


def test_generators_are_found_too(root: Path) -> None:
    (root / "g.py").write_text(
        'import fairloom as fl\n@fl.generator\ndef g(row) -> str:\n    """G."""\n    return "x"\n'
    )
    assert Plugins(root=root).find(Generator, "./g.py:g")[0].name == "g"


@pytest.mark.parametrize("statement", ["import fairloom", "import fairloom.plugging.installed as i; i.installed()"])
def test_the_start_imports_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pyarrow", "cattrs", "jinja2", "structlog"} & set(modules)


def test_public_names_are_resolved_when_asked_for() -> None:
    for name in fl.__all__:
        assert getattr(fl, name) is not None
    assert set(fl.__all__) <= set(dir(fl))
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", fl.__version__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fl.nothing
