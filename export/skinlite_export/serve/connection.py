"""One HTTP connection: h11 reads the requests and frames the answers, asyncio moves the bytes."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import h11

PIECE = 64 * 1024
"""Bytes that are read or written at a time."""

PATIENCE_S, SLOWEST = 30.0, 20_000
"""A reader has `PATIENCE_S` seconds, and one more for each `SLOWEST` bytes of its answer."""

LINGER_S = 1.0
"""How long the rest of a refused request is read, so that its sender still sees the refusal."""


@dataclass(frozen=True)
class Request:
    """The head of a request: method, path and query as sent, headers by lower-case name."""

    method: str
    target: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """A status, headers, and the content: bytes, or a file that is read while it is sent."""

    status: HTTPStatus
    content: bytes | Path = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def message(status: HTTPStatus, text: str) -> Response:
    """A line of text."""
    return Response(status, f"{text}\n".encode(), {"Content-Type": "text/plain; charset=utf-8"})


class Connection:
    """A client's requests, one after the other.

    Raises:
        h11.RemoteProtocolError: from every reading method: what came is not HTTP, or ended early.
        OSError: the client has gone.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.http = h11.Connection(h11.SERVER)
        peer, own = (writer.get_extra_info(name) for name in ("peername", "sockname"))
        if not (peer and own):
            raise ConnectionResetError("The client has disconnected.")
        self.client, self.own_address = str(peer[0]), str(own[0])

    async def read_head(self) -> Request | None:
        """The next request, without its body; None where the client has closed."""
        event = await self._next_event()
        if not isinstance(event, h11.Request):
            return None
        headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
        return Request(event.method.decode(), event.target.decode("latin-1"), headers)

    async def read_body(self) -> bytes:
        """The whole body of the request whose head was read; its size was checked by then."""
        if self.http.they_are_waiting_for_100_continue:
            self._write(h11.InformationalResponse(status_code=100, headers=[]))
        body = bytearray()
        while isinstance(event := await self._next_event(), h11.Data):
            body += event.data
        return bytes(body)

    async def send(self, response: Response, headers: Mapping[str, str]) -> bool:
        """Send a response with these headers besides; whether the client may ask for more.

        A body that was not read ends the connection.
        """
        with suppress(h11.RemoteProtocolError):
            if self.http.their_state is h11.SEND_BODY:
                self.http.next_event()  # a request without a body has an end, and nothing else
        unread = self.http.their_state is not h11.DONE
        more = {"Connection": "close"} if unread else {}
        content = response.content
        if isinstance(content, Path):
            with content.open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                async with asyncio.timeout(PATIENCE_S + size / SLOWEST):
                    self._head(response, size, {**headers, **more})
                    while piece := stream.read(PIECE):
                        self._write(h11.Data(data=piece))
                        await self.writer.drain()
        else:
            self._head(response, len(content), {**headers, **more})
            if content:
                self._write(h11.Data(data=content))
        self._write(h11.EndOfMessage())
        async with asyncio.timeout(PATIENCE_S):
            await self.writer.drain()
            if unread:
                await self._linger()
        if self.http.our_state is h11.DONE and self.http.their_state is h11.DONE:
            self.http.start_next_cycle()
            return True
        return False

    async def _next_event(self) -> object:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self.reader.read(PIECE))
        return event

    def _head(self, response: Response, size: int, headers: Mapping[str, str]) -> None:
        sized = {} if response.status == HTTPStatus.NOT_MODIFIED else {"Content-Length": str(size)}
        self._write(
            h11.Response(
                status_code=response.status,
                reason=response.status.phrase.encode(),
                headers=list({**headers, **response.headers, **sized}.items()),
            )
        )

    def _write(self, event: h11.Event) -> None:
        if data := self.http.send(event):
            self.writer.write(data)

    async def _linger(self) -> None:
        if self.writer.can_write_eof():
            self.writer.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while await self.reader.read(PIECE):
                    pass
