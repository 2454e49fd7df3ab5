"""Connections to one server, a line for each place: what a call needs of httpx2's transport, and no more.

A pool looks at all its connections before and after every call, which at 64 places costs more than the call itself.
So each line is a pool of one, and a call takes the line that was used last. Redirects are not followed, for they would
carry the key away; no cookies are kept.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.request import getproxies, proxy_bypass

import attrs
import httpcore2
import httpx2

from fairloom_llm.wire import Backend

_WAITING = {"timeout": {"connect": 10.0, "read": None, "write": None, "pool": None}}
"""Seconds to wait for a connection; how long to wait for an answer is the caller's business."""
ERRORS = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError, httpcore2.TimeoutException)
"""What ``post`` raises where there is no response."""


@attrs.frozen
class Response:
    """A whole response; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@attrs.define(eq=False)
class Lines:
    """Lines to the server at ``base_url``; ``secret`` goes into the header that carries keys."""

    base_url: str
    secret: str | None = attrs.field(default=None, repr=False)
    _idle: list[httpcore2.AsyncConnectionPool] = attrs.field(factory=list, init=False)
    _all: list[httpcore2.AsyncConnectionPool] = attrs.field(factory=list, init=False)
    _url: httpx2.URL = attrs.field(init=False)
    _headers: list[tuple[bytes, bytes]] = attrs.field(init=False, repr=False)
    _proxy: httpcore2.Proxy | None = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Address, headers and proxy are the same for every call."""
        self._url = httpx2.URL(self.base_url.rstrip("/") + "/")
        self._headers = [
            (b"host", self._url.netloc),
            (b"accept", b"application/json"),
            (b"accept-encoding", b"identity"),
            (b"content-type", b"application/json"),
            (b"user-agent", b"fairloom"),
        ]
        if self.secret:
            self._headers.append((b"authorization", b"Bearer " + self.secret.encode("ascii")))
        self._proxy = _proxy(self._url)

    async def post(self, path: str, content: bytes) -> Response:
        """Send ``content`` and read the whole response.

        Raises:
            ERRORS: There is none.
        """
        headers = [*self._headers, (b"content-length", b"%d" % len(content))]
        request = httpcore2.Request("POST", self._at(path), headers=headers, content=content, extensions=_WAITING)
        line = self._idle.pop() if self._idle else self._opened()
        try:
            response = await line.handle_async_request(request)
            try:
                read = await response.aread()
            finally:
                await response.aclose()
        finally:
            self._idle.append(line)
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return Response(response.status, named, read)

    def _at(self, path: str) -> httpcore2.URL:
        url = self._url
        target = url.raw_path + path.encode("ascii")
        return httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=target)

    def _opened(self) -> httpcore2.AsyncConnectionPool:
        secure = _trusted() if self._url.scheme == "https" else None
        line = httpcore2.AsyncConnectionPool(
            ssl_context=secure,
            proxy=self._proxy,
            max_connections=1,
            keepalive_expiry=_EXPIRY,
            network_backend=Backend(),
        )
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


_EXPIRY = 5.0
"""Seconds after which an idle line is opened anew; servers hang up on those that wait longer."""


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates, which take longer to read than many a call."""
    return httpx2.create_ssl_context()


def _proxy(url: httpx2.URL) -> httpcore2.Proxy | None:
    """The proxy that the environment names for this address (``HTTPS_PROXY``, ``NO_PROXY``)."""
    named = getproxies()
    proxy = None if proxy_bypass(url.host) else named.get(url.scheme) or named.get("all")
    if proxy is None:
        return None
    at = httpx2.URL(proxy if "://" in proxy else f"http://{proxy}")
    auth: Any = (at.username, at.password) if at.username else None
    return httpcore2.Proxy(f"{at.scheme}://{at.netloc.decode('ascii')}", auth=auth)
