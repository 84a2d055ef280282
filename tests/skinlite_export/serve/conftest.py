"""A server on a free port of this machine; the browser tests' LiteRT.js."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from skinlite.errors import InputError
from skinlite_export.bundle.folder import Bundle
from skinlite_export.serve.runtime import find_runtime
from skinlite_export.serve.server import Server
from skinlite_export.serve.static_files import build_site

try:  # now: the fixture `cache` hides the user's cache from the tests
    RUNTIME: Path | None = find_runtime()
except InputError:
    RUNTIME = None


@pytest.fixture
def serving() -> Iterator[Callable[..., Server]]:
    """Starts servers that are stopped after the test."""
    with ExitStack() as stack:

        def start(bundle: Bundle, runtime: Path, receive: Any, **options: Any) -> Server:
            site = build_site(bundle, runtime)
            server = stack.enter_context(Server(("127.0.0.1", 0), site, receive, **options))
            stack.callback(server.shutdown)
            Thread(target=server.serve_forever, daemon=True).start()
            return server

        yield start


@pytest.fixture(scope="session")
def runtime() -> Path:
    """The installed LiteRT.js."""
    if RUNTIME is None:
        pytest.skip("LiteRT.js is not installed: skinlite serve --install-runtime")
    return RUNTIME
