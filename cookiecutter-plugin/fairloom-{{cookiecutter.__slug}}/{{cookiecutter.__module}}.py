"""The fairloom plugin `{{ cookiecutter.__plugin }}`: a generator, a filter and a metric to start from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import fairloom as fl


@fl.generator
def greet(row: Mapping[str, Any], draw: fl.Draw, *, formal: str = "Good day", casual: str = "Hi") -> str:
    """Greet a person, formally or not as the label says.

    Args:
        formal: the greeting for rows with the label `formal`
        casual: the greeting for the others
    """
    greeting = formal if row["label"] == "formal" else casual
    question = draw.pick(["how is", "greetings to", "is it warm in"])
    return f"{greeting} {row['person']}, {question} {row['city']}?"


@fl.filter
def shouting(text: str, *, share: float = 0.5) -> str | None:
    """Reject texts written in capitals.

    Args:
        share: the share of capital letters above which a text shouts
    """
    letters = [letter for letter in text if letter.isalpha()]
    loud = sum(letter.isupper() for letter in letters)
    return "shouting" if loud > share * len(letters) else None


@fl.metric
def mean_words(text: list[str]) -> float:
    """The mean number of words."""
    return sum(len(each.split()) for each in text) / len(text)


@fl.hookimpl
def fairloom_generators() -> Iterable[fl.Generator]:
    """What recipes name as `generate`."""
    return [greet]


@fl.hookimpl
def fairloom_filters() -> Iterable[fl.Filter]:
    """What recipes name as `filter`."""
    return [shouting]


@fl.hookimpl
def fairloom_metrics() -> Iterable[fl.Metric]:
    """What recipes name as `metric`."""
    return [mean_words]
