"""A server of our own, for what those of others cannot be told to do: asyncio, HTTP/1.1, OpenAI bodies."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs

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
def serving(answer: Callable[[Asked], Awaitable[Given]]) -> Iterator[Serving]:
    """Serve until the block ends, on a thread of its own."""
    loop = asyncio.new_event_loop()
    state = Serving("")
    started = threading.Event()

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
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        state.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        started.set()

    starting = loop.create_task(main())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert started.wait(10), starting
    try:
        yield state
    finally:

        def stop() -> None:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.call_later(0.05, loop.stop)

        loop.call_soon_threadsafe(stop)
        thread.join(10)
        loop.close()
