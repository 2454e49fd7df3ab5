"""How much of a server is used: 50 ms a call and 64 places, beside a client that does nothing but send.

Run by hand: ``python benchmarks/llm.py [calls]``. The server is a process of its own and takes the time, from the
first request to the last answer. What it could do is places / latency; how far a client comes is bound by what one core
can do, so the processor time per call is printed as well, which says more on a machine that has other work. A bare
client is a loop over httpx2 that sends, reads and forgets; ours keeps journal, places and limits.

``--quota`` asks for as much as 600 requests and 90,000 tokens per minute allow of a server that enforces both by the
second, in real time: how much of them was used, and how many calls were refused after a warm-up.

``--beside NAME=PYTHON`` has another program make the same calls (``benchmarks/beside_llm.py``) in a Python that has it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from fairloom.modelling.journal import Journal
from fairloom.modelling.limits import Limits
from fairloom.modelling.opened import Opened
from fairloom.models import Answer, Message, Request
from fairloom.recipe import ModelSpec
from fairloom.testing import sample_tools
from fairloom_llm.openai import OpenAI, build

PLACES = 64
REQUESTS, TOKENS = 600, 90_000
"""What a server with a quota allows per minute."""
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "a fox"}, "finish_reason": "stop"}


class Server:
    """Answers everybody after ``latency``, 64 at a time; the rest queue. With a quota it refuses what is beyond."""

    def __init__(self, latency: float, *, quota: bool) -> None:
        self.latency, self.quota = latency, quota
        self.places = asyncio.Semaphore(PLACES)
        self.levels, self.at = {"requests": REQUESTS / 60, "tokens": TOKENS / 60}, 0.0
        self.counted: dict[str, float] = {}
        self.reset()

    def reset(self) -> None:
        """Count anew."""
        self.counted = {"answered": 0, "refused": 0, "tokens": 0, "first": 0.0, "last": 0.0}

    async def serve(self) -> None:
        """Say the port, and serve until killed."""
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
                body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
                writer.write(await self.answer(body) if head.startswith(b"POST") else self.told())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def answer(self, body: bytes) -> bytes:
        """One call; a text is as long as the digits of its question say."""
        now = time.perf_counter()
        self.counted["first"] = self.counted["first"] or now
        prompt, answer = 100, 20 + 10 * (len(body) % 7)
        if self.quota and not self.allowed(prompt + answer, now):
            self.counted["refused"] += 1
            return b"HTTP/1.1 429 No\r\nretry-after: 0.5\r\ncontent-length: 2\r\n\r\n{}"
        async with self.places:
            await asyncio.sleep(self.latency)
        self.counted["answered"] += 1
        self.counted["tokens"] += prompt + answer
        self.counted["last"] = time.perf_counter()
        usage = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
        return _ok(
            {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [CHOICE], "usage": usage}
        )

    def allowed(self, tokens: int, now: float) -> bool:
        """Draw from both quotas, of which a second may be used at once."""
        wanted = {"requests": 1, "tokens": tokens}
        rates = {"requests": REQUESTS / 60, "tokens": TOKENS / 60}
        for name, rate in rates.items():
            self.levels[name] = min(rate, self.levels[name] + (now - self.at) * rate)
        self.at = now
        if any(self.levels[name] < amount for name, amount in wanted.items()):
            return False
        for name, amount in wanted.items():
            self.levels[name] -= amount
        return True

    def told(self) -> bytes:
        """What was counted since it was asked last."""
        said = _ok(self.counted)
        self.reset()
        return said


def _ok(data: Any) -> bytes:
    body = json.dumps(data).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


@contextmanager
def server(*options: str) -> Iterator[str]:
    """Its address."""
    command = [sys.executable, __file__, "--serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1/"
        finally:
            process.kill()


def counted(url: str) -> dict[str, float]:
    """What the server counted since it was asked last."""
    with urllib.request.urlopen(url, timeout=10) as response:
        found: dict[str, float] = json.loads(response.read())
    return {**found, "seconds": found["last"] - found["first"]}


async def bare(url: str, calls: int) -> None:
    """64 loops that send and forget."""
    left = iter(range(calls))
    limits = httpx2.Limits(max_connections=PLACES, max_keepalive_connections=PLACES)
    async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=60) as client:

        async def loop() -> None:
            for number in left:
                messages = [{"role": "user", "content": f"question {number}"}]
                response = await client.post("chat/completions", json={"model": "m", "messages": messages})
                response.json()

        await asyncio.gather(*(loop() for _ in range(PLACES)))


class Ours:
    """A model as a step asks it, with journal, limits, retries and places; no question is asked twice."""

    def __init__(self, url: str, folder: str, **settings: Any) -> None:
        self.journal = Journal(Path(folder) / "journal.sqlite", run="benchmark")
        self.model = build(OpenAI(base_url=url, model="m", max_places=PLACES, **settings), sample_tools())
        limits = Limits("m", ModelSpec(use="llm.openai"), self.journal)
        self.opened = Opened("m", self.model, self.journal, limits)
        self.numbers = itertools.count()

    def ask(self, calls: int) -> None:
        """Ask so many questions."""
        numbers = itertools.islice(self.numbers, calls)
        outcomes = self.opened.ask([Request(messages=(Message("user", f"question {number}"),)) for number in numbers])
        assert all(isinstance(outcome, Answer) for outcome in outcomes)


def taken(url: str, calls: int, ask: Callable[[], None]) -> tuple[float, float]:
    """Calls a second as the server saw them, and milliseconds of this process for each."""
    counted(url)
    began = time.process_time()
    ask()
    spent = time.process_time() - began
    return calls / counted(url)["seconds"], 1000 * spent / calls


def throughput(calls: int, latency: float, beside: list[str]) -> None:
    """Ours and a bare client in turns, three times; the best of each, for other work only slows down."""
    with server("--latency", str(latency)) as url, tempfile.TemporaryDirectory() as folder:
        ours, found = Ours(url, folder), {"a bare client": [], "ours": []}
        ours.ask(PLACES * 8)
        for _ in range(3):
            found["a bare client"].append(taken(url, calls, lambda: asyncio.run(bare(url, calls))))
            found["ours"].append(taken(url, calls, lambda: ours.ask(calls)))
        can = PLACES / latency
        print(f"  the server could answer {can:,.0f} a second")
        best = {who: (max(rate for rate, _ in runs), min(spent for _, spent in runs)) for who, runs in found.items()}
        for who, (rate, spent) in best.items():
            print(f"  {who}: {rate:,.0f} a second, {rate / can:.0%} of that; {spent:.2f} ms of the processor per call")
        print(f"  {best['ours'][0] / min(can, best['a bare client'][0]):.0%} of the smaller of server and bare client")
        for each in beside:
            name, _, python = each.partition("=")
            counted(url)
            command = [python, Path(__file__).with_name("beside_llm.py"), name, url.rstrip("/"), str(calls)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            said = f"{calls / counted(url)['seconds']:,.0f} a second" if not done.returncode else done.stderr[-300:]
            print(f"  {name}: {said}")


def quota(calls: int) -> None:
    """As much as the quota allows, after a warm-up of five seconds."""
    with server("--latency", "0.5", "--enforce") as url, tempfile.TemporaryDirectory() as folder:
        ours = Ours(url, folder, requests_per_minute=REQUESTS, tokens_per_minute=TOKENS)
        ours.ask(REQUESTS // 12)
        counted(url)
        ours.ask(calls)
        found = counted(url)
        minutes = (found["seconds"] - 0.5) / 60
        requests, tokens = found["answered"] / minutes / REQUESTS, found["tokens"] / minutes / TOKENS
        print(f"  {calls} calls in {found['seconds']:.1f} s, allowed are {REQUESTS} and {TOKENS:,} tokens a minute")
        print(f"  requests used {requests:.0%}, tokens used {tokens:.0%}")
        print(f"  refused {found['refused'] / (found['answered'] + found['refused']):.1%}")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("calls", nargs="?", type=int)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--quota", action="store_true")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--serve", action="store_true", help="be the server")
    parser.add_argument("--enforce", action="store_true", help="as the server: keep to the quota")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(Server(options.latency, quota=options.enforce).serve())
    elif options.quota:
        quota(options.calls or 200)
    else:
        throughput(options.calls or 2000, options.latency, options.beside)


if __name__ == "__main__":
    main()
