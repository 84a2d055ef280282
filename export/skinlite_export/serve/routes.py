"""What is answered: the files of a site, one kind of post, and nothing else."""

import ipaddress
import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from skinlite.errors import SkinliteError
from skinlite_export.serve.connection import Request, Response, message
from skinlite_export.serve.static_files import Asset

POST_PATH = "/devices"
MAX_BODY = 256 * 1024
"""Bytes of a report: eight thread counts with a thousand samples each fit."""

POSTS_A_MINUTE, POSTS_IN_ALL = 12, 1000
"""From one address, and from everybody together, so that nobody can fill the disk."""

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
    """Counts the posts that arrived: so many a minute from one address, so many in all."""

    def __init__(self, a_minute: int = POSTS_A_MINUTE, in_all: int = POSTS_IN_ALL) -> None:
        self.a_minute, self.left = a_minute, in_all
        self.times: dict[str, deque[float]] = {}

    def allows(self, client: str) -> bool:
        """Whether one more from this address may be kept now; it is counted."""
        now = time.monotonic()
        times = self.times.setdefault(client, deque())
        while times and now - times[0] >= 60:
            times.popleft()
        if len(times) >= self.a_minute or self.left <= 0:
            return False
        times.append(now)
        self.left -= 1
        return True


class Routes:
    """Requests to responses.

    Args:
        site: of `skinlite_export.serve.static_files.build_site`.
        receive: takes in what devices post.
        names: hosts by which a browser may ask for the page, besides the address that it reached
            and ``localhost``. Any other name is refused: a page elsewhere whose name is made to
            lead here (DNS rebinding) gets nothing.
        port: that is listened at; ``default_port`` is the one that browsers leave out of Host.
    """

    def __init__(
        self,
        site: Mapping[str, Asset],
        receive: Receive,
        names: Collection[str],
        port: int,
        default_port: int,
    ) -> None:
        self.site, self.receive, self.names = site, receive, names
        self.port, self.default_port = port, default_port
        self.limit = Limit()

    def without_body(self, request: Request, own_address: str) -> Response | None:
        """The response that needs no body; None for a report that may be sent."""
        if request.headers.get("host", "").lower() not in self._hosts(own_address):
            return message(
                HTTPStatus.MISDIRECTED_REQUEST, "Open the address that skinlite serve printed."
            )
        if request.method == "GET":
            return self._file(request)
        if request.method != "POST":
            return message(HTTPStatus.NOT_IMPLEMENTED, "Only GET and POST are allowed.")
        if request.target != POST_PATH:
            return message(HTTPStatus.NOT_FOUND, "Nothing can be posted there.")
        origin = request.headers.get("origin")  # browsers always tell it on a POST
        if origin is not None and urlsplit(origin).netloc != request.headers["host"]:
            return message(HTTPStatus.FORBIDDEN, "Only the server's own page may post.")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return message(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A report has to be application/json."
            )
        length = request.headers.get("content-length")
        if length is None:
            return message(HTTPStatus.LENGTH_REQUIRED, "A report needs a Content-Length.")
        if int(length) > MAX_BODY:
            return message(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A report has {MAX_BODY} bytes at most."
            )
        return None

    def _file(self, request: Request) -> Response:
        asset = self.site.get(request.target.partition("?")[0])
        if asset is None:
            return message(HTTPStatus.NOT_FOUND, "There is no such file.")
        known = {"ETag": asset.etag}
        if request.headers.get("if-none-match") == asset.etag:
            return Response(HTTPStatus.NOT_MODIFIED, headers=known)
        if not asset.path.is_file():
            return message(HTTPStatus.NOT_FOUND, "The file no longer exists.")
        return Response(HTTPStatus.OK, asset.path, {**known, "Content-Type": asset.kind})

    def keep(self, body: bytes, client: str) -> Response:
        """Take in a report that has arrived."""
        if not self.limit.allows(client):
            return message(HTTPStatus.TOO_MANY_REQUESTS, "Too many reports; wait a minute.")
        try:
            self.receive(body)
        except ValueError as error:
            return message(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        except (SkinliteError, OSError) as error:
            print(f"A report could not be stored: {error}", file=sys.stderr)
            return message(HTTPStatus.INSUFFICIENT_STORAGE, "The server can't store it.")
        return message(HTTPStatus.CREATED, "Kept.")

    def _hosts(self, own_address: str) -> set[str]:
        """What a browser may have asked for, as it writes it into Host."""
        address = ipaddress.ip_address(own_address.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        hosts = {str(address), *self.names, *(["localhost"] if address.is_loopback else [])}
        written = {f"[{host}]" if ":" in host else host.lower() for host in hosts}
        with_port = {f"{host}:{self.port}" for host in written}
        return with_port | (written if self.port == self.default_port else set())
