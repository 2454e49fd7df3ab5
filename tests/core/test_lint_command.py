"""``fairloom check --lint``: what it finds, where it says it is, and what it ends with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairloom.cli import main

ROOT = Path(__file__).parents[2]
Lint = Callable[..., tuple[int, list[dict[str, Any]]]]

RECIPE = """\
[recipe]
name = "probe"
rows = 24

[task.labels]
lost = {{ definition = "lost", cues = ["lost"] }}
kept = {{ definition = "kept", cues = ["kept"] }}

[factors.person]
{person}

[factors.template]
role = "surface"
key = "name"
values = [
{templates}
]
{more}
[[step]]
generate = "template"
"""
PERSON = 'values = ["Ana", "Bo", "Chidi"]'
TEMPLATES = ("{{ person }} wrote about a card that was lost or kept.", "Was the card lost or kept, {{ person }}?")


@pytest.fixture
def lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Lint:
    """Lint a recipe with these templates: the exit code and the findings."""

    def call(
        *texts: str,
        person: str = PERSON,
        more: str = "",
        files: dict[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> tuple[int, list[dict[str, Any]]]:
        for name, text in (files or {}).items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        levels = "\n".join(
            f"  {{ name = 't{number}', text = {json.dumps(text, ensure_ascii=False)} }},"
            for number, text in enumerate(texts or TEMPLATES)
        )
        (tmp_path / "recipe.toml").write_text(
            RECIPE.format(person=person, templates=levels, more=more), encoding="utf-8"
        )
        code = main(["check", str(tmp_path), "--lint", "--json", *options])
        said = capsys.readouterr()
        assert code < 2, said.err
        return code, json.loads(said.out)["findings"]

    return call


def codes(found: list[dict[str, Any]], *severities: str) -> list[str]:
    return [each["code"] for each in found if each["severity"] in (severities or ("error", "warning"))]


def test_a_sound_recipe_has_no_findings(lint: Lint) -> None:
    assert lint() == (0, [])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ person }} lost {card} or kept it.", "lint.template_braces"),
        ("{{ person }} lost or kept }} it.", "lint.template_braces"),
        ("{{ person }} lost\u0007 or kept it.", "lint.template_control"),
        ("{{ person }} lost or kept \u202ea card.", "lint.template_control"),
        ("{{ person }} didn\u00e2\u20ac\u2122t lose or keep it.", "lint.template_control"),
        ("{{ person }} lost  or kept it.", "lint.template_blanks"),
        ("It was lost or kept by {{ person }} .", "lint.template_blanks"),
        ("It was lost , or kept by {{ person }}.", "lint.template_blanks"),
        ("{{ person }} lost or kept a hour.", "lint.template_article"),
        ("{{ person }} lost or kept an union card.", "lint.template_article"),
    ],
)
def test_a_fault_in_a_template_is_found_once_at_its_place(lint: Lint, text: str, wanted: str) -> None:
    _, found = lint(TEMPLATES[0], text)
    assert codes(found) == [wanted]
    assert (found[0]["line"], found[0]["path"]) == (17, ["factors", "template", "values", 1, "text"])
    assert found[0]["rows"] == 12


@pytest.mark.parametrize(
    "text",
    [
        "{{ person }} has lost or kept a union card, a US card, an honest card, an hour and an MRI.",
        "{{ '{' }}{{ person }}{{ '}' }} lost or kept it.",
        "{# a note { #}{{ person }} lost or kept it.",
        "{% if person == 'Ana' %}Ana {% endif %}lost or kept ... it: {{ person }}!",
        "\u00ab\u00a0{{ person }}\u00a0\u00bb lost or kept; \U0001f469\u200d\U0001f680, \u0645\u06cc\u200c\u062e.",
        "Is {{ person }} (vitamin a is good) lost or kept it.\n\n    Indented.",
    ],
)
def test_no_false_alarm(lint: Lint, text: str) -> None:
    _, found = lint(TEMPLATES[0], text)
    assert codes(found) == []


def test_an_article_before_a_slot_counts_the_rows_it_spoils(lint: Lint) -> None:
    things = '[factors.thing]\nvalues = ["apple", "union", "hour", "pear"]'
    _, found = lint(
        "{{ person }} lost or kept a {{ thing }}.", "{{ person }} lost or kept that {{ thing }}.", more=things
    )
    assert codes(found) == ["lint.template_article"]
    assert 5 <= found[0]["rows"] <= 7
    assert "'a apple', 'a hour' where" in found[0]["message"]


def test_articles_that_a_surface_rule_mends_are_left_to_it() -> None:
    from fairloom.lints import LintView, StepView  # noqa: PLC0415
    from fairloom_lint.texts import surface_rules  # noqa: PLC0415

    def view(**settings: Any) -> Any:
        step = StepView(kind="generate", use="template", name="template", settings=settings)
        return LintView(task=None, factors={}, steps=(step,), recipe={}, lists={}, plan=None)

    assert surface_rules(view(surface=["articles"])) == {"articles"}
    assert surface_rules(view(surface={"articles": {"except": ["x"]}})) == {"articles"}
    assert surface_rules(view(surface=["articles"], surface_mode="faithful")) == frozenset()


def test_missing_forms_are_found_where_rows_ask_for_them(lint: Lint) -> None:
    people = {"people.csv": "given,their,gender\nAna,her,f\nBo,,m\nChidi,his,m\n"}
    person = 'from = "people.csv"'
    _, found = lint(
        "{{ person.given }} lost or kept {{ person.their }} card.", TEMPLATES[1], person=person, files=people
    )
    assert codes(found) == ["lint.form_missing"]
    (missing,) = [each for each in found if each["code"] == "lint.form_missing"]
    assert "person.their is empty for 1 of 3 levels ('Bo')" in missing["message"]
    assert missing["rows"] == 4
    asked = "{% if person.their %}{{ person.given }} lost or kept {{ person.their }} card.{% endif %}"
    assert codes(lint(asked, TEMPLATES[1], person=person, files=people)[1]) == []
    assert codes(lint(person=person, files=people)[1]) == []
    ending = "{{ person.given }} say{{ person.their }} lost or kept."
    assert codes(lint(ending, TEMPLATES[1], person=person, files=people)[1]) == []


def test_lists_are_looked_at_with_the_line_of_their_file(lint: Lint) -> None:
    people = {"people.csv": 'given,note\nAna,"two\nlines"\nBo,x\nnan,x\nana,"two lines"\nM\u00c3\u00bcller,x\n'}
    _, found = lint(
        "{{ person }} {{ person.note }} lost or kept.", TEMPLATES[1], person='from = "people.csv"', files=people
    )
    assert [(each["code"], each["line"]) for each in found if each["severity"] != "note"] == [
        ("lint.list_damaged", 5),
        ("lint.list_repeated", 6),
        ("lint.list_damaged", 7),
    ]
    assert all(each["file"].endswith("people.csv") for each in found if each["severity"] != "note")


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("people.jsonl", '{"given": "Ana"}\n\n{"given": "NaN"}\n', (3, None)),
        ("people.toml", '[[person]]\ngiven = "Ana"\n\n[[person]]\nage = "3"\ngiven = "NaN"\n', (6, 1)),
        ("people.tsv", "given\tage\nAna\t3\nNaN\t4\n", (3, None)),
    ],
)
def test_every_kind_of_file_tells_its_lines(lint: Lint, name: str, text: str, place: tuple[int, int | None]) -> None:
    _, found = lint(person=f'from = "{name}"\nwhere = "given != \'Ana\'"', files={name: text})
    (damaged,) = [each for each in found if each["code"] == "lint.list_damaged"]
    assert (damaged["line"], damaged["column"]) == place


def test_what_nothing_uses_is_said(lint: Lint) -> None:
    people = {"people.csv": "given,shoe\nAna,38\nBo,41\nChidi,44\n"}
    _, found = lint(person='from = "people.csv"', more='[factors.city]\nvalues = ["Oslo", "Lyon"]', files=people)
    assert codes(found) == ["lint.unused"]
    assert "'city'" in found[0]["message"] or "'city'" in found[-1]["message"]
    assert any("shoe" in each["message"] for each in found if each["severity"] == "note")
    more = '[factors.city]\nvalues = ["Oslo", "Lyon"]\n[design]\nindependent = [["label", "city"]]'
    assert codes(lint(more=more)[1]) == []


def test_more_rows_than_anyone_counts_are_sampled(lint: Lint) -> None:
    """Places times families no longer fit 64 bits."""
    cross = "[design]\ncross = ['person']"
    code, found = lint(
        "{{ person }} lost it.",
        "{{ person }} kept it.",
        more=cross,
        options=("--set", "recipe.rows=24_000_000_000_000"),
    )
    assert code == 0
    assert codes(found, "error") == []


def test_the_share_of_one_template(lint: Lint) -> None:
    rare = '[factors.day]\nvalues = ["Monday", "Tuesday", "Friday", "Sunday"]'
    texts = (TEMPLATES[0] + " {{ day }}", TEMPLATES[1])
    options = ("--set", 'recipe.rows="all"', "--set", "design.use=design.factorial")
    _, found = lint(*texts, more=rare, options=options)
    assert codes(found) == ["lint.template_share"]
    assert "makes up 80.0% of the planned rows" in found[0]["message"]
    assert lint(*texts, more=rare, options=(*options, "--rule", "lint.template_share.max=0.9")) == (0, [])


def test_templates_alike(lint: Lint) -> None:
    long = "When {{ person }} came home that day in May, the card was lost or kept, and nobody spoke of {{ thing }}."
    things = '[factors.thing]\nvalues = ["it", "that"]\n[factors.place]\nvalues = ["x", "y"]'
    texts = (long, long.replace("thing", "place"), long.replace("When", "WHEN"), long.replace("home", "back"))
    _, found = lint(*texts, TEMPLATES[1], more=things, options=("--rule", "lint.template_near.threshold=0.7"))
    said = {each["message"].split("'")[1]: each["severity"] for each in found}
    assert said == {"t1": "note", "t2": "warning", "t3": "note"}
    (last,) = [each["message"] for each in found if "'t3'" in each["message"]]
    assert "is nearly template 't0'" in last


def test_thousands_of_templates_are_compared_in_bounded_work() -> None:
    from collections import defaultdict  # noqa: PLC0415

    from fairloom_lint.patterns import COMMON, Near, _runs, _words  # noqa: PLC0415
    from fairloom_lint.texts import Template  # noqa: PLC0415

    templates = [
        Template(f"all of them begin alike and then say {number} x{number}", f"t{number}") for number in range(3_000)
    ]
    words = [_words(template) for template in templates]
    runs = [_runs(each) for each in words]
    near, holders = Near(0.99), defaultdict(list)
    for number, mine in enumerate(runs):
        near._nearest(number, runs, holders)
        for run in mine:
            if len(holders[run]) <= COMMON:
                holders[run].append(number)
    assert max(map(len, holders.values())) == COMMON + 1


def test_a_word_that_gives_a_label_away(lint: Lint) -> None:
    levels = ", ".join(
        f'{{ name = "{label}{n}", label = "{label}", text = "{{{{ person }}}} {word} {n}{n}{n} lost or kept." }}'
        for label, word in (("lost", "alas"), ("kept", "yes"))
        for n in range(4)
    )
    given = f"[factors.frame]\nrole = 'surface'\nkey = 'name'\nmatch = {{ label = 'label' }}\nvalues = [{levels}]"
    step = ("--set", "step[0].factor=frame")
    _, found = lint(more=given, options=step)
    assert [each["message"].split(":")[0] for each in found if each["code"] == "lint.template_giveaway"] == [
        "only templates of 'lost' have 'alas'",
        "only templates of 'kept' have 'yes'",
    ]
    cues = (*step, "--set", 'task.labels.lost.cues=["alas"]', "--set", 'task.labels.kept.cues=["yes"]')
    assert "lint.template_giveaway" not in codes(lint(more=given, options=cues)[1])


def test_digests_are_recorded_and_then_asked_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "people.csv").write_text("given\nAna\nBo\n")
    text = 'recipe = { name = "d", rows = 4 }\nstep = [{ generate = "template" }]\n'
    text += 'factors.template.values = [{ text = "{{ person }} is here." }]\nfactors.person.from = "people.csv"\n'
    (tmp_path / "recipe.toml").write_text(text)
    assert main(["check", str(tmp_path), "--lint", "--record"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("factors.person.digest = ")]
    (tmp_path / "recipe.toml").write_text(text + line + "\n")
    assert main(["check", str(tmp_path), "--lint", "--record"]) == 0
    said = capsys.readouterr().out
    assert "list_undigested" not in said
    assert "every list has its digest" in said
    (tmp_path / "people.csv").write_text("given\nAna\nBob\n")
    assert main(["check", str(tmp_path), "--lint"]) == 2


def test_exit_codes(lint: Lint) -> None:
    warned = (TEMPLATES[0], "It was lost or kept by {{ person }} .")
    assert lint(*warned)[0] == 0
    assert lint(*warned, options=("--strict",))[0] == 1
    assert lint(*warned, options=("--strict", "--ignore", "lint.template_blanks")) == (0, [])
    assert lint(TEMPLATES[0], "{{ person }} lost or kept {it}.")[0] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--strict"], "--strict goes with --lint only"),
        (["--lint", "--ignore", "lint.blank"], "no lint has this code"),
        (["--lint", "--rule", "lint.template_share.max=2"], "must be <= 1"),
        (["--lint", "--rule", "lint.template_share.mix=0.2"], "mix"),
        (["--lint", "--rule", "max"], "CODE.KEY=VALUE"),
        (["--lint", "--resolved"], "two questions"),
    ],
)
def test_wrong_calls(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(ROOT / "docs" / "recipes" / "minimal"), *options]) == 2
    assert said in capsys.readouterr().err


def test_lints_of_a_plugin_that_the_recipe_names_are_asked(
    lint: Lint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example of the hook, as another distribution would ship it."""
    import inspect  # noqa: PLC0415
    import textwrap  # noqa: PLC0415

    from fairloom import hooks  # noqa: PLC0415

    example = inspect.cleandoc(hooks.fairloom_lints.__doc__).partition("::\n")[2]
    site = tmp_path / "site"
    info = site / "few_lints-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "few_lints.py").write_text(textwrap.dedent(example))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: few-lints\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[fairloom]\nfew = few_lints\n")
    monkeypatch.syspath_prepend(str(site))
    assert lint() == (0, []), "installed is not active"
    _, found = lint(options=("--set", 'recipe.observers=["few"]'))
    assert {each["code"] for each in found} == {"few.few"}
    assert lint(options=("--set", 'recipe.observers=["few"]', "--rule", "few.few.least=2")) == (0, [])


@pytest.mark.parametrize("recipe", sorted(path.parent for path in (ROOT / "docs" / "recipes").glob("*/recipe.toml")))
def test_the_recipes_of_the_docs_are_clean(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if recipe.name == "adult-fair":
        pytest.skip("its lists are made from real data by the guide")
    assert main(["check", str(recipe), "--lint", "--strict"]) == 0, capsys.readouterr().out


def test_every_lint_is_documented_with_its_summary() -> None:
    from fairloom.components import Lint as Kind  # noqa: PLC0415
    from fairloom.plugging.plugins import Plugins  # noqa: PLC0415

    page = (ROOT / "docs" / "reference" / "lint.md").read_text("utf-8")
    plugins = Plugins()
    plugins.load("lint")
    offered = plugins.offered(Kind)
    assert {line.split("`")[1] for line in page.splitlines() if line.startswith("| `lint.")} == set(offered)
    for code, component in offered.items():
        assert f"| `{code}` | {component.summary} |" in page, code
