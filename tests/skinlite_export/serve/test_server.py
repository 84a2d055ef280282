"""The server by itself: what it hands out, what it refuses, what it keeps."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread

import pytest

from skinlite.errors import InputError
from skinlite_export.bundle.folder import Bundle
from skinlite_export.serve.routes import MAX_BODY, POSTS_A_MINUTE, Limit
from skinlite_export.serve.server import MOST, Server

Serving = Callable[..., Server]


class Inbox(list[bytes]):
    """Keeps what it is given; refuses b"bad", and has no room for b"full"."""

    def receive(self, body: bytes) -> None:
        if body == b"bad":
            raise ValueError("name: too long")
        if body == b"full":
            raise InputError("No space left")
        self.append(body)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def server(serving: Serving, tiny_bundle: Bundle, no_runtime: Path, inbox: Inbox) -> Server:
    return serving(tiny_bundle, no_runtime, inbox.receive)


def ask(
    server: Server, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    given = {
        "Host": f"localhost:{server.server_port}",
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    if body is not None:
        given = {"Content-Type": "application/json", "Content-Length": str(len(body))} | given
    for name, text in given.items():
        connection.putheader(name, text)
    connection.endheaders(body)
    response = connection.getresponse()
    found = response.status, response.headers, response.read()
    connection.close()
    return found


def test_the_page_and_the_bundle_are_handed_out(server: Server, tiny_bundle: Bundle) -> None:
    for path in server.routes.site:
        status, headers, content = ask(server, "GET", path)
        assert (status, int(headers["Content-Length"])) == (200, len(content)), path
    assert ask(server, "GET", "/?a=b")[0] == 200
    status, headers, content = ask(server, "GET", "/bundle/model.tflite")
    assert content == (tiny_bundle.path / "model.tflite").read_bytes()
    assert ask(server, "GET", "/bundle/model.tflite", If_None_Match=headers["ETag"])[0] == 304


def test_every_answer_is_guarded(server: Server) -> None:
    for method, path in (("GET", "/"), ("GET", "/absent"), ("PUT", "/"), ("POST", "/")):
        _, headers, _ = ask(server, method, path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe-inline" not in policy
        assert "'unsafe-eval'" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path",
    [
        "/bundle/",
        "/bundle",
        "/kit/",
        "/runtime/wasm/",
        "/bundle/../../etc/passwd",
        "/bundle/%2e%2e/%2e%2e/etc/passwd",
        "/bundle/..%2f..%2fetc%2fpasswd",
        "/bundle/%252e%252e%252fetc/passwd",
        "/bundle/..%5c..%5cetc",
        "/bundle/golden/../manifest.json",
        "/bundle//manifest.json",
        "/bundle/manifest.json%00.txt",
        "/%62undle/manifest.json",
        "//etc/passwd",
        "/etc/passwd",
        "http://localhost/etc/passwd",
        "/app.js/",
        "/index.html",
        "/" + "a" * 5000,
    ],
)
def test_a_path_that_leads_elsewhere(server: Server, path: str) -> None:
    status, _, content = ask(server, "GET", path)
    assert (status, content) == (404, b"There is no such file.\n")


def test_a_file_that_the_manifest_does_not_list(
    serving: Serving, bundle: Bundle, no_runtime: Path, inbox: Inbox
) -> None:
    (bundle.path / "secret.txt").write_text("secret")
    server = serving(bundle, no_runtime, inbox.receive)
    assert ask(server, "GET", "/bundle/secret.txt")[0] == 404


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
def test_another_method(server: Server, method: str) -> None:
    assert ask(server, method, "/")[0] == 501


def test_a_report_is_taken_in(server: Server, inbox: Inbox) -> None:
    origin = f"http://localhost:{server.server_port}"
    assert ask(server, "POST", "/devices", b"one", Origin=origin)[0] == 201
    assert inbox == [b"one"]


def test_a_report_that_is_refused(server: Server, inbox: Inbox) -> None:
    refused = [
        ask(server, "POST", "/", b"x"),
        ask(server, "POST", "/devices/../../etc", b"x"),
        ask(server, "POST", "/devices", b"x", Origin="https://elsewhere.example"),
        ask(server, "POST", "/devices", b"x", Content_Type="text/plain"),
        ask(server, "POST", "/devices", Content_Type="application/json"),
        ask(server, "POST", "/devices", b"", Content_Length="-1"),
        ask(server, "POST", "/devices", b"", Content_Length=str(MAX_BODY + 1)),
        ask(server, "POST", "/devices", b"", Content_Length="9" * 40),
        ask(server, "POST", "/devices", b"bad"),
        ask(server, "POST", "/devices", b"full"),
    ]
    statuses = [404, 404, 403, 415, 411, 400, 413, 400, 422, 507]
    assert [status for status, *_ in refused] == statuses
    assert refused[-2][2] == b"name: too long\n"
    assert inbox == []


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_port), timeout=10)


def head_of_report(server: Server, length: int = 100) -> bytes:
    host = f"Host: 127.0.0.1:{server.server_port}"
    kind = "Content-Type: application/json"
    return (
        f"POST /devices HTTP/1.0\r\n{host}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n".encode()
    )


def test_reports_that_end_early(server: Server, inbox: Inbox) -> None:
    for _ in range(POSTS_A_MINUTE + 18):
        with connect(server) as client:
            client.sendall(head_of_report(server) + b"half")
            client.shutdown(socket.SHUT_WR)
            assert b" 400 " in client.recv(100)
    assert inbox == []
    # None of them arrived, so none counts against the client.
    assert ask(server, "POST", "/devices", b"whole")[0] == 201


@pytest.mark.parametrize("sent", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"a" * 100_000])
def test_what_is_no_request(server: Server, sent: bytes) -> None:
    with connect(server) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 ", b"HTTP/1.1 505 "))
    assert ask(server, "GET", "/")[0] == 200


def test_one_connection_asks_again(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    for path, expected in (("/", 200), ("/absent", 404), ("/bundle/manifest.json", 200)):
        connection.request("GET", path)
        response = connection.getresponse()
        assert (response.status, response.will_close) == (expected, False)
        response.read()
    connection.close()


@pytest.mark.parametrize("host", ["elsewhere.example", "localhost.elsewhere.example", "10.0.0.1"])
def test_another_name_that_leads_here(server: Server, inbox: Inbox, host: str) -> None:
    """DNS rebinding: a page elsewhere has its own name lead to this machine."""
    for given in (f"{host}:{server.server_port}", host, "localhost", "localhost:1"):
        status, _, content = ask(server, "GET", "/bundle/manifest.json", Host=given)
        assert (status, b"skinlite serve printed" in content) == (421, True), given
        assert ask(server, "POST", "/devices", b"x", Host=given)[0] == 421
    with connect(server) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 421 " in client.recv(100)
    assert inbox == []


def test_the_names_that_were_printed(
    serving: Serving, tiny_bundle: Bundle, no_runtime: Path, inbox: Inbox
) -> None:
    server = serving(tiny_bundle, no_runtime, inbox.receive, names=["Phone.example"])
    for host in ("phone.example", "PHONE.example", "localhost", "127.0.0.1"):
        assert ask(server, "GET", "/", Host=f"{host}:{server.server_port}")[0] == 200


def test_slow_senders_hold_up_nobody(server: Server) -> None:
    """More of them than there are places: the one that has waited longest makes room."""
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(server)) for _ in range(MOST + 20)]
        for client in slow:
            with suppress(OSError):
                client.sendall(b"G")
        assert [ask(server, "GET", "/")[0] for _ in range(20)] == [200] * 20
        with suppress(ConnectionResetError):
            assert slow[0].recv(1) == b""
        rest = f"ET / HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n"
        slow[-1].sendall(rest.encode())
        assert b" 200 " in slow[-1].recv(100)


def test_a_sender_that_drips_is_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skinlite_export.serve.server.SENDING_S", 0.3)
    with connect(server) as client:
        client.sendall(head_of_report(server))
        with pytest.raises(OSError):
            for _ in range(100):
                client.sendall(b" ")
                time.sleep(0.05)


def test_two_hundred_clients_at_once(server: Server) -> None:
    """A listen queue of five had let half of them wait for seconds, or for ever."""
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n".encode()
    with ExitStack() as stack:
        clients = []
        for _ in range(200):
            clients.append(stack.enter_context(connect(server)))
            clients[-1].sendall(request)
        assert all(b" 200 " in client.recv(100) for client in clients)


def test_too_many_reports(server: Server, inbox: Inbox) -> None:
    statuses = [ask(server, "POST", "/devices", b"x")[0] for _ in range(POSTS_A_MINUTE + 2)]
    assert statuses == [201] * POSTS_A_MINUTE + [429] * 2
    assert len(inbox) == POSTS_A_MINUTE
    assert ask(server, "GET", "/")[0] == 200


def test_the_limit_in_all_and_by_the_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    limit = Limit(a_minute=2, in_all=4)
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]
    assert limit.allows("b"), "one client's posts use up another's"
    now = 60.0
    assert [limit.allows("a") for _ in range(2)] == [True, False]
    now = 600.0
    assert not limit.allows("b")


def test_a_port_that_is_in_use(
    server: Server, serving: Serving, tiny_bundle: Bundle, no_runtime: Path, inbox: Inbox
) -> None:
    with pytest.raises(InputError, match=rf"{server.server_port} is in use.*`port`"):
        Server(("127.0.0.1", server.server_port), server.routes.site, inbox.receive)
    with pytest.raises(InputError, match=r"0\.0\.0\.0"):
        Server(("203.0.113.7", 0), server.routes.site, inbox.receive)


KILLED = """
import sys
from pathlib import Path

from skinlite_benchmarks.phones.browser import Inbox
from skinlite_export.serve.server import Server

with Server(("127.0.0.1", 0), {}, Inbox(Path(sys.argv[1]), "0" * 64).receive) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
"""


def test_a_kill_during_a_post_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "devices"
    command = [sys.executable, "-c", KILLED, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            head = f"POST /devices HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n"
            head += "Content-Type: application/json\r\n"
            client.sendall(f'{head}Content-Length: 100\r\n\r\n{{"schema_version": 1,'.encode())
            os.kill(process.pid, signal.SIGKILL)
            process.wait(timeout=10)
    assert not folder.exists()


def test_a_server_that_is_ended_before_it_begins_never_listens(inbox: Inbox) -> None:
    with Server(("127.0.0.1", 0), {}, inbox.receive) as server:
        server.shutdown()
    # In a thread, since the browser of other tests keeps an event loop in this one.
    thread = Thread(target=server.serve_forever)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
