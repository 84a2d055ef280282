"""Many clients of ``skinlite serve`` at once, slow senders among them: how long each waits."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CLIENTS, SECONDS, SLOW = 200, 10.0, 300
"""How many come within how many seconds, and how many more send a byte every half a second."""

PAGES = ("/bundle/manifest.json", "/bundle/labels.txt")
LONGEST_S = 1.0

SERVE = """
import sys
from pathlib import Path
from skinlite_export.bundle.folder import open_bundle
from skinlite_export.serve.server import Server
from skinlite_export.serve.static_files import Asset

bundle = open_bundle(Path(sys.argv[1]))
site = {f"/bundle/{name}": Asset(bundle.path / name, name) for name in bundle.manifest.files}
site["/bundle/manifest.json"] = Asset(bundle.path / "manifest.json", "manifest")
with Server(("127.0.0.1", 0), site, print) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
"""


def serve_crowd(bundle: Path, slow: int) -> list[float]:
    """The seconds that each of `CLIENTS` waited for `PAGES`; infinite where it got none.

    Args:
        bundle: what is served, on this machine.
        slow: senders beside them that never finish a request, and come again when cut off.
    """
    waits: list[float] = []
    with _serving(bundle) as port, _dripping(port, slow):
        clients = [
            threading.Thread(target=_ask, args=(port, SECONDS * index / CLIENTS, waits))
            for index in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    return sorted(waits)


def _ask(port: int, after_s: float, waits: list[float]) -> None:
    time.sleep(after_s)
    begun = time.monotonic()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for page in PAGES:
            connection.request("GET", page)
            response = connection.getresponse()
            if response.status != 200 or not response.read():
                raise OSError(response.status)
        connection.close()
        waits.append(time.monotonic() - begun)
    except (OSError, http.client.HTTPException):
        waits.append(float("inf"))


@contextmanager
def _serving(bundle: Path) -> Iterator[int]:
    command = [sys.executable, "-c", SERVE, str(bundle)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _dripping(port: int, count: int) -> Iterator[None]:
    ended = threading.Event()

    def drip() -> None:
        senders: list[socket.socket | None] = [None] * count
        while not ended.wait(0.5):
            for index, sender in enumerate(senders):
                try:
                    if sender is None:
                        senders[index] = socket.create_connection(("127.0.0.1", port), timeout=5)
                    else:
                        sender.sendall(b"G")
                except OSError:
                    senders[index] = None
        for sender in filter(None, senders):
            with suppress(OSError):
                sender.close()

    dripper = threading.Thread(target=drip)
    dripper.start()
    try:
        time.sleep(2.0 if count else 0.0)
        yield
    finally:
        ended.set()
        dripper.join()
