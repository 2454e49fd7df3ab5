"""Numbers and amounts as text, whole columns at once."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom_values.locales import LOCALES, NO_BREAK, Locale

Units = npt.NDArray[np.int64]
_BLANK = "*"
_SHARED = {"EUR": "€"}


@attrs.frozen
class Number:
    """Numbers with ``places`` digits after the point, ``-1234.50`` or in the form of a locale."""

    places: int
    locale: Locale | None

    @classmethod
    def of(cls, places: int, locale: str | None) -> Number:
        """The form in a locale, or the plain one."""
        return cls(places, None if locale is None else LOCALES[locale])

    def write(self, units: Units) -> pa.Array:
        """Numbers given in units of their last place, as text."""
        return pc.binary_join_element_wise(signs(units), self.unsigned(units), "")

    def unsigned(self, units: Units) -> pa.Array:
        """The same without signs."""
        whole, rest = np.divmod(np.abs(units), 10**self.places)
        text = pc.cast(pa.array(whole), pa.string())
        if self.locale is not None:
            text = grouped(text, self.locale)
        if self.places == 0:
            return text
        digits = pc.utf8_lpad(pc.cast(pa.array(rest), pa.string()), width=self.places, padding="0")
        return pc.binary_join_element_wise(text, digits, self.locale.decimal if self.locale else ".")


@attrs.frozen
class Amount:
    """Amounts with a currency symbol where the locale has it."""

    number: Number
    pattern: str
    symbol: str

    @classmethod
    def of(cls, places: int, locale: str, currency: str) -> Amount:
        """The form of amounts in a currency.

        A locale writes its own currency and the euro by their symbols, any other by its code. A code is kept
        from the number by a no-break space, as CLDR's currency spacing asks.
        """
        form = LOCALES[locale]
        symbol = form.symbol if currency == form.currency else _SHARED.get(currency, currency)
        pattern = form.amount.replace("¤#", f"¤{NO_BREAK}#") if symbol.isalpha() else form.amount
        return cls(Number(places, form), pattern, symbol)

    def write(self, units: Units) -> pa.Array:
        """Amounts given in units of their last place, as text."""
        texts = {"-": signs(units), "#": self.number.unsigned(units), "¤": self.symbol}
        return pc.binary_join_element_wise(*(texts.get(part, part) for part in self.pattern), "")


def signs(units: Units) -> pa.Array:
    """A minus sign for every number below zero, else nothing."""
    return pa.array(np.where(units < 0, "-", ""), pa.string())


def grouped(digits: pa.Array, locale: Locale) -> pa.Array:
    """Digits in the groups of the locale: padded with blanks, cut, joined, and the blank groups taken away."""
    longest = pc.max(pc.utf8_length(digits)).as_py() or 0
    cuts = list(_cuts(locale.groups, longest))
    padded = pc.utf8_lpad(digits, width=cuts[-1][1], padding=_BLANK)
    width = cuts[-1][1]
    pieces = [pc.utf8_slice_codeunits(padded, width - far, width - near) for near, far in reversed(cuts)]
    joined = pc.binary_join_element_wise(*pieces, locale.group)
    bare = pc.utf8_ltrim(joined, characters=_BLANK + locale.group)
    return pc.if_else(pc.greater(pc.utf8_length(digits), locale.plain), bare, digits)


def _cuts(groups: tuple[int, ...], longest: int) -> Iterator[tuple[int, int]]:
    """Where groups begin and end, counted from the right, until ``longest`` digits are covered."""
    near, place = 0, 0
    while near < max(longest, 1):
        far = near + groups[min(place, len(groups) - 1)]
        yield near, far
        near, place = far, place + 1
