"""The report of a run: one self-contained page, rendered from nothing but the files of the run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from fairloom.showing import printable
from fairloom.showing.presented import REPORT
from fairloom.showing.report import balance, figures, view


def render(folder: Path) -> str:
    """The page for a finished run.

    Raises:
        FileNotFoundError: If the folder has no manifest.
    """
    template = _environment().get_template("page.html.jinja")
    return template.render(view.of(folder))


def write(folder: Path, to: Path | None = None) -> Path:
    """Render the page into the folder, or to the file ``to``; a reader never sees half a page."""
    target = to or folder / REPORT
    page = render(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.write_text(page, "utf-8", newline="\n")
    partial.replace(target)
    return target


def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("fairloom.showing.report", "")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {
        "digest": figures.digest,
        "number": figures.number,
        "percent": figures.percent,
        "points": figures.points,
        "probability": figures.probability,
        "signed": figures.signed,
        "size": figures.size,
    }
    source = loader.get_source(environment, "page.css")[0]
    environment.globals["LONG"] = balance.LONG
    environment.globals["css"] = Markup(source)  # noqa: S704 - our own style sheet, nothing from outside
    return environment


def _shown(value: Any) -> Any:
    """Texts come from anywhere: control and direction-changing characters are shown, not sent."""
    return printable.block(value) if isinstance(value, str) and not isinstance(value, Markup) else value
