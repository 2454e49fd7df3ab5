"""Connections to one server, a line for each place: what a call needs of httpx2, and no more.

A pool of httpx2 looks at all its connections before and after every call, which at 64 places costs more than the call
itself. Here each line is a transport with one connection, and a call takes the line that was used last. Redirects are
not followed, for they would carry the key away; no cookies are kept.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs
import httpx2

_ONE = httpx2.Limits(max_connections=1, max_keepalive_connections=1)
_CONNECTING = 10.0
"""Seconds to wait for a connection; how long to wait for an answer is the caller's business."""


@attrs.define(eq=False)
class Lines:
    """Open lines to the server at ``base_url``; ``secret`` goes into the header that carries keys."""

    base_url: str
    secret: str | None = attrs.field(default=None, repr=False)
    _idle: list[httpx2.AsyncHTTPTransport] = attrs.field(factory=list, init=False)
    _all: list[httpx2.AsyncHTTPTransport] = attrs.field(factory=list, init=False)
    _headers: list[tuple[bytes, bytes]] = attrs.field(init=False, repr=False)
    _proxy: str | None = attrs.field(init=False, repr=False)
    _urls: dict[str, httpx2.URL] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        """Headers and proxy are the same for every call."""
        self._proxy = _proxy(self.base_url)
        self._headers = [
            (b"accept", b"application/json"),
            (b"accept-encoding", b"gzip, deflate"),
            (b"content-type", b"application/json"),
            (b"user-agent", b"fairloom"),
        ]
        if self.secret:
            self._headers.append((b"authorization", b"Bearer " + self.secret.encode("ascii")))

    async def post(self, path: str, content: bytes) -> httpx2.Response:
        """Send ``content`` and read the whole response.

        Raises:
            httpx2.HTTPError: There is none.
        """
        request = httpx2.Request("POST", self._url(path), headers=self._headers, content=content, extensions=_WAITING)
        line = self._idle.pop() if self._idle else self._opened()
        try:
            response = await line.handle_async_request(request)
            await response.aread()
        finally:
            self._idle.append(line)
        return response

    def _url(self, path: str) -> httpx2.URL:
        if path not in self._urls:
            self._urls[path] = httpx2.URL(f"{self.base_url.rstrip('/')}/{path}")
        return self._urls[path]

    def _opened(self) -> httpx2.AsyncHTTPTransport:
        line = httpx2.AsyncHTTPTransport(verify=_trusted(), limits=_ONE, proxy=self._proxy)
        self._all.append(line)
        return line

    async def __aenter__(self) -> Self:
        """Lines open when they are needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Close them."""
        for line in self._all:
            await line.aclose()


_WAITING: Mapping[str, Mapping[str, float | None]] = {
    "timeout": {"connect": _CONNECTING, "read": None, "write": None, "pool": None}
}


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates, which take longer to read than many a call."""
    return httpx2.create_ssl_context()


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for this address (``HTTPS_PROXY``, ``NO_PROXY``)."""
    parts, named = urlsplit(url), getproxies()
    if proxy_bypass(parts.hostname or ""):
        return None
    proxy = named.get(parts.scheme) or named.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
