"""From settings and factors to a working generator: every template read, checked and linked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from fairloom.batch import FINAL, ID, REASON, SYSTEM, spans_of
from fairloom.components import Tools
from fairloom.design import Uses
from fairloom.factors import Factor
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom_template.filters import TooLongError
from fairloom_template.foreseen import Foresight
from fairloom_template.layout import Layout, Linker
from fairloom_template.logic import Logic, Reading
from fairloom_template.names import Names, Slot, texts
from fairloom_template.pool import Growth, Pool
from fairloom_template.program import Piece, Program
from fairloom_template.reading import read_template
from fairloom_template.settings import Column, Mask, Tagging, TemplateSettings
from fairloom_template.surfacing import surface_of
from fairloom_template.syntax import Source
from fairloom_template.typed import templates_of
from fairloom_template.values import Budget, Scope
from fairloom_template.writer import Further, Output, Slots, TemplateWriter

Programs = Mapping[str, Sequence[Program]]
"""Column to write -> its programs: one per level of the driving factor, or the one of an inline column."""


def build(settings: TemplateSettings, tools: Tools) -> TemplateWriter:
    """The generator.

    Raises:
        RecipeError: with every problem of the settings, or else every problem of the templates.
    """
    names = Names(tools.factors, settings.missing)
    columns = _columns_of_fields(settings, tools, _driver(settings, names))
    sources = {field: _field_sources(settings, names, column) for field, column in columns.items()}
    sources |= {name: [_inline_source(name, text)] for name, text in templates_of(settings.columns).items()}
    programs = _programs(sources, names, settings.max_characters)
    growth = Growth()
    slots = _slots(settings, names, [program for column in programs.values() for program in column], growth)
    linker = Linker(growth, slots.bases, slots.sources, slots.names)
    outputs = [_output(name, column, linker, settings) for name, column in programs.items()]
    uses = _uses(settings, programs, tools.factors[settings.factor].size)
    pool = growth.done()
    surface = surface_of(settings, _used_slots(programs), names)
    if surface is not None:
        surface = surface.prepared(pool)
        if not surface.edits:
            sizes = [0, *(tools.factors[name].size for name in slots.sources)]
            outputs, pool = _foreseen(outputs, Foresight(surface, sizes, slots.names), pool)
            surface = surface.prepared(pool)
    masks = _masks(settings, tools, _slot_names(programs))
    tagging = _tags(settings, tools, _slot_names(programs))
    typed = {name: column for name, column in settings.columns.items() if isinstance(column, Column)}
    return TemplateWriter(
        tools.factors,
        tuple(outputs),
        slots,
        pool,
        settings.max_characters,
        uses,
        surface,
        Further(masks, tagging, typed),
    )


# Settings ---------------------------------------------------------------------------------------


def _driver(settings: TemplateSettings, names: Names) -> Factor:
    if settings.factor not in names.factors:
        known = did_you_mean(settings.factor, names.factors)
        message = f"there is no factor {settings.factor!r} to take templates from"
        raise RecipeError.of(message, "step", "factor", suggestion=known)
    if names.drawn(settings.factor) or not names.factors[settings.factor].size:
        raise RecipeError.of(f"factor {settings.factor!r} has no value table with templates", "step", "factor")
    return names.factors[settings.factor]


def _columns_of_fields(settings: TemplateSettings, tools: Tools, driver: Factor) -> dict[str, str]:
    """Which column of the template table holds the texts of every task field."""
    problems = [*_unknown_fields(settings, tools), *_taken_columns(settings, tools)]
    columns = {field: _column_of(field, settings, tools, driver) for field in tools.task.fields}
    for field, column in columns.items():
        if column not in driver.attributes:
            message = f"the value table of factor {driver.name!r} has no column {column!r} for the task field {field!r}"
            place = ("step", "fields", field) if field in settings.fields else ("factors", driver.name)
            plain = driver.attributes == ("value",)  # texts alone, not in tables
            way = f'write values = [{{ {column} = "..." }}]' if plain else did_you_mean(column, driver.attributes)
            problems.append(Problem(message, path=place, suggestion=way))
    if problems:
        raise RecipeError(problems)
    return columns


def _column_of(field: str, settings: TemplateSettings, tools: Tools, driver: Factor) -> str:
    """The column named in ``fields``, else of the field's name; a lone field may also find ``text``."""
    lone = len(tools.task.fields) == 1 and field not in driver.attributes and "text" in driver.attributes
    return settings.fields.get(field, "text" if lone else field)


def _unknown_fields(settings: TemplateSettings, tools: Tools) -> Iterable[Problem]:
    for field in settings.fields:
        if field not in tools.task.fields:
            known = did_you_mean(field, tools.task.fields)
            yield Problem(f"the task has no field {field!r}", path=("step", "fields", field), suggestion=known)


def _taken_columns(settings: TemplateSettings, tools: Tools) -> Iterable[Problem]:
    fields = tools.task.fields
    taken = {*SYSTEM, ID, REASON, FINAL, *fields, *map(spans_of, fields), *tools.factors}
    for key, named in (("columns", settings.columns), ("masks", settings.masks), ("tags", settings.tags)):
        for name in named:
            if name in taken:
                yield _taken(name, "step", key, name)
        taken |= named.keys()
    for name, each in settings.tags.items():
        if each.tokens in taken:
            yield _taken(each.tokens, "step", "tags", name, "tokens")


def _taken(name: str, *path: str) -> Problem:
    message = f"the column name {name!r} is taken by the framework, a field, a factor or another column"
    return Problem(message, path=path, suggestion="choose another name")


def _tags(settings: TemplateSettings, tools: Tools, slots: set[str]) -> dict[str, tuple[str, Tagging]]:
    """The tags of every tag column, with the field they are for."""
    found = {name: (each.field or tools.task.fields[0], each) for name, each in settings.tags.items()}
    problems: list[Problem] = []
    fields: dict[str, str] = {}
    known = {*slots, *(slot.partition(".")[0] for slot in slots)}
    for name, (field, each) in found.items():
        path = ("step", "tags", name)
        if field not in tools.task.fields:
            message, way = f"the task has no field {field!r}", did_you_mean(field, tools.task.fields)
            problems.append(Problem(message, path=(*path, "field"), suggestion=way))
        if fields.setdefault(each.tokens, field) != field:
            message = f"the tokens of {fields[each.tokens]!r} and of {field!r} go to one column, {each.tokens!r}"
            problems.append(Problem(message, path=(*path, "tokens"), suggestion="name another column"))
        problems += [
            Problem(
                f"no template has the slot {slot!r}", path=(*path, "types", slot), suggestion=did_you_mean(slot, known)
            )
            for slot in each.types
            if slot not in known
        ]
    if problems:
        raise RecipeError(problems)
    return found


def _masks(settings: TemplateSettings, tools: Tools, slots: set[str]) -> dict[str, tuple[str, tuple[Mask, ...]]]:
    """The masks of every masked column, with the field they are for."""
    found = {name: each if isinstance(each, tuple) else (each,) for name, each in settings.masks.items()}
    first, problems = tools.task.fields[0], []
    for name, masks in found.items():
        path = ("step", "masks", name)
        fields = {mask.field or first for mask in masks}
        if not masks or len(fields) > 1 or not fields <= set(tools.task.fields):
            problems.append(
                Problem(f"a masked column is made of one field of the task, got {sorted(fields)}", path=path)
            )
        problems += [
            Problem(f"no template has the slot {slot!r}", path=path, suggestion=did_you_mean(slot, slots))
            for mask in masks
            for slot in mask.slots
            if slot not in slots
        ]
    if problems:
        raise RecipeError(problems)
    return {name: (masks[0].field or first, masks) for name, masks in found.items()}


# Templates --------------------------------------------------------------------------------------


def _field_sources(settings: TemplateSettings, names: Names, column: str) -> list[Source]:
    """The template texts of one column, one per level."""
    factor, path = names.factors[settings.factor], ("factors", settings.factor)
    if not names.is_text(Slot(factor.name, column)):
        raise RecipeError.of(f"column {column!r} holds no texts, so it cannot be read as templates", *path)
    found = texts(factor.column(column), (), settings.max_characters).to_pylist()
    titles = [f"template {name!r}, column {column!r}" for name in factor.names]
    problems = [
        Problem(f"{title}: there is no text", path=path, suggestion='write "" for an empty one')
        for title, text in zip(titles, found, strict=True)
        if text is None
    ]
    if problems:
        raise RecipeError(problems)
    return [Source(text, title, path) for title, text in zip(titles, found, strict=True)]


def _inline_source(name: str, text: str) -> Source:
    return Source(text, f"column {name!r}", ("step", "columns", name.partition("[")[0]))


def _programs(sources: Mapping[str, Sequence[Source]], names: Names, bound: int) -> dict[str, list[Program]]:
    programs: dict[str, list[Program]] = {column: [] for column in sources}
    problems: list[Problem] = []
    for column, templates in sources.items():
        for source in templates:
            program, wrong = read_template(source, names, bound)
            problems += wrong
            if program is not None:
                programs[column].append(program)
    if problems:
        raise RecipeError(problems)
    return programs


def _slot_names(programs: Programs) -> set[str]:
    """The slots that any template has, without their filters."""
    return {str(slot) for slot in _used_slots(programs)}


def _used_slots(programs: Programs) -> list[Slot]:
    """The slots that any template has."""
    used = (slot for column in programs.values() for program in column for slot in (*program.fills, *program.reads))
    return list(dict.fromkeys(used))


def _uses(settings: TemplateSettings, programs: Programs, levels: int) -> Uses:
    """The factors of every template; inline columns count for all of them, the driving factor for none."""
    inline = templates_of(settings.columns)
    always = {name for column in inline for program in programs[column] for name in program.factors}
    by_level = [
        always.union(*(programs[name][level].factors for name in programs if name not in inline))
        for level in range(levels)
    ]
    return Uses(settings.factor, tuple(frozenset(used - {settings.factor}) for used in by_level))


# Linking ----------------------------------------------------------------------------------------


def _slots(settings: TemplateSettings, names: Names, programs: Sequence[Program], growth: Growth) -> Slots:
    """Every slot in use, its vocabulary put into the pool once."""
    fills = {slot: program for program in reversed(programs) for slot in program.fills}
    reads = dict.fromkeys(slot for program in programs for slot in program.reads)
    used = dict.fromkeys([settings.factor, *(slot.factor for slot in (*reversed(fills), *reads))])
    sources = {name: source for source, name in enumerate(used, start=1)}
    drawn = tuple(slot for slot in reversed(fills) if names.drawn(slot.factor))
    return Slots(
        sources=sources,
        bases=_bases(fills, drawn, names, growth, settings.max_characters),
        names={},
        readings={
            slot: Reading.of(slot, sources[slot.factor], names.column(slot))
            for slot in reads
            if not names.drawn(slot.factor)
        },
        drawn=drawn,
        drawn_reads=tuple(slot for slot in reads if names.drawn(slot.factor)),
    )


def _bases(
    fills: Mapping[Slot, Program], drawn: Sequence[Slot], names: Names, growth: Growth, bound: int
) -> dict[Slot, int]:
    bases = {slot: -1 - number for number, slot in enumerate(drawn)}
    problems = []
    for slot, program in fills.items():
        if slot in bases:
            continue
        try:
            bases[slot] = growth.vocabulary(texts(names.column(slot), slot.calls, bound))
        except TooLongError:
            message = f"{program.title}: the filters on {slot} make too long a text; max_characters = {bound:,}"
            problems.append(Problem(message, path=("factors", slot.factor)))
    if problems:
        raise RecipeError(problems)
    return bases


def _output(name: str, programs: Sequence[Program], linker: Linker, settings: TemplateSettings) -> Output:
    """One column: simple templates laid out now, the others left to the rows."""
    laid_out = [linker.segments(_pieces(program)) if program.simple else [] for program in programs]
    logical = {level: program for level, program in enumerate(programs, start=1) if not program.simple}
    return Output(
        name=name,
        layout=Layout.of([[], *laid_out]),
        logic=Logic(logical, settings.max_characters),
        titles=("", *(program.title for program in programs)),
        inline=name in templates_of(settings.columns),
    )


def _foreseen(outputs: Iterable[Output], foresight: Foresight, pool: Pool) -> tuple[list[Output], Pool]:
    """The fields with variants of their templates, and a pool that has their strings."""
    done = []
    for output in outputs:
        each = output
        if not output.inline:
            variants, pool = foresight.variants(output.layout, pool, frozenset(output.logic.programs))
            each = attrs.evolve(output, layout=variants.layout, variants=variants)
        done.append(each)
    return done, pool


def _pieces(program: Program) -> list[Piece]:
    """What a simple template writes, whatever the row."""
    return program.pieces(Scope({}, Budget(2**62, 2**62)))
