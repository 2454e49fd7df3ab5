"""Categories, joint tables and words against real ones: as scipy has it, with what chance gives, or undecided."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv
from scipy import stats
from scipy.spatial.distance import jensenshannon

import fairloom as fl
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.problems import RecipeError
from fairloom.task import Task
from fairloom.utf8 import words
from fairloom_compare import lengths, psi, vocabulary


def tools(folder=Path(), **references):
    opened = {name: (lambda table=table: table) for name, table in references.items()}
    open_path = lambda text: folder / text  # noqa: E731 - a stand-in
    return Tools(task=Task(), factors={}, draws=Draws(1), open_path=open_path, references=opened)


def measured(build, config, columns, given):
    metric = build(config, given)
    rows = pa.RecordBatch.from_pydict(columns)
    for start in range(0, rows.num_rows, 7_000):
        metric.observe(rows.slice(start, 7_000))
    return metric.result()


@pytest.fixture(scope="module")
def banking(shared):
    table = csv.read_csv(shared / "seed-banking77" / "train.csv").rename_columns(["text", "label"])
    return table.combine_chunks()


def parts(rows, size, seed):
    order = np.argsort(Draws(seed, ("test",)).words(np.arange(rows)), kind="stable")
    return order[:size], order[size : 2 * size]


def test_figures_are_those_of_scipy():
    ours, real = np.repeat(list("abc"), [300, 500, 200]), np.repeat(list("abd"), [400, 500, 100])
    found = measured(psi.build_psi, psi.Psi(against="real"), {"label": ours}, tools(real=pa.table({"label": real})))
    p, q = np.array([300, 500, 200, 0]), np.array([400, 500, 0, 100])
    smooth = [(counts + 0.5) / (counts + 0.5).sum() for counts in (p, q)]
    assert found.value == pytest.approx(stats.entropy(*smooth) + stats.entropy(*smooth[::-1]))
    assert found.values["js"] == pytest.approx(jensenshannon(p, q, base=2) ** 2)
    assert found.values["psi_95"] == pytest.approx(stats.chi2.isf(0.05, 3) * 2 / 1000)
    assert found.values["psi_expected"] == pytest.approx(3 * 2 / 1000)
    assert found.values["p"] == pytest.approx(stats.chi2_contingency([p, q], lambda_="log-likelihood").pvalue)
    assert found.detail["verdict"] == "different"


def test_fifty_rows_of_one_distribution_mislead_and_ours_says_so(banking):
    """The customary bound of PSI fails most draws of one distribution; 1-token bins make lengths nats apart."""
    lengths_of = words(banking.column("text"))
    intents = banking.column("label").combine_chunks().dictionary_encode().indices.to_numpy() % 6
    beyond, naive, ours, expected, verdicts = 0, [], [], [], set()
    for seed in range(30):
        one, two = parts(len(banking), 50, seed)
        size = int(lengths_of[[*one, *two]].max()) + 1
        p, q = (np.bincount(lengths_of[half], minlength=size) / 50 + 1e-10 for half in (one, two))
        naive.append(stats.entropy(p, q))
        real = pa.table({"text": banking.column("text").take(two), "label": intents[two].astype(str)})
        given = tools(real=real)
        found = measured(
            lengths.build,
            lengths.Lengths(against="real"),
            {"text": banking.column("text").take(one).combine_chunks()},
            given,
        )
        ours.append(found.values["kl"])
        expected.append(found.values["expected"])
        share = measured(psi.build_psi, psi.Psi(against="real"), {"label": intents[one].astype(str)}, given)
        beyond += share.values["psi"] > 0.1
        verdicts |= {found.detail["verdict"], share.detail["verdict"]}
        assert found.value is share.value is None
    assert np.mean(naive) > 2
    assert np.mean(ours) == pytest.approx(np.mean(expected), rel=0.3)
    assert np.mean(ours) < 0.2
    assert beyond > 15
    assert verdicts == {"undecided"}


def test_enough_rows_decide_and_the_halves_agree(banking):
    one, two = parts(len(banking), 5_000, 1)
    real = tools(real=banking.take(two))
    ours = {name: banking.column(name).take(one).combine_chunks() for name in ("text", "label")}
    found = measured(psi.build_psi, psi.Psi(against="real"), ours, real)
    assert found.detail["verdict"] == "no difference found"
    assert found.value == pytest.approx(found.values["psi_expected"], rel=0.5)
    assert found.values["real_psi"] == pytest.approx(found.values["real_psi_expected"], rel=0.5)
    found = measured(lengths.build, lengths.Lengths(against="real"), ours, real)
    assert found.values["real_kl"] < 3 * found.values["real_expected"]
    found = measured(vocabulary.build, vocabulary.Vocabulary(against="real"), ours, real)
    assert found.value == pytest.approx(found.values["real"], rel=0.1)
    assert found.values["tokens"] == 20_000
    assert 0.9 < found.values["of_real"] < 1.1


def test_words_are_compared_at_equal_size(banking):
    one, two = parts(len(banking), 2_000, 2)
    real = tools(real=banking.take(two))
    text = banking.column("text").take(one).combine_chunks()
    sizes = [
        measured(vocabulary.build, vocabulary.Vocabulary(against="real"), {"text": text.slice(0, rows)}, real)
        for rows in (100, 2_000)
    ]
    assert sizes[0].values["jaccard"] < sizes[1].values["jaccard"] - 0.05  # a bare index grows with the texts
    assert sizes[0].values["of_real"] == pytest.approx(sizes[1].values["of_real"], abs=0.1)
    few = measured(vocabulary.build, vocabulary.Vocabulary(against="real"), {"text": text.slice(0, 20)}, real)
    assert few.value is None
    assert few.why.startswith("undecided: ")


def test_a_profile_is_enough_for_shares_tables_and_lengths(banking, tmp_path):
    one, two = parts(len(banking), 4_000, 3)
    with (tmp_path / "real.csv").open("wb") as file:
        csv.write_csv(banking.take(two), file)
    fl.profile(tmp_path / "real.csv", label="label").write(tmp_path / "real.json")
    ours = {name: banking.column(name).take(one).combine_chunks() for name in ("text", "label")}
    given = tools(tmp_path, real=banking.take(two))
    for build, make in (
        (psi.build_psi, psi.Psi),
        (lengths.build, lengths.Lengths),
        (psi.build_joint, lambda **side: psi.Joint(over=("label",), **side)),
    ):
        rows, counts = (
            measured(build, make(**side), ours, given) for side in ({"against": "real"}, {"profile": "real.json"})
        )
        assert counts.value == pytest.approx(rows.value)
        assert counts.values["n_reference"] == 4_000


def test_values_that_a_profile_merged_are_merged_here(tmp_path):
    (tmp_path / "real.csv").write_text("c\n" + "a\n" * 500 + "b\n" * 480 + "".join(f"rare{n}\n" for n in range(20)))
    fl.profile(tmp_path / "real.csv").write(tmp_path / "p.json")
    ours = {"kind": ["a"] * 500 + ["b"] * 480 + ["rare1", "new"] * 10}
    config = psi.Psi(profile="p.json", column="kind", names={"kind": "c"})
    assert measured(psi.build_psi, config, ours, tools(tmp_path)).value == pytest.approx(0)


def test_joint_tables_tell_what_shares_do_not():
    real = pa.table({"a": ["x", "y"] * 500, "b": ["u", "v"] * 500})
    ours = {"a": ["x", "y"] * 500, "b": ["u", "u", "v", "v"] * 250}
    found = measured(psi.build_joint, psi.Joint(against="real", over=("a", "b")), ours, tools(real=real))
    assert found.value == pytest.approx(0.5)
    assert measured(psi.build_psi, psi.Psi(against="real", column="a"), ours, tools(real=real)).value == pytest.approx(
        0
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "against: needs against, the name of reference rows, or profile, a file; got neither"),
        ({"against": "real", "profile": "p.json"}, "got both"),
        ({"against": "real", "names": {"sex": "gender"}}, "names.sex: 'sex' is not compared"),
        ({"profile": "p.json"}, "profile: p.json has no axis 'label'; known: c"),
        ({"profile": "no.json"}, "profile: no.json is no JSON"),
        ({"against": "real", "resolution": 0.0}, "resolution: resolution is above 0, got 0"),
    ],
)
def test_settings_that_make_no_sense(config, message, tmp_path):
    (tmp_path / "real.csv").write_text("c\n" + "a\n" * 10)
    fl.profile(tmp_path / "real.csv", axes=["c"]).write(tmp_path / "p.json")
    with pytest.raises(RecipeError) as caught:
        psi.build_psi(psi.Psi(**config), tools(tmp_path, real=pa.table({"label": ["a"]})))
    assert message in str(caught.value)
