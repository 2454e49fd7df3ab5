"""Is what a model wrote a template? Read strictly: nothing is mended, and what is wrong is said."""

from __future__ import annotations

import itertools
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import attrs
import pyarrow as pa

from fairloom.factors import Axis, Factor
from fairloom_llm.filling import Template

_PLACEHOLDER = re.compile(r"\[([^\[\]]*)\]")
_BRACKETS = re.compile(r"[\[\]{}<>]")
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb", "`": "`"}

Words = tuple[str, ...]


@attrs.frozen(eq=False)
class Check:
    """What a template must be: every slot of ``slots`` exactly once, none of the ``values`` in its own words.

    ``values`` maps the words of a value to the axis it is a value of; ``longest`` is the most words of one.
    """

    slots: tuple[str, ...]
    values: Mapping[Words, str]
    longest: int
    max_characters: int

    @classmethod
    def of(cls, slots: Sequence[str], leaks: Iterable[Axis], factors: Mapping[str, Factor], most: int) -> Check:
        """The check for these slots; no value of the axes ``leaks`` may stand in a template."""
        values: dict[Words, str] = {}
        for axis in leaks:
            for name in texts_of(axis, factors).drop_null().unique().to_pylist():
                values.setdefault(words(name), str(axis))
        values.pop((), None)
        return cls(tuple(slots), values, max(map(len, values), default=0), most)

    def read(self, text: str, own: Container[Words] = ()) -> Template | str:
        """The template, or why it is none. It may say the values ``own``, which all its rows have."""
        wrong = self._form(text) or self._places(text)
        if wrong:
            return wrong
        parts = _PLACEHOLDER.split(text)
        literals, slots = tuple(parts[::2]), tuple(parts[1::2])
        if any(_BRACKETS.search(literal) for literal in literals):
            return "has brackets that are no placeholder"
        return self._leak(literals, own) or Template(text, literals, slots)

    def _form(self, text: str) -> str | None:
        if len(text.splitlines()) != 1:
            return "is not one line"
        if len(text) > self.max_characters:
            return f"has more than {self.max_characters} characters"
        return "stands in quotes" if _QUOTES.get(text[0]) == text[-1] and len(text) > 1 else None

    def _places(self, text: str) -> str | None:
        found = _PLACEHOLDER.findall(text)
        for name in found:
            if name not in self.slots:
                return f"has the unknown placeholder [{name}]"
        for slot in self.slots:
            if found.count(slot) != 1:
                times = "does not have" if slot not in found else "repeats"
                return f"{times} the placeholder [{slot}]"
        return None

    def _leak(self, literals: Iterable[str], own: Container[Words]) -> str | None:
        for said in itertools.chain.from_iterable(map(self._runs, literals)):
            if said in self.values and said not in own:
                return f"says {' '.join(said)!r}, a value of {self.values[said]}"
        return None

    def _runs(self, literal: str) -> Iterator[Words]:
        """Every run of words that is short enough to be a value."""
        said = words(literal)
        for size in range(1, self.longest + 1):
            yield from (said[start : start + size] for start in range(len(said) - size + 1))


def words(text: str) -> Words:
    """The words of a text in small letters."""
    return tuple(_WORD.findall(text.casefold()))


def texts_of(axis: Axis, factors: Mapping[str, Factor]) -> pa.Array:
    """What a slot writes for each level of its factor."""
    factor = factors[axis.factor]
    return factor.forms if axis.attribute is None else factor.column(axis.attribute).cast(pa.string())


def text_axes(axes: Iterable[Axis], factors: Mapping[str, Factor]) -> list[Axis]:
    """Every column of texts of the factors of these axes."""
    found = dict.fromkeys(axis.factor for axis in axes if factors[axis.factor].size)
    return [
        Axis(name, column)
        for name in found
        for column in factors[name].attributes
        if pa.types.is_string(factors[name].column(column).type)
    ]
