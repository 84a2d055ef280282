"""Where a phone reaches this machine, and the same as a QR code for a terminal."""

import io
import ipaddress
import socket

EVERYWHERE = ("0.0.0.0", "::")
DOCUMENTATION = ("192.0.2.1", 9)
"""An address that is nobody's (RFC 5737): only the way there is asked for, nothing is sent."""


def lan_address() -> str | None:
    """This machine's address in the network that its default route leads to; None without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(DOCUMENTATION)
        except OSError:
            return None
        return str(probe.getsockname()[0])


def reachable_host(host: str) -> str | None:
    """The name to open on a phone for a server that listens at ``host``; None: no phone can."""
    if host in EVERYWHERE:
        return lan_address()
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    return None if loopback else host


def url(host: str, port: int, https: bool) -> str:
    """The page's address."""
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if https else 'http'}://{shown}:{port}/"


def qr_code(content: str) -> str:
    """A QR code of half blocks."""
    import segno

    stream = io.StringIO()
    segno.make(content, error="l").terminal(stream, compact=True)
    return stream.getvalue()
