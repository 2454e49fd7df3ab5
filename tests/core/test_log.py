"""Logs and progress: what a person sees while a run works."""

from __future__ import annotations

import io
import json

import pytest

from fairloom.showing import log, printable, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_lines_have_a_level_an_event_and_values():
    stream = io.StringIO()
    logger = log.terminal("info", stream).bind(step="length")
    logger.debug("unheard")
    logger.info("part written", rows=3)
    logger.warning("slow", why="two words")
    assert (
        stream.getvalue() == "info     part written  step=length  rows=3\nwarning  slow  step=length  why='two words'\n"
    )


def test_nothing_steers_the_terminal():
    stream = io.StringIO()
    log.terminal("info", stream).info("bad\x1b[2J\nline", text="\u202eevil\r")
    assert stream.getvalue() == "info     bad\\x1b[2J\\nline  text=\\u202eevil\\r\n"


def test_the_file_has_everything_as_json(tmp_path):
    stream, path = io.StringIO(), tmp_path / "log.jsonl"
    logger = log.terminal("error", stream).bind(run="r")
    for part in range(2):  # a resumed run goes on in the same file
        with log.recording(logger, path) as both:
            both.debug("part written", part=part)
            try:
                _ = 1 / 0
            except ZeroDivisionError:
                both.exception("broke\x1b")
    logger.error("after")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["level"], line["event"], line["run"]) for line in lines] == [
        ("debug", "part written", "r"),
        ("error", "broke\x1b", "r"),
    ] * 2
    assert [line.get("part") for line in lines] == [0, None, 1, None]
    assert "ZeroDivisionError" in lines[1]["exception"]
    assert stream.getvalue().count("ZeroDivisionError") == 2
    assert stream.getvalue().endswith("error    after  run=r\n")
    assert "\x1b" not in path.read_text() + stream.getvalue()


def test_a_bar_waits_a_second_and_leaves_nothing_behind():
    stream, clock = Terminal(), Clock()
    bar = progress.Bar(stream, clock)
    bar.stage("writing")
    bar.start(100, "rows")
    clock.now = 0.9
    bar.advance(50)
    assert stream.getvalue() == ""
    clock.now = 1.1
    bar.advance(10)
    assert "writing rows" in stream.getvalue()
    assert "60/100" in stream.getvalue()
    drawn = len(stream.getvalue())
    bar.advance(1)
    assert len(stream.getvalue()) == drawn, "it is not drawn again within a tenth of a second"
    bar.done()
    assert stream.getvalue().endswith("\x1b[2K"), "the line is erased"


def test_no_terminal_no_bar():
    with progress.shown(stream=io.StringIO()) as one, progress.shown(stream=Terminal(), silent=True) as other:
        assert isinstance(one, progress.Silent)
        assert isinstance(other, progress.Silent)
        for each in (one, other):
            each.stage("writing")
            each.start(None, "rows")
            each.advance()


def test_the_bar_goes_when_the_run_breaks():
    stream = Terminal()
    bars = []

    def work():
        with progress.shown(stream=stream) as bar:
            bars.append(bar)
            bar._began -= 2
            bar.start(3, "parts")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert stream.getvalue()
    assert bars[0]._rich is None


@pytest.mark.parametrize(
    ("text", "one_line", "lines"),
    [
        ("plain é 漢字 👩\u200d🚀 كتاب", None, None),
        ("a\tb\nc", "a\\tb\\nc", "a\tb\nc"),
        ("\x1b[31m\x07\x9b", "\\x1b[31m\\x07\\x9b", "\\x1b[31m\\x07\\x9b"),
        ("\u2066x\u2069\u2028", "\\u2066x\\u2069\\u2028", "\\u2066x\\u2069\\u2028"),
    ],
)
def test_printable(text, one_line, lines):
    assert printable.line(text) == (one_line or text)
    assert printable.block(text) == (lines or text)
