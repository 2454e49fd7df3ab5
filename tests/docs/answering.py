"""A server of the OpenAI protocol for the pages: it writes bank messages, keeps to seeds, grammars and schemas."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_COUNT = itertools.count(1)
_SAID = ("It happened near stop {0}, and nobody can help me.", "Since tram {0} I cannot pay for anything.")


def served() -> str:
    """The address of a fresh server that lives as long as this process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send({"data": [{"id": "qwen2.5-7b-instruct"}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = _answer(asked)
        chat = self.path.endswith("/chat/completions")
        choice: dict[str, Any] = {"message": {"role": "assistant", "content": said}} if chat else {"text": said}
        choice |= {"finish_reason": "stop"} | ({"logprobs": {"content": []}} if asked.get("logprobs") else {})
        prompt = " ".join(each["content"] for each in asked["messages"]) if chat else asked["prompt"]
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(said) // 4}
        self._send({"choices": [choice], "usage": usage})

    def _send(self, data: dict[str, Any]) -> None:
        content = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_said: object) -> None:
        """Say nothing."""


def _answer(asked: dict[str, Any]) -> str:
    if "grammar" in asked:
        return str(json.loads(re.findall(r'"[^"]*"', asked["grammar"])[0]))
    if "response_format" in asked:
        choices = asked["response_format"]["json_schema"]["schema"]["properties"]["answer"]["enum"]
        return json.dumps({"answer": choices[0]})
    prompt = asked["messages"][-1]["content"] if "messages" in asked else asked["prompt"]
    word = hashlib.sha256(str(asked["seed"]).encode()).digest()[0] if "seed" in asked else next(_COUNT)
    lost = "no longer has the card" in prompt
    name = re.search("signed by (.*?)[.]", prompt)
    said = _SAID[word % 2].format(word)
    return f"{'My card is gone' if lost else 'My card is cracked'}. {said} {name[1] if name else ''}".strip()
