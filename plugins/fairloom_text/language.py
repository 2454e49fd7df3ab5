"""The filter ``language``: keeps the rows that a detector takes for one language.

The detector is py3langid, a naive Bayes classifier over byte sequences (Lui and Baldwin, "langid.py: an off-the-shelf
language identification tool", ACL 2012) that knows 139 languages. It knows nothing of names: a short English sentence
with a Polish name in it is Polish to it more often than one with an English name. So watch ``balance.selection``.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow.compute as pc

from fairloom.problems import RecipeError, did_you_mean
from fairloom_text.masks import check_mask, masked
from fairloom_text.reasons import Reasons

if TYPE_CHECKING:
    import pyarrow as pa

    from fairloom.components import Tools
    from fairloom.contingency import Floats


@attrs.frozen(kw_only=True)
class Language:
    """Settings of ``text.language``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to look at; the task's first field when left out"}
    )
    language: str = attrs.field(default="en", metadata={"help": "the language to keep, as its ISO 639-1 code"})
    min_score: float | None = attrs.field(
        default=None, metadata={"help": "the least probability, 0 to 1, that the detector must give the language"}
    )
    mask: tuple[str, ...] = attrs.field(
        default=(),
        metadata={"help": 'slots hidden from the detector, such as ["person"], so that a name decides nothing'},
    )


@attrs.frozen
class LanguageFilter:
    """Asks the detector once for each distinct text of a batch."""

    field: str
    config: Language
    detector: Any

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """``not en``, ``en below 0.9``, ``missing``, or null."""
        reasons, wanted = Reasons(rows.num_rows), self.config.language
        reasons.give("missing", pc.is_null(rows.column(self.field)).to_numpy(zero_copy_only=False))
        encoded = pc.dictionary_encode(pc.fill_null(masked(rows, self.field, self.config.mask), ""))
        codes = encoded.indices.to_numpy()
        scores = self._scores(encoded.dictionary.to_pylist())
        reasons.give(f"not {wanted}", (scores < 0)[codes])
        if self.config.min_score is not None:
            reasons.give(f"{wanted} below {self.config.min_score:g}", (scores < self.config.min_score)[codes])
        return reasons.array()

    def _scores(self, texts: list[str]) -> Floats:
        """The probability of the language for each text, -1 where another one is likelier."""
        found = [self.detector.classify(text) for text in texts]
        return np.array([score if code == self.config.language else -1.0 for code, score in found])


def build(config: Language, tools: Tools) -> LanguageFilter:
    """The filter, or ``RecipeError`` for a language the detector does not know, or where it is not installed."""
    if config.min_score is not None and not 0 <= config.min_score <= 1:
        raise RecipeError.of(f"min_score is 0 to 1, got {config.min_score:g}", "min_score")
    check_mask(config.mask, tools)
    field = tools.task.field_of(config.field)
    detector = _detector()
    tools.version_of("py3langid")
    if config.language not in detector.labels:
        way = did_you_mean(config.language, sorted(detector.labels))
        raise RecipeError.of(f"the detector knows no language {config.language!r}", "language", suggestion=way)
    return LanguageFilter(field, config, detector)


@functools.cache
def _detector() -> Any:
    """The classifier, whose scores are probabilities; loading it takes a third of a second."""
    try:
        langid = importlib.import_module("py3langid.langid")
    except ImportError:
        message = "text.language needs py3langid, which is not installed"
        raise RecipeError.of(message, suggestion='pip install "fairloom[language]"') from None
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
