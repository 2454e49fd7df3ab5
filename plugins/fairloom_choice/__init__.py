"""Questions with answer options: options in a designed order, and the place of the right one."""

from __future__ import annotations

from collections.abc import Iterable

from fairloom.components import Generator
from fairloom.hooks import hookimpl
from fairloom_choice.options import OptionsSettings, build


@hookimpl
def fairloom_generators() -> Iterable[Generator]:
    """The generator ``options``."""
    yield Generator(
        name="options",
        summary="Puts answer options into the order the design gave them, and says which place is right.",
        config=OptionsSettings,
        build=build,
    )
