"""The server: GET for the files of a site, one POST for a device's report, and nothing else."""

import errno
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Lock
from typing import Any
from urllib.parse import urlsplit

from skinlite.errors import InputError, SkinliteError
from skinlite_export.serve.site import Asset

POST_PATH = "/devices"
MAX_BODY = 256 * 1024
"""Bytes of a report: eight thread counts with a thousand samples each fit."""

POSTS_A_MINUTE, POSTS_IN_ALL = 12, 1000
"""From everybody together, so that nobody can fill the disk."""

CONNECTIONS, TIMEOUT = 64, 30.0
"""At a time; seconds that a silent one is waited for."""

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self'",
            "connect-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    # Threads need both; a browser heeds them on https and on this machine alone.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}

Receive = Callable[[bytes], object]
"""Takes in a report's bytes; raises ValueError where they are no report."""


class Limit:
    """Counts posts: so many a minute, so many in all."""

    def __init__(self, a_minute: int = POSTS_A_MINUTE, in_all: int = POSTS_IN_ALL) -> None:
        self.a_minute, self.left = a_minute, in_all
        self.times: deque[float] = deque()
        self.lock = Lock()

    def allows(self) -> bool:
        """Whether one more may come now; it is counted."""
        with self.lock:
            now = time.monotonic()
            while self.times and now - self.times[0] >= 60:
                self.times.popleft()
            if len(self.times) >= self.a_minute or self.left <= 0:
                return False
            self.times.append(now)
            self.left -= 1
            return True


class Server(ThreadingHTTPServer):
    """Hands out a site, a thread a connection.

    Args:
        address: host and port to listen at; port 0 takes a free one.
        site: of `skinlite_export.serve.site.build_site`.
        receive: takes in what devices post.
        tls: for https.

    Raises:
        InputError: the address can't be listened at.
    """

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        site: Mapping[str, Asset],
        receive: Receive,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.site, self.receive, self.limit = site, receive, Limit()
        self.places = BoundedSemaphore(CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        try:
            super().__init__(address, Handler)
        except OSError as error:
            raise InputError(_why_not(address, error)) from error
        if tls:
            # The handshake belongs to the connection's thread: a silent client holds up no other.
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread, unless there are too many."""
        if self.places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A phone that went away is no error of ours."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    timeout = TIMEOUT
    server_version, sys_version = "skinlite", ""

    def do_GET(self) -> None:
        """A file of the site."""
        asset = self.server.site.get(self.path.partition("?")[0])
        if asset is None:
            return self._say(HTTPStatus.NOT_FOUND, "There is no such file.")
        if self.headers.get("If-None-Match") == asset.etag:
            return self._head(HTTPStatus.NOT_MODIFIED, {"ETag": asset.etag})
        try:
            with asset.path.open("rb") as stream:
                content = stream.read()
        except OSError:
            return self._say(HTTPStatus.NOT_FOUND, "The file has gone.")
        length = {"Content-Type": asset.kind, "Content-Length": str(len(content))}
        self._head(HTTPStatus.OK, {"ETag": asset.etag, **length})
        self.wfile.write(content)

    def do_POST(self) -> None:
        """A device's report."""
        if self.path != POST_PATH:
            return self._say(HTTPStatus.NOT_FOUND, "Nothing can be posted there.")
        if not self._from_our_page():
            return self._say(HTTPStatus.FORBIDDEN, "Only our own page may post.")
        if self.headers.get_content_type() != "application/json":
            return self._say(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A report is application/json.")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return self._say(HTTPStatus.LENGTH_REQUIRED, "A report needs a Content-Length.")
        if len(length) > 9 or int(length) > MAX_BODY:
            return self._say(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A report has {MAX_BODY} bytes at most."
            )
        if not self.server.limit.allows():
            return self._say(HTTPStatus.TOO_MANY_REQUESTS, "Too many reports; wait a minute.")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            return self._say(HTTPStatus.BAD_REQUEST, "The report ended early.")
        try:
            self.server.receive(body)
        except ValueError as error:
            return self._say(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        except (SkinliteError, OSError) as error:
            self.log_error("%s", error)
            return self._say(HTTPStatus.INSUFFICIENT_STORAGE, "The server can't keep it.")
        self._say(HTTPStatus.CREATED, "Kept.")

    def _from_our_page(self) -> bool:
        """Whether no other page's script sent this; browsers always tell on a POST."""
        origin = self.headers.get("Origin")
        return origin is None or urlsplit(origin).netloc == self.headers.get("Host")

    def _say(self, status: HTTPStatus, message: str) -> None:
        content = f"{message}\n".encode()
        kind = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(content))}
        self._head(status, kind)
        self.wfile.write(content)

    def _head(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses (another method, a bad line), in our words and headers."""
        self._say(HTTPStatus(code), HTTPStatus(code).phrase)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request."""


def _why_not(address: tuple[str, int], error: OSError) -> str:
    host, port = address
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program. Choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used by you. Choose one above 1023 with --port."
    return (
        f"Can't listen at --host {host} --port {port}: {error.strerror or error}. "
        "This machine alone is 127.0.0.1, every network it is in 0.0.0.0."
    )
