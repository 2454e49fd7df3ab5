"""Factors: from a specification to levels with names, forms and attributes."""

from __future__ import annotations

import pytest

from fairloom.factors import Axis, label_factor, load_factor, load_factors
from fairloom.problems import RecipeError
from fairloom.reading.inputs import file_digest
from fairloom.recipe import FactorSpec
from fairloom.task import Label, Task

WORDS = "type,connotation,word\nverb,toxic,hate\nverb,nontoxic,hug\nadj,neutral,cis\n"


@pytest.fixture
def opened(tmp_path):
    (tmp_path / "words.csv").write_text(WORDS)
    return tmp_path.joinpath


def refused(spec, opened):
    with pytest.raises(RecipeError) as caught:
        load_factor("word", spec, opened)
    return [(".".join(map(str, problem.path)), problem.render()) for problem in caught.value.problems]


def test_plain_values_make_one_column(opened):
    factor = load_factor("city", FactorSpec(values=("Lyon", "Oslo"), role="protected"), opened, within=True)
    assert (factor.names, factor.attributes, factor.role, factor.within) == (
        ("Lyon", "Oslo"),
        ("value",),
        "protected",
        True,
    )
    assert factor.forms.to_pylist() == ["Lyon", "Oslo"]


def test_tables_of_values_carry_attributes(opened):
    spec = FactorSpec(values=({"given": "Ada", "they": "she"}, {"given": "Bo", "they": "they"}), keep=("they",))
    factor = load_factor("person", spec, opened)
    assert factor.names == ("Ada", "Bo")
    codes, names = factor.codes("they")
    assert (codes.tolist(), names) == ([0, 1], ("she", "they"))


def test_a_query_a_rename_and_a_rewrite(opened):
    spec = FactorSpec(
        from_="words.csv",
        columns={"form": "word"},
        rewrite=(["form", "^h(.)", r"H\1"], ["form", "g$", "gs"]),
        where='type == "verb" and form != "cis"',
        key="form",
    )
    factor = load_factor("verb", spec, opened)
    assert factor.names == ("Hate", "Hugs")
    assert factor.attributes == ("type", "connotation", "form")
    assert factor.forms.to_pylist() == ["verb", "verb"], "the form is the first column, the name the key"


def test_levels_without_unique_names_are_numbered(opened):
    assert load_factor("word", FactorSpec(from_="words.csv"), opened).names == ("1", "2", "3")


def test_the_digest_holds_the_file(opened):
    good = file_digest(opened("words.csv"))
    for digest in (good, good.removeprefix("sha256:").upper()):
        assert load_factor("word", FactorSpec(from_="words.csv", digest=digest), opened).size == 3
    assert refused(FactorSpec(from_="words.csv", digest="0" * 64), opened)[0][0] == "factors.word.digest"


def test_every_problem_is_collected_at_its_key(opened):
    spec = FactorSpec(
        from_="words.csv",
        key="typ",
        where="kind == 3 and len(word) > 2",
        rewrite=(("word", "(", ""), ("wrod", "a", "b")),
        balance=("conotation",),
        keep=("nothing",),
    )
    found = dict(refused(spec, opened))
    assert set(found) == {
        "factors.word.key",
        "factors.word.where",
        "factors.word.rewrite.0",
        "factors.word.rewrite.1",
        "factors.word.balance.0",
        "factors.word.keep.0",
    }
    assert "did you mean 'connotation'" in found["factors.word.balance.0"]


REFUSED = [
    (FactorSpec(values=("a", {"b": 1})), "values", "mixes plain values and tables"),
    (FactorSpec(values=("a", 1)), "values", "mixes types"),
    (FactorSpec(from_="words.csv", key="type"), "key", "'verb' repeats"),
    (FactorSpec(from_="words.csv", where='type == "nuon"'), "where", "no value of 'type' is 'nuon'"),
    (FactorSpec(from_="words.csv", where='type < "a"'), "where", "no row of 3 satisfies"),
    (FactorSpec(from_="words.csv", where="type > 3"), "where", "compared with a number but holds 'verb'"),
    (FactorSpec(from_="wrods.csv"), "from", "no such file"),
]


@pytest.mark.parametrize(("spec", "key", "message"), REFUSED)
def test_a_wrong_specification_is_refused(opened, spec, key, message):
    found = refused(spec, opened)
    assert found[0][0] == f"factors.word.{key}"
    assert message in found[0][1]


def test_labels_are_a_factor_and_come_first(opened):
    task = Task(labels={"lost": Label(definition="gone"), "broken": Label(definition="does not work")})
    factors = load_factors({"city": FactorSpec(values=("Lyon",))}, task, opened, within=["label"])
    assert list(factors) == ["label", "city"]
    assert factors["label"].table.to_pydict() == {
        "name": ["lost", "broken"],
        "definition": ["gone", "does not work"],
    }
    assert factors["label"].within
    assert label_factor(Task()) is None
    with pytest.raises(RecipeError, match=r"factors\.label: the labels of the task already are"):
        load_factors({"label": FactorSpec(values=("x",))}, task, opened)


def test_the_problems_of_all_factors_come_together(opened):
    specs = {"a": FactorSpec(values=("x", {"y": 1})), "b": FactorSpec(from_="no.csv")}
    with pytest.raises(RecipeError) as caught:
        load_factors(specs, Task(), opened)
    assert [problem.path[1] for problem in caught.value.problems] == ["a", "b"]


def test_a_sampled_factor_has_no_levels(opened):
    factor = load_factor("amount", FactorSpec(sample="values.integer"), opened, given="it")
    assert (factor.size, factor.sampler) == (0, "it")


def test_axes_read_and_write_alike():
    assert [str(Axis.parse(text)) for text in ("label", "person.gender")] == ["label", "person.gender"]
