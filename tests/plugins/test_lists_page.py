"""docs/reference/lists.md says of every list and locale what is so.

``python tests/plugins/test_lists_page.py`` writes its tables anew.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairloom.plugging.plugins import Plugins
from fairloom.weaving.listing import listing
from fairloom_entities.lists import sources
from fairloom_values.dates import DateConfig, build_date
from fairloom_values.forms import Amount, Number
from fairloom_values.locales import LOCALES, NAMES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "lists.md"
DAY = dt.date(2026, 3, 5)


def lists() -> list[str]:
    components: dict[str, Any] = dict(Plugins().load("entities").components)
    return [
        "| List | Groups | Levels | Version | Licence | Digest |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_line(name, component) for name, component in components.items()),
    ]


def _line(name: str, component: Any) -> str:
    found = listing(component)
    assert found
    groups = ", ".join(f"{group} ({len(sizes)})" for group, sizes in found.sizes.items()) or "none"
    levels = f"{found.levels:,}" + (f", {found.smallest} per group" if found.sizes else "")
    assert found.smallest == found.largest
    said = (f"`{name}`", groups, levels, component.version, component.licence, f"`{found.digest}`")
    return f"| {' | '.join(said)} |"


def statements() -> list[str]:
    return [f"- `{source.file}`: {source.source}" for name, source in sources().items() if name != "people"]


def locales() -> list[str]:
    heads = ["| Locale | Number | Amount | Short date | Long date |", "| --- | --- | --- | --- | --- |"]
    return heads + [f"| `{name}` | {' | '.join(_forms(name))} |" for name in NAMES]


def _forms(name: str) -> list[str]:
    units = np.array([123_456_789])
    currency = LOCALES[name].currency
    places = 0 if currency in {"JPY", "KRW"} else 2
    written = [Number.of(2, name).write(units), Amount.of(places, name, currency).write(units)]
    dates = [
        build_date(DateConfig(min=DAY, max=DAY, format=form, locale=name), None).written for form in ("short", "long")
    ]  # type: ignore[arg-type]
    return [each.to_pylist()[0] for each in (*written, *dates)]


PARTS = {"lists": lists, "sources": statements, "locales": locales}


def part(name: str, text: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end of {name} -->", text, re.DOTALL)
    assert found
    return found.group(1)


@pytest.mark.parametrize("name", PARTS)
def test_the_page_says_what_is_so(name: str) -> None:
    assert part(name, PAGE.read_text("utf-8")).splitlines() == PARTS[name]()


if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    for each, lines in PARTS.items():
        old = part(each, page)
        page = page.replace(f"<!-- {each} -->\n{old}", f"<!-- {each} -->\n" + "\n".join(lines()) + "\n")
    PAGE.write_text(page, "utf-8")
