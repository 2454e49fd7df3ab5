"""The hook specifications: the plugin author's manual.

A plugin is a module behind one entry point in the group ``fairloom``::

    [project.entry-points.fairloom]
    greet = "fairloom_greet"

It implements any of the hooks below. All but the last four *yield descriptors* of components, which a
recipe names as ``plugin.component``; those four are observers, told what happened. Observers cannot
change the data, and one that raises is logged and switched off.

Rules that hold for every hook:

- A function is a hook only under ``@fairloom.hookimpl``, and takes no argument with a default.
- Wrappers (``hookimpl(wrapper=True)``) are refused: what they changed would be recorded nowhere.
- A hook that is not in this list is an error, so a misspelt one is never silence.
- A plugin is imported only when a recipe names it. Keep the import light; open files in ``build``.
- Names of components are unique in a plugin, whatever their kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pluggy

from fairloom.components import (
    Executor,
    Filter,
    Generator,
    Goal,
    Lint,
    Metric,
    Model,
    Predictor,
    Reader,
    Sampler,
    Search,
    ValueTable,
    Writer,
)
from fairloom.plugging.installed import GROUP as GROUP  # noqa: PLC0414 - plugin authors look for it here

PROJECT = "fairloom"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def fairloom_samplers() -> Iterable[Sampler]:
    """Offer samplers: design samplers plan the levels of all factors, value samplers draw one factor.

    A value sampler answers one value per address (``components.ValueSampler``); a design sampler, with
    ``plans="design"``, answers a plan (``components.DesignSampler``, ``design.Plan``). Both are pure
    functions of addresses and never draw "the next" number. In a recipe: ``sample = "amounts.amount"``
    under ``[factors.NAME]``, or ``use = "..."`` under ``[design]``. Example::

        import fairloom as fl


        @fl.sampler
        def amount(draw: fl.Draw, *, low: int = 1, high: int = 100) -> int:
            \"\"\"Draw an amount in whole units.\"\"\"
            return low + draw.below(high - low + 1)


        @fl.hookimpl
        def fairloom_samplers():
            return [amount]
    """
    return ()


@hookspec
def fairloom_tables() -> Iterable[ValueTable]:
    """Offer value tables: curated lists, or levels made by rule, that become the levels of a factor.

    What is built answers ``table()`` (``components.Tabulates``) with one row per level, in documented order.
    Lists ship with their plugin: the descriptor states source, licence and version, the core takes the
    digest. In a recipe: ``table = "places.cities"`` under ``[factors.NAME]``. Example::

        import fairloom as fl


        @fl.value_table(groups=("country",), source="own compilation", licence="CC0-1.0", version="1")
        def cities(*, capital: bool = False) -> list[dict[str, str]]:
            \"\"\"Cities and their countries.\"\"\"
            known = [{"city": "Lyon", "country": "FR"}, {"city": "Oslo", "country": "NO"}]
            return known[1:] if capital else known


        @fl.hookimpl
        def fairloom_tables():
            return [cities]
    """
    return ()


@hookspec
def fairloom_generators() -> Iterable[Generator]:
    """Offer generators, which write the task's fields from briefs, or from rows written before.

    What is built answers ``write(rows)`` (``components.Writes``) with the new columns for those rows, in
    their order. Labels and attributes come from the plan: a generator reads them, it never sets them.
    One that has models write says which in ``asks``, one that is after a predictor's errors in ``attacks``: sets of
    names, which no ``verifiers`` of a generator and no filter that verifies labels may have in its own.
    In a recipe: ``generate = "greet.greet"`` in a ``[[step]]``. Example::

        import fairloom as fl


        @fl.generator
        def greet(row, *, greeting: str = "Hello") -> str:
            \"\"\"Greet the person of the row.\"\"\"
            return f"{greeting} {row['person.given']}"


        @fl.hookimpl
        def fairloom_generators():
            return [greet]
    """
    return ()


@hookspec
def fairloom_filters() -> Iterable[Filter]:
    """Offer filters, which judge rows: null keeps one, a string rejects it and is the reason.

    A filter drops nothing itself. The core writes the ledger, refills the row in its own cell with the
    next attempt, and compares the rejection rates of groups. Scope ``row`` promises that a verdict
    depends on its row alone; ``dataset`` filters remember and then judge (``components.JudgesAll``).
    A filter names the models that decide in ``asks``, the predictors in ``consults``.
    In a recipe: ``filter = "loud.shouting"`` in a ``[[step]]``. Example::

        import fairloom as fl


        @fl.filter
        def shouting(text: str, *, share: float = 0.5) -> str | None:
            \"\"\"Reject texts written in capitals.\"\"\"
            loud = sum(letter.isupper() for letter in text)
            return "shouting" if loud > share * len(text) else None


        @fl.hookimpl
        def fairloom_filters():
            return [shouting]
    """
    return ()


@hookspec
def fairloom_metrics() -> Iterable[Metric]:
    """Offer metrics, which measure the final rows, alone or against reference rows.

    What is built is fed every batch in order of address (``observe``) and asked once (``result``). A
    value that cannot be computed is ``Measurement(value=None, why=...)``, which fails a gate.
    In a recipe: ``metric = "words.mean_words"`` in a ``[[gate]]``. Example::

        import fairloom as fl


        @fl.metric
        def mean_words(text: list[str]) -> float:
            \"\"\"The mean number of words.\"\"\"
            return sum(len(each.split()) for each in text) / len(text)


        @fl.hookimpl
        def fairloom_metrics():
            return [mean_words]
    """
    return ()


@hookspec
def fairloom_readers() -> Iterable[Reader]:
    """Offer readers of reference rows: real data to compare with.

    What is built answers ``read()`` with record batches. ``tools.open_path`` turns a path of the recipe
    into a file, checks that it stays in the recipe's folder and records its digest.
    In a recipe: ``read = "lines.lines"`` under ``[reference.NAME]``. Example::

        from collections.abc import Iterator
        from pathlib import Path

        import attrs
        import fairloom as fl
        import pyarrow as pa


        @attrs.frozen
        class LineSettings:
            path: str


        @attrs.frozen
        class Lines:
            path: Path

            def read(self) -> Iterator[pa.RecordBatch]:
                yield pa.record_batch({"text": self.path.read_text("utf-8").splitlines()})


        lines = fl.Reader(
            name="lines",
            summary="One text per line.",
            config=LineSettings,
            build=lambda config, tools: Lines(tools.open_path(config.path)),
        )


        @fl.hookimpl
        def fairloom_readers():
            return [lines]
    """
    return ()


@hookspec
def fairloom_writers() -> Iterable[Writer]:
    """Offer writers of further export formats.

    What is built has a ``suffix`` and answers ``write(batches, path)`` (``components.WritesRows``). The
    same rows must give the same bytes, however they are cut into batches.
    In a recipe: ``formats = ["plain.plain"]`` under ``[export]``. Example::

        from collections.abc import Iterator
        from pathlib import Path

        import attrs
        import fairloom as fl
        import pyarrow as pa


        @attrs.frozen
        class PlainSettings:
            pass


        @attrs.frozen
        class Plain:
            suffix = ".txt"

            def write(self, batches: Iterator[pa.RecordBatch], path: Path) -> None:
                with path.open("w", encoding="utf-8", newline="") as out:
                    for rows in batches:
                        for text in rows.column("text").to_pylist():
                            print(text, file=out)


        plain = fl.Writer(
            name="plain",
            summary="One text per line.",
            config=PlainSettings,
            build=lambda config, tools: Plain(),
        )


        @fl.hookimpl
        def fairloom_writers():
            return [plain]
    """
    return ()


@hookspec
def fairloom_models() -> Iterable[Model]:
    """Offer language models, which a recipe opens under ``[models.NAME]``.

    What is built has an ``identity``, plain data that say everything that decides an answer and never a secret, and
    answers ``ask(requests, done, meter)`` (``models.Asks``). The core keeps the journal and asks only what it lacks; a
    model asks ``meter`` before every call it sends, and owns its threads and retries. Secrets come from the
    environment and are never a setting. Generators, filters and metrics find the model in ``tools.models``. Example::

        import attrs
        import fairloom as fl
        from fairloom.models import Answer, Failure


        @attrs.frozen
        class CannedSettings:
            answer: str = "yes"


        @attrs.frozen
        class Canned:
            answer: str

            @property
            def identity(self):
                return {"answer": self.answer}

            def ask(self, requests, done, meter):
                for index, _ in enumerate(requests):
                    ticket = meter.reserve(prompt_tokens=0, answer_tokens=1)
                    if ticket is None:
                        done(index, Failure(kind="budget", message="a limit of the run is reached"))
                        continue
                    done(index, Answer(text=self.answer, answer_tokens=1))
                    meter.settle(ticket, 0, 1)


        canned = fl.Model(
            name="canned",
            summary="Answers every prompt alike, for trying recipes without a model.",
            config=CannedSettings,
            build=lambda config, tools: Canned(config.answer),
        )


        @fl.hookimpl
        def fairloom_models():
            return [canned]
    """
    return ()


@hookspec
def fairloom_predictors() -> Iterable[Predictor]:
    """Offer predictors: classifiers that generators, filters, metrics and ``fairloom probe`` ask about texts.

    What is built answers ``predict(texts)`` (``predictors.Predicts``) with a probability for every label, a function
    of each text alone, and says in ``identity`` what decides its answers. The core asks every text once, in
    batches, within the budget of the recipe. In a recipe: ``use = "loud.loudness"`` under ``[predictors.NAME]``;
    components find it in ``tools.predictors``. Example::

        import fairloom as fl


        @fl.predictor
        def loudness(texts: list[str], *, mark: str = "!") -> list[dict[str, float]]:
            \"\"\"Take texts with a mark for loud.\"\"\"
            return [{"loud": float(mark in text), "calm": float(mark not in text)} for text in texts]


        @fl.hookimpl
        def fairloom_predictors():
            return [loudness]
    """
    return ()


@hookspec
def fairloom_goals() -> Iterable[Goal]:
    """Offer goals: what an attack wants of the model, as a distance from it.

    What is built answers ``score(candidates)`` (``attacks.Scores``) with one number per candidate, at most 0 where the
    goal is reached. ``candidates`` (``attacks.Candidates``) has the texts, what the model says of them and what is
    known of their rows. In a recipe: ``goal = "doubts.doubt"`` in a step that attacks. Example::

        import attrs
        import fairloom as fl


        @attrs.frozen
        class DoubtSettings:
            least: float = 0.5


        @attrs.frozen
        class Doubt:
            least: float

            def score(self, candidates):
                return candidates.found.probabilities.max(axis=1) - self.least


        doubt = fl.Goal(
            name="doubt",
            summary="The model is not surer than this of any label.",
            config=DoubtSettings,
            build=lambda config, tools: Doubt(config.least),
        )


        @fl.hookimpl
        def fairloom_goals():
            return [doubt]
    """
    return ()


@hookspec
def fairloom_searches() -> Iterable[Search]:
    """Offer searches: which changes of a row an attack asks the model about, and in what order.

    What is built answers ``questions(options, draw, score)`` (``attacks.Searches``): a Python generator that yields
    lists of states, sets of changes by number, and is sent their distances from the goal. It never sees the model or
    the goal, and random numbers come from ``draw``. In a recipe: ``search = "ones.one_by_one"`` in a step that
    attacks. Example::

        import attrs
        import fairloom as fl


        @attrs.frozen
        class OneSettings:
            pass


        @attrs.frozen
        class OneByOne:
            def questions(self, options, draw, score):
                yield list(options.extended(()))


        one_by_one = fl.Search(
            name="one_by_one",
            summary="Every change alone.",
            config=OneSettings,
            build=lambda config, tools: OneByOne(),
        )


        @fl.hookimpl
        def fairloom_searches():
            return [one_by_one]
    """
    return ()


@hookspec
def fairloom_executors() -> Iterable[Executor]:
    """Offer executors, which run the parts of a run: plain-data specifications in, plain-data results out.

    What is built answers ``run(job, specs)`` with pairs of a specification and its result, in any order.
    Objects never travel: a worker rebuilds its components from the recipe, writes its part and returns
    counts and digests. Example::

        import attrs
        import fairloom as fl


        @attrs.frozen
        class HereSettings:
            pass


        @attrs.frozen
        class Here:
            def run(self, job, specs):
                from fairloom.weaving.parts import work  # what a worker does with one part

                for spec in specs:
                    yield spec, work(job, spec)


        here = fl.Executor(
            name="here",
            summary="One part after the other, in this process.",
            config=HereSettings,
            build=lambda config, tools: Here(),
        )


        @fl.hookimpl
        def fairloom_executors():
            return [here]
    """
    return ()


@hookspec
def fairloom_lints() -> Iterable[Lint]:
    """Offer lints, which find faults of a recipe before a row is made.

    What is built answers ``findings(view)`` with any number of ``fairloom.lints.Finding``; ``view`` is a
    ``fairloom.lints.LintView``. ``fairloom check --lint`` asks the lints of the plugin ``lint`` and those of every
    plugin that the recipe names, be it under ``observers``. Example::

        import attrs
        import fairloom as fl
        from fairloom.lints import Finding


        @attrs.frozen
        class FewSettings:
            least: int = 3


        @attrs.frozen
        class Few:
            least: int

            def findings(self, view):
                for name, factor in view.factors.items():
                    if 0 < factor.size < self.least:
                        said = f"factor {name!r} has {factor.size} levels"
                        yield Finding(severity="note", message=said, path=("factors", name))


        few = fl.Lint(
            name="few",
            summary="Factors with few levels.",
            config=FewSettings,
            build=lambda config, tools: Few(config.least),
        )


        @fl.hookimpl
        def fairloom_lints():
            return [few]
    """
    return ()


@hookspec
def fairloom_run_started(run: Any) -> None:
    """Be told that a run begins. ``run`` is a frozen ``fairloom.events.RunInfo``.

    Observers run one plugin after the other, in order of plugin name. Example::

        import fairloom as fl


        @fl.hookimpl
        def fairloom_run_started(run):
            print(f"{run.name} {run.version}: {run.rows} rows to {run.folder}")
    """


@hookspec
def fairloom_step_done(run: Any, step: Any) -> None:
    """Be told that a step has finished for the whole dataset. ``step`` is a frozen ``events.StepInfo``.

    Ask for the arguments you need; the others may be left out. Example::

        import fairloom as fl


        @fl.hookimpl
        def fairloom_step_done(step):
            print(f"{step.name}: kept {step.kept} of {step.seen}, rejected {dict(step.rejected)}")
    """


@hookspec
def fairloom_gate_decided(run: Any, verdict: Any) -> None:
    """Be told that a gate was decided. ``verdict`` is a frozen ``fairloom.weaving.gates.Verdict``.

    Its ``status`` is ``passed``, ``failed`` or ``not computed``. Example::

        import fairloom as fl


        @fl.hookimpl
        def fairloom_gate_decided(run, verdict):
            print(f"{run.name}: gate {verdict.name} {verdict.status} at {verdict.value}")
    """


@hookspec
def fairloom_run_finished(run: Any) -> None:
    """Be told that a run has ended and that its folder is complete.

    A run that was interrupted or failed is not reported as finished. Example::

        import fairloom as fl


        @fl.hookimpl
        def fairloom_run_finished(run):
            print(f"{run.name} is in {run.folder}")
    """
