"""Templates: texts with slots that are filled from the levels of factors, as columns and with exact spans.

``template`` reads Jinja's syntax, but no template is ever run by Jinja: literal text, slots and filters
are assembled for a whole batch at once, and logic is a small bounded language evaluated once per
distinct combination of what it reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from fairloom.components import Generator
from fairloom.hooks import hookimpl
from fairloom_template.building import build
from fairloom_template.settings import TemplateSettings


@hookimpl
def fairloom_generators() -> Iterable[Generator]:
    """The generator ``template``."""
    yield Generator(
        name="template",
        summary="Writes texts with spans, and computed columns, from templates in Jinja's syntax.",
        config=TemplateSettings,
        build=build,
    )
