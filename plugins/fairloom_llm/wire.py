"""The network as httpcore2 uses it, over plain asyncio: a request leaves in one piece.

The backend that httpcore2 brings along works on several event loops and sends head and body apart, which makes up half
of what a call takes. This one keeps what is written until something is to be read.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import attrs
import httpcore2


@attrs.define(eq=False)
class Stream(httpcore2.AsyncNetworkStream):
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _unsent: list[bytes] = attrs.field(factory=list, init=False)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as httpcore2 has it
        """Send what was written, then wait for an answer; no bytes at the end of the stream."""
        try:
            async with asyncio.timeout(timeout):
                if self._unsent:
                    self.writer.write(b"".join(self._unsent))
                    self._unsent.clear()
                    with suppress(ConnectionError):  # whoever hangs up may have said why before
                        await self.writer.drain()
                return await self.reader.read(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout("no answer in time") from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - as httpcore2 has it
        """Keep it until something is to be read."""
        self._unsent.append(buffer)

    async def aclose(self) -> None:
        """Close at once: nothing is under way any more."""
        self.writer.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore2 has it
    ) -> Stream:
        """Encrypt from here on."""
        try:
            async with asyncio.timeout(timeout):
                await self.writer.start_tls(ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            await self.aclose()
            raise httpcore2.ConnectTimeout("no handshake in time") from error
        except OSError as error:  # ssl.SSLError is one
            await self.aclose()
            raise httpcore2.ConnectError(str(error)) from error
        return self

    def get_extra_info(self, info: str) -> Any:
        """Whether something came that nobody waits for (the end, mostly), or what asyncio knows."""
        if info == "is_readable":
            return self.reader.at_eof() or self.writer.is_closing()
        return self.writer.get_extra_info({"ssl_object": "ssl_object", "server_addr": "peername"}.get(info, info))


class Backend(httpcore2.AsyncNetworkBackend):
    """Opens streams."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore2 has it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        """A stream to a server, over whichever of its addresses answers first (RFC 8305)."""
        if local_address is not None or socket_options is not None:
            raise NotImplementedError("no local address and no socket options")
        try:
            async with asyncio.timeout(timeout):
                return Stream(*await asyncio.open_connection(host, port, happy_eyeballs_delay=0.25))
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("no connection in time") from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
