"""The server: one thread with an event loop, so that a client that waits costs a socket alone."""

import asyncio
import errno
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Self

import h11

from skinlite.errors import InputError
from skinlite_export.serve.connection import Connection, message
from skinlite_export.serve.routes import HEADERS, Receive, Routes
from skinlite_export.serve.static_files import Asset

SENDING_S = 10.0
"""Seconds within which a client has to send the whole of a request."""

SLOW, SLOW_S, MOST = 128, 1.0, 512
"""Beyond `SLOW` connections with a request under way, one that has had `SLOW_S` seconds for it is
cut off for each that comes; beyond `MOST` the oldest, whatever it had. As many may be answered."""

BACKLOG = 1024
"""Connections that the system keeps until we take them."""


class Server:
    """Hands out a site.

    Whoever has not sent all of a request within `SENDING_S` seconds is cut off, and sooner where
    there are many of them (`SLOW`): slow senders hold up nobody else.

    Args:
        address: host and port to listen at; port 0 takes a free one.
        site: of `skinlite_export.serve.static_files.build_site`.
        receive: takes in what devices post.
        names: hosts by which a browser may ask for the page; see `Routes`.
        tls: for https.

    Raises:
        InputError: the address can't be listened at.
    """

    def __init__(
        self,
        address: tuple[str, int],
        site: Mapping[str, Asset],
        receive: Receive,
        names: Collection[str] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.tls = tls
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            self.socket = socket.create_server(address, family=family, backlog=BACKLOG)
        except OSError as error:
            raise InputError(_why_not(address, error)) from error
        self.server_port: int = self.socket.getsockname()[1]
        self.routes = Routes(site, receive, names, self.server_port, 443 if tls else 80)
        self._sending: dict[asyncio.Task[None], float] = {}  # since when, oldest first
        self._responding = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begins = threading.Lock()
        self._stop = asyncio.Event()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def serve_forever(self) -> None:
        """Answer until `shutdown` or Ctrl-C."""
        try:
            asyncio.run(self._serve())
        finally:
            self._ended.set()

    def shutdown(self) -> None:
        """End `serve_forever` from another thread, and wait until it has ended."""
        with self._begins:
            loop = self._loop
            if loop is None:  # It has not begun; when it does it ends at once.
                self._stop.set()
                return
        loop.call_soon_threadsafe(self._stop.set)
        self._ended.wait()

    async def _serve(self) -> None:
        with self._begins:
            if self._stop.is_set():
                return
            self._loop = asyncio.get_running_loop()
        handshake: dict[str, Any] = (
            {"ssl": self.tls, "ssl_handshake_timeout": SENDING_S} if self.tls else {}
        )
        server = await asyncio.start_server(
            self._connected, sock=self.socket, backlog=BACKLOG, **handshake
        )
        async with server:
            await self._stop.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(Connection(reader, writer))
        except (OSError, TimeoutError, asyncio.CancelledError, h11.ProtocolError):
            # A phone that went away, or one that was cut off, is no error of ours.
            writer.transport.abort()
        finally:
            writer.close()

    async def _talk(self, connection: Connection) -> None:
        more = True
        while more:
            try:
                with self._counted_as_sending():
                    async with asyncio.timeout(SENDING_S):
                        request = await connection.read_head()
                        if request is None:
                            return
                        response = self.routes.without_body(request, connection.own_address)
                        body = b"" if response else await connection.read_body()
            except h11.RemoteProtocolError as error:
                status = HTTPStatus(error.error_status_hint)
                response, body = message(status, f"This isn't a valid request: {error}."), b""
            if response is None:
                response = self.routes.keep(body, connection.client)
            if self._responding >= MOST:
                return
            self._responding += 1
            try:
                more = await connection.send(response, HEADERS)
            finally:
                self._responding -= 1

    @contextmanager
    def _counted_as_sending(self) -> Iterator[None]:
        """Count the current connection; cut off the slowest where there are too many."""
        task = asyncio.current_task()
        assert task
        self._sending[task] = time.monotonic()
        oldest, since = next(iter(self._sending.items()))
        slow = len(self._sending) > SLOW and time.monotonic() - since > SLOW_S
        if slow or len(self._sending) > MOST:
            del self._sending[oldest]
            oldest.cancel()
        try:
            yield
        finally:
            self._sending.pop(task, None)


def _why_not(address: tuple[str, int], error: OSError) -> str:
    host, port = address
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program. Choose another with `port`."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than you have. Choose one above 1023 with `port`."
    return (
        f"Can't listen at `host={host}` `port={port}`: {error.strerror or error}. "
        "Use 127.0.0.1 for this machine only, or 0.0.0.0 for every network that it is in."
    )
