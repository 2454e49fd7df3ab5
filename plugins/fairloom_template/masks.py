"""Masked texts: columns in which the values of some slots are hidden, made of the pieces of the text.

What is hidden is known by construction. Only ``elsewhere`` asks for a search, to make anew what others
made by replacing strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom_template.assembly import Gathered, assemble
from fairloom_template.pool import Ids, Pool
from fairloom_template.settings import Mask


def masked(gathered: Gathered, pool: Pool, names: Mapping[str, int], masks: Sequence[Mask], blank: Any) -> Any:
    """The text column with these masks put on one after the other."""
    ids = gathered.ids
    for mask in masks:
        chosen = _chosen(gathered, names, mask)
        if mask.elsewhere == "leave":
            ids, pool = _rewritten(ids, np.flatnonzero(chosen), pool, partial(_covered, mask))
        else:
            ids, pool = _searched(gathered, ids, chosen, pool, mask)
    return assemble(attrs.evolve(gathered, ids=ids), pool, None, blank)[0]


def _covered(mask: Mask, text: str, _: str) -> str:
    """A hidden value: one token for all of it, or one for each of its words."""
    return re.sub(r"\S+", lambda _: mask.token, text) if mask.each == "word" else mask.token if text else ""


@lru_cache(maxsize=65_536)
def _covered_anywhere(mask: Mask, text: str, value: str) -> str:
    """A text with a token wherever the value, or a word of it, begins or stands."""
    words = value.split() if mask.each == "word" else [value]
    said = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    end = r"(?!\w)" if mask.elsewhere == "words" else ""
    return re.sub(rf"(?<!\w)(?:{said}){end}", lambda _: mask.token, text) if words and value else text


def _chosen(gathered: Gathered, names: Mapping[str, int], mask: Mask) -> Any:
    """Which pieces are slots to be hidden."""
    chosen = np.zeros(len(gathered.ids), dtype=bool)
    meant = np.isin(gathered.name, [number for name, number in names.items() if name in mask.slots])
    chosen[gathered.at[meant]] = True
    return chosen


def _searched(gathered: Gathered, ids: Ids, chosen: Any, pool: Pool, mask: Mask) -> tuple[Ids, Pool]:
    """All pieces of the row searched for each hidden value, as it was before any mask."""
    row = np.repeat(np.arange(len(gathered.offsets) - 1), np.diff(gathered.offsets))
    at = np.flatnonzero(chosen)
    turn = np.arange(len(at)) - np.searchsorted(row[at], row[at])
    for number in range(int(turn.max(initial=-1)) + 1):
        value = np.full(len(gathered.offsets) - 1, -1, dtype=np.int64)
        value[row[at[turn == number]]] = gathered.ids[at[turn == number]]
        there = np.flatnonzero(value[row] >= 0)
        ids, pool = _rewritten(ids, there, pool, partial(_covered_anywhere, mask), value[row[there]])
    return ids, pool


def _rewritten(ids: Ids, at: Any, pool: Pool, write: Callable[[str, str], str], of: Any = None) -> tuple[Ids, Pool]:
    """Pieces written anew, once per distinct string (and the string ``of`` that it depends on)."""
    beside = np.zeros(len(at), dtype=np.int64) if of is None else of
    pairs = pa.array(ids[at].astype(np.int64) * len(pool.strings) + beside).dictionary_encode()
    keys = pairs.dictionary.to_numpy()
    texts, others = (
        pool.strings.take(pa.array(side)).to_pylist() for side in np.divmod(keys, max(len(pool.strings), 1))
    )
    done = pa.array([write(text, other) for text, other in zip(texts, others, strict=True)], pa.string())
    after = ids.copy()
    after[at] = (len(pool.strings) + pairs.indices.to_numpy()).astype(np.int32)
    return after, Pool(pa.concat_arrays([pool.strings, done]), pool.lookup)
