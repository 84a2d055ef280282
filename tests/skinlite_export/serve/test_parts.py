"""What the server is made of: LiteRT.js's installation, addresses, the certificate, the kit."""

import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skinlite.data.preprocessing import FRAME, fit
from skinlite.errors import InputError
from skinlite_export.bundle.folder import Bundle
from skinlite_export.bundle.kits import kits_folder
from skinlite_export.serve import runtime as litert
from skinlite_export.serve.address import lan_address, qr_code, reachable_host, url
from skinlite_export.serve.server import Server


def test_litert_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="`install_runtime=True`"):
        litert.find_runtime()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"npm.*nodejs\.org"):
        litert.install_runtime()
    assert not litert.runtime_folder().exists()


def test_an_npm_that_fails_or_brings_another_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path / "cache"))
    npm = tmp_path / "npm"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    npm.write_text("#!/bin/sh\necho offline: $* >&2\nexit 1\n")
    npm.chmod(0o755)
    # It doesn't ask for a newer npm, and leaves no cache and no log in the home.
    quiet = r"--no-update-notifier --logs-max=0 --cache \S+"
    with pytest.raises(InputError, match=rf"offline: .*{quiet}.*online\?"):
        litert.install_runtime()
    npm.write_text(f"#!/bin/sh\necho tampered > litertjs-core-{litert.VERSION}.tgz\n")
    with pytest.raises(InputError, match="isn't the package that skinlite was tested with"):
        litert.install_runtime()
    assert list((tmp_path / "cache").iterdir()) == []


def test_addresses() -> None:
    for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        assert reachable_host(host) is None
    assert reachable_host("192.168.1.5") == "192.168.1.5"
    assert reachable_host("0.0.0.0") == lan_address()
    assert url("fe80::1", 80, True) == "https://[fe80::1]:80/"
    lines = qr_code("http://192.168.1.5:8000/").splitlines()
    assert 10 < len(lines) < 30 and any("\N{FULL BLOCK}" in line for line in lines)


def test_https_with_a_certificate_of_our_own(
    serving: Callable[..., Server], tiny_bundle: Bundle, no_runtime: Path
) -> None:
    pytest.importorskip("cryptography")
    from skinlite_export.serve.certificate import self_signed

    made = self_signed(["localhost", "127.0.0.1"])
    server = serving(tiny_bundle, no_runtime, print, tls=made.context)
    pem = ssl.get_server_certificate(("127.0.0.1", server.server_port), timeout=10)
    trusting = ssl.create_default_context(cadata=pem)
    with (
        # One that says nothing holds up nobody.
        socket.create_connection(("127.0.0.1", server.server_port)),
        socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as client,
    ):
        client.sendall(f"GET / HTTP/1.0\r\nHost: localhost:{server.server_port}\r\n\r\n".encode())
        assert b" 200 " in client.recv(100)
    assert len(made.fingerprint.split(":")) == 32


NODE = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [kit, folder] = process.argv.slice(1);
const { fit } = await import(pathToFileURL(`${kit}/geometry.js`));
const known = JSON.parse(readFileSync(`${folder}/known.json`));
const differing = known.cases.map(([rows, columns, height, width], index) => {
  const rgb = readFileSync(`${folder}/${index}.rgb`);
  const read = (left, top, width, height) => {
    const rgba = new Uint8ClampedArray(width * height * 4);
    for (let y = 0, to = 0; y < height; y++)
      for (let x = 0; x < width; x++, to += 4)
        for (let c = 0; c < 3; c++)
          rgba[to + c] = rgb[((top + y) * columns + left + x) * 3 + c];
    return rgba;
  };
  const found = fit({ height: rows, width: columns, read }, height, width, known);
  const expected = readFileSync(`${folder}/${index}.fit`);
  return found.length !== expected.length || found.some((level, i) => level !== expected[i]);
});
console.log(JSON.stringify(differing));
"""


def test_the_kit_makes_the_very_pixels_of_python(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    cases = [(450, 600, 96, 96), (1, 1, 32, 32), (451, 601, 64, 64), (600, 450, 224, 224)]
    cases += [(1000, 777, 450, 600), (37, 1500, 64, 64), (2, 700, 5, 3), (900, 1400, 97, 64)]
    random = np.random.default_rng(0)
    for index, (rows, columns, height, width) in enumerate(cases):
        image = random.integers(0, 256, (rows, columns, 3), np.uint8)
        image.tofile(tmp_path / f"{index}.rgb")
        fit(image, height, width).tofile(tmp_path / f"{index}.fit")
    (tmp_path / "known.json").write_text(json.dumps({"cases": cases, "frame": FRAME}))
    done = subprocess.run(
        [node, "--input-type=module", "-e", NODE, str(kits_folder() / "web"), str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == [False] * len(cases)
