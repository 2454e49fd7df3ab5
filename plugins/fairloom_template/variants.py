"""Templates worked out under the surface rules before any row is written.

What the rules do to a row depends on its template and on a few things about its values: whether an item begins with a
vowel, whether a pronoun is "they". Every combination of what the rules tell apart becomes a template of its own, a
*variant*, and rows are pointed at theirs by a table look-up. Templates with too many combinations stay *loose*: their
rows are searched batch by batch.
"""

from __future__ import annotations

import attrs
import numpy as np

from fairloom_template.layout import Layout
from fairloom_template.pieces import Flags
from fairloom_template.pool import Ids, Index


@attrs.frozen(eq=False)
class Variants:
    """The templates of one column and their variants.

    ``layout`` has the templates first; ``loose`` marks those whose rows the rules must still look at. The variant of a
    row is ``targets[first + codes[codes_at + level] + ...]``, a term per factor (``source``) that matters.
    """

    layout: Layout
    loose: Flags
    first: Index
    source: Index
    codes_at: Index
    codes: Index
    targets: Index

    def chosen(self, template: Index, levels: Ids) -> Index:
        """The variant of every row; templates that came of logic stay as they are."""
        known = template < len(self.first)
        if not known.all():
            chosen, rows = template.copy(), np.flatnonzero(known)
            chosen[rows] = self.chosen(template[rows], levels[:, rows])
            return chosen
        at, flat, rows = self.first.take(template), levels.reshape(-1), np.arange(len(template))
        for source, codes_at in zip(self.source, self.codes_at, strict=True):
            cell = (source * levels.shape[1]).take(template)
            cell += rows
            code = codes_at.take(template)
            code += flat.take(cell)
            at += self.codes.take(code)
        return self.targets.take(at)

    def rows_left(self, template: Index) -> Index:
        """The rows that the rules must still look at."""
        return np.flatnonzero(np.append(self.loose, True).take(template, mode="clip"))
