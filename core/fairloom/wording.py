"""How two texts differ in words: by how many, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

_TOKENS = re.compile(r"\w+(?:['\u2019-]\w+)*|\s+|[^\w\s]")


def words_changed(before: Sequence[str], after: Sequence[str]) -> int:
    """The longer text's words less those of the longest common subsequence: replaced, inserted or deleted words.

    Bit-parallel (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
    """
    places: dict[str, int] = {}
    for place, word in enumerate(before):
        places[word] = places.get(word, 0) | 1 << place
    row = (1 << len(before)) - 1
    full = row
    for word in after:
        hits = row & places.get(word, 0)
        row = ((row + hits) | (row - hits)) & full
    common = len(before) - row.bit_count()
    return max(len(before), len(after)) - common


def share_changed(before: str, after: str) -> float:
    """Words changed by the words of the longer text, apart by blanks: 0 is the same text, 1 another one."""
    old, new = before.split(), after.split()
    return words_changed(old, new) / max(1, len(old), len(new))


def word_edits(before: str, after: str, first: int = 0) -> list[tuple[int, int, str]]:
    """What to replace in ``before`` to get ``after``, in whole words and marks: start, end and the new text.

    Edits with only blanks between them are one. ``first`` is where ``before`` begins in a longer text.
    """
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    starts = [first]
    for token in old:
        starts.append(starts[-1] + len(token))
    return [
        (starts[low], starts[high], "".join(new[start:end]))
        for low, high, start, end in _joined(_different(old, new), old)
    ]


_Block = tuple[int, int, int, int]


def _different(old: list[str], new: list[str]) -> Iterator[_Block]:
    for kind, *block in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield block[0], block[1], block[2], block[3]


def _joined(blocks: Iterator[_Block], old: list[str]) -> list[_Block]:
    """The blocks, those with only blanks between them made one."""
    out: list[_Block] = []
    for low, high, start, end in blocks:
        if out and all(token.isspace() for token in old[out[-1][1] : low]):
            out[-1] = (out[-1][0], high, out[-1][2], end)
        else:
            out.append((low, high, start, end))
    return out
