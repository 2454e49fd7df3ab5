"""How much of a server is used: 50 ms a call and 64 places, beside a client that does nothing but send.

Run by hand: ``python benchmarks/llm.py [calls]``. The server is a process of its own. What is possible is the smaller
of what the server could do (places / latency) and what a bare loop over the same HTTP library reaches on this machine.
On a slow machine the second is far below the first; a longer ``--latency`` then says more of the places.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2

from fairloom.modelling.journal import Journal
from fairloom.modelling.limits import Limits
from fairloom.modelling.opened import Opened
from fairloom.models import Answer, Message, Request
from fairloom.recipe import ModelSpec
from fairloom.testing import sample_tools
from fairloom_llm.openai import OpenAI, build

PLACES = 64
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "a fox"}, "finish_reason": "stop"}
BODY = json.dumps({"choices": [CHOICE], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}).encode()
HEAD = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n".encode()


async def serve(latency: float) -> None:
    """Answer everybody after ``latency``, 64 at a time; the rest queue."""
    places = asyncio.Semaphore(PLACES)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                await reader.readexactly(int(length.split(b":")[1]))
                async with places:
                    await asyncio.sleep(latency)
                writer.write(HEAD + BODY)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def bare(url: str, calls: int) -> float:
    """Calls a second of 64 loops that send and forget."""
    left = iter(range(calls))
    limits = httpx2.Limits(max_connections=PLACES, max_keepalive_connections=PLACES)
    async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=60) as client:

        async def loop() -> None:
            for number in left:
                messages = [{"role": "user", "content": f"question {number}"}]
                response = await client.post("chat/completions", json={"model": "m", "messages": messages})
                response.json()

        began = time.perf_counter()
        await asyncio.gather(*(loop() for _ in range(PLACES)))
        return calls / (time.perf_counter() - began)


def ours(url: str, calls: int, folder: Path) -> float:
    """Calls a second with journal, limits, retries and places."""
    journal = Journal(folder / "journal.sqlite", run="benchmark")
    model = build(OpenAI(base_url=url, model="m", max_places=PLACES), sample_tools())
    opened = Opened("m", model, journal, Limits("m", ModelSpec(use="llm.openai"), journal))
    opened.ask([Request(messages=(Message("user", f"warm up {number}"),)) for number in range(PLACES * 8)])
    requests = [Request(messages=(Message("user", f"question {number}"),)) for number in range(calls)]
    began = time.perf_counter()
    outcomes = opened.ask(requests)
    seconds = time.perf_counter() - began
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    journal.close()
    print(f"  places found: {model.traffic.places.limit:.0f}")
    return calls / seconds


def main() -> None:
    """Measure both, one after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("calls", nargs="?", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.latency))
        return
    command = [sys.executable, __file__, "--serve", "--latency", str(options.latency)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        try:
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1/"
            alone = asyncio.run(bare(url, options.calls))
            found = ours(url, options.calls, Path(folder))
        finally:
            server.kill()
    server_can = PLACES / options.latency
    print(f"  the server could answer {server_can:,.0f} a second, a bare client gets {alone:,.0f}, we get {found:,.0f}")
    print(f"  {found / min(server_can, alone):.0%} of what is possible here")


if __name__ == "__main__":
    main()
