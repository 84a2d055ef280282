"""``skinlite serve``: a page that runs a bundle in any phone's browser."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skinlite.cli.shared import DEVICES, console, output
from skinlite.errors import InputError
from skinlite.process.optional_packages import need
from skinlite.process.signals import taken

if TYPE_CHECKING:
    from skinlite_export.bundle.folder import Bundle


def serve(
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="Bundle folder.", show_default=False)
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets phones connect.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 chooses a free one.")] = 8000,
    results: Annotated[
        Path,
        typer.Option(help="Folder for the measurements of phones; skinlite benchmark reads it."),
    ] = DEVICES,
    https: Annotated[
        bool,
        typer.Option(
            "--https",
            help="Use a self-signed certificate: the phone can then use several threads.",
        ),
    ] = False,
    install_runtime: Annotated[
        bool,
        typer.Option("--install-runtime", help="Install LiteRT.js (once, 12 MB, by npm)."),
    ] = False,
) -> None:
    """Serve a page that runs the bundle in a phone's browser, checks and measures the phone."""
    from skinlite_export.serve import runtime

    if bundle is None and not install_runtime:
        raise InputError(
            "Which bundle? skinlite serve BUNDLE; make one with: skinlite export, or skinlite demo"
        )
    if install_runtime:
        with console.status("installing LiteRT.js"):
            folder = runtime.install_runtime()
        output.print(f"LiteRT.js {runtime.VERSION}: {folder}", markup=False)
    if bundle is not None:
        _serve(bundle, host, port, results, https)


def _serve(path: Path, host: str, port: int, results: Path, https: bool) -> None:
    from skinlite_benchmarks.phones.browser import Inbox
    from skinlite_export.bundle.folder import TFLITE, open_bundle
    from skinlite_export.serve.address import qr_code, reachable_host, url
    from skinlite_export.serve.runtime import find_runtime
    from skinlite_export.serve.server import Server
    from skinlite_export.serve.static_files import build_site

    bundle = open_bundle(path)
    bundle.check_files()
    _check_tensors(bundle)
    inbox = Inbox(results, bundle.manifest.files[TFLITE].sha256)

    def receive(body: bytes) -> None:
        device = inbox.receive(body)
        timing, latency = device.report.timings[0], device.latencies[0]
        output.print(
            f"measured: {latency.p50:.3g} ms (median of {len(timing.samples_ms)}), {device.title}",
            markup=False,
        )

    phone = reachable_host(host)
    names = [phone] if phone else []
    tls = None
    if https:
        need("cryptography", "https")
        from skinlite_export.serve.certificate import self_signed

        certificate = self_signed([*names, "localhost", "127.0.0.1"])
        tls = certificate.context
    server = Server((host, port), build_site(bundle, find_runtime()), receive, names, tls)
    port = server.server_port
    with server:
        if phone is None:
            output.print(f"{url('localhost', port, https)} (this machine only)", markup=False)
            output.print("For phones in your network: --host 0.0.0.0", markup=False)
        else:
            output.print(qr_code(url(phone, port, https)), markup=False, end="")
            output.print(f"On the phone: {url(phone, port, https)}", markup=False)
        if tls:
            output.print(f"Certificate (the browser warns): SHA-256 {certificate.fingerprint}")
        output.print(
            f"Measurements of phones are written to {results}. Ctrl-C stops.", markup=False
        )
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            taken()
            console.print("stopped")


def _check_tensors(bundle: "Bundle") -> None:
    """Refuse what LiteRT.js refuses, before a phone does."""
    from skinlite_export.bundle.folder import TFLITE

    signature = bundle.manifest.signatures[TFLITE]
    if any(tensor.dtype == "int8" for tensor in (*signature.inputs, *signature.outputs)):
        raise InputError(
            f"{bundle.path} has int8 inputs or outputs, which LiteRT.js in browsers doesn't "
            f"support. Export "
            "it with --io uint8 or --io float32 for the page; inside, the model stays int8."
        )
