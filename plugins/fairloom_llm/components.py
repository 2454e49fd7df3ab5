"""What the plugin offers beside models: the modes of generation, judging, and what goes with them."""

from __future__ import annotations

from fairloom.components import Filter, Generator, Metric, ValueTable
from fairloom_llm import chat, counterfactual, judge, novel, numbered, paraphrase, self_instruct, templates, text

_MODEL = ("model",)

GENERATORS = (
    Generator(
        name="text",
        summary="Writes the fields of a row from its brief, one call of a model per field.",
        config=text.TextSettings,
        build=text.build,
        needs=_MODEL,
    ),
    Generator(
        name="templates",
        summary="Has a model write templates and fills them from the design, with exact spans.",
        config=templates.TemplatesSettings,
        build=templates.build,
        needs=_MODEL,
    ),
    Generator(
        name="self_instruct",
        summary="Has a model write new rows in the manner of seed rows.",
        config=self_instruct.SelfInstructSettings,
        build=self_instruct.build,
        needs=_MODEL,
    ),
    Generator(
        name="paraphrase",
        summary="Has a model say a text again; the values in its spans come through unchanged.",
        config=paraphrase.ParaphraseSettings,
        build=paraphrase.build,
        needs=_MODEL,
    ),
    Generator(
        name="counterfactual",
        summary="Has a model make the smallest change that turns a text, and other models verify that it did.",
        config=counterfactual.CounterfactualSettings,
        build=counterfactual.build,
        scope="family",
        needs=_MODEL,
    ),
    Generator(
        name="chat",
        summary="Writes a conversation in alternating turns, one call of a model per turn.",
        config=chat.ChatSettings,
        build=chat.build,
        needs=_MODEL,
    ),
)

FILTERS = (
    Filter(
        name="judge",
        summary="Keeps the rows whose text a model, asked with closed choices, takes for what the plan says.",
        config=judge.JudgeSettings,
        build=judge.build_judge,
        needs=_MODEL,
    ),
    Filter(
        name="novel",
        summary="Refuses a text that says almost what a seed row says.",
        config=novel.NovelSettings,
        build=novel.build,
    ),
)

METRICS = (
    Metric(
        name="agreement",
        summary="Agreement beyond chance of a judging model with the label, and among its votes.",
        config=judge.AgreementSettings,
        build=judge.build_agreement,
        needs=_MODEL,
    ),
)

TABLES = (
    ValueTable(
        name="numbered",
        summary="Levels that are only numbers, for templates that are still to be written.",
        config=numbered.NumberedSettings,
        build=numbered.build,
    ),
)
