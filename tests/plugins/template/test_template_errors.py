"""What is wrong with templates and settings is said at once, before anything is written."""

from __future__ import annotations

import pytest

from fairloom.problems import RecipeError

OTHERS = {"person": [{"given": "Ann", "pets": ["a"]}], "city": ["Oslo"]}


def problems(loom, *args, **settings):
    with pytest.raises(RecipeError) as caught:
        loom(*args, **settings)
    return [problem.render() for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ persn.given }}", "line 1: there is no factor 'persn'; did you mean 'person'?"),
        ("a\n{{ person.givn }}", "line 2: factor 'person' has no attribute 'givn'; did you mean 'given'?"),
        ("{{ person.given|uper }}", "line 1: there is no filter 'uper'; did you mean 'upper'?"),
        ("{{ 1 if city is deffined }}", "line 1: there is no test 'deffined'; did you mean 'defined'?"),
        ("{{ person.given", "line 1: not a template: unexpected end of template, expected 'end of print statement'."),
        ("\n{% if city %}", "line 2: not a template: Unexpected end of template."),
        ("{{ person.given }", "line 1: not a template: unexpected '}'"),
        ("{{ person.pets }}", "line 1: person.pets is a list or record, not a text; go through a list with `for`"),
        ("{{ city.value.real }}", "line 1: only `factor.attribute` is known, nothing beyond it"),
        ("{{ city.upper() }}", "line 1: a template cannot use `call`; nothing can be called; use a filter"),
        ("{{ city + 'x' }}", "line 1: a template cannot use `add`; join texts with `~`"),
        ("{% set city = 1 %}", "line 1: 'city' is taken; choose another name"),
        ("{% set a, b = 1, 2 %}", "line 1: `set` and `for` make one plain name each"),
        ("{{ city|replace('a') }}", "line 1: the filter replace got 1 arguments; it takes at most 2"),
        ("{{ city|default(value='a') }}", "line 1: write the arguments of default by position"),
        ("{{ city|trim(none) }}", "line 1: `none` is no argument for a filter"),
        ("{% for a in [1] %}{{ loop.nth }}{% endfor %}", "line 1: `loop` has no 'nth'"),
        ("{{ loop.index }}", "line 1: there is no factor 'loop'"),
        ("{% set x = 1 %}{{ x.y }}", "line 1: 'x' is not a factor, so it has no attributes"),
        ("{{ amount.euro }}", "line 1: factor 'amount' has no attribute 'euro'"),
        ("{% if city %}" * 45 + "{% endif %}" * 45, "line 1: nested more than 40 deep"),
        ("{{ -city }}", "line 1: a template cannot use `neg`"),
        ("{{ 1 if city is equalto }}", "line 1: the test equalto takes 1 arguments"),
        ("{% macro m() %}{% endmacro %}", "line 1: a template cannot use `macro`"),
        ("{{ '\\ud800' }}", "line 1: not a text"),
        (None, 'there is no text; write "" for an empty one'),
    ],
)
def test_a_wrong_template_is_named_with_the_way_out(loom, text, said):
    (problem,) = problems(loom, [{"name": "ok", "text": "fine"}, {"name": "bad", "text": text}], OTHERS, ("amount",))
    assert problem.startswith("factors.template: template 'bad', column 'text'")
    assert said in problem


def test_all_problems_come_at_once(loom):
    found = problems(loom, ["{{ a }}{{ b }}", "{{ city }}", "{{ city|c }}"], OTHERS, columns={"key": "{{ d }}"})
    assert len(found) == 4
    assert found[3] == "step.columns.key: column 'key', line 1: there is no factor 'd'; known: city, person, template"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"factor": "templat"},
            "step.factor: there is no factor 'templat' to take templates from; did you mean 'template'?",
        ),
        ({"factor": "amount"}, "step.factor: factor 'amount' has no value table with templates"),
        ({"fields": {"txt": "text"}}, "step.fields.txt: the task has no field 'txt'; did you mean 'text'?"),
        ({"fields": {"text": "tex"}}, "step.fields.text: the value table of factor 'template' has no column 'tex'"),
        ({"columns": {"city": "x"}}, "step.columns.city: the column name 'city' is taken"),
        ({"columns": {"text.spans": "x"}}, "step.columns.text.spans: the column name 'text.spans' is taken"),
        (
            {"task_fields": ("story", "end")},
            "factors.template: the value table of factor 'template' has no column 'story'",
        ),
    ],
)
def test_wrong_settings(loom, settings, said):
    assert problems(loom, ["x"], OTHERS, ("amount",), **settings)[0].startswith(said)


def test_a_column_that_holds_no_texts_cannot_be_templates(loom):
    (problem,) = problems(loom, [{"name": "t", "text": ["a"]}])
    assert problem == "factors.template: column 'text' holds no texts, so it cannot be read as templates"


def test_a_filter_that_swells_a_vocabulary_is_refused(loom):
    (problem,) = problems(loom, ["{{ city|replace('O', 'xxxxxxxxxx') }}"], {"city": ["O" * 9]}, max_characters=50)
    assert "template 't0', column 'text': the filters on city make too long a text; max_characters = 50" in problem
