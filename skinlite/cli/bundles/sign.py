"""``skinlite sign``: put a signature to a bundle that is there."""

import os
from pathlib import Path
from typing import Annotated

import typer

from skinlite.cli.shared import hold, output
from skinlite.process.optional_packages import need


def sign(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Bundle folder.")],
    key: Annotated[
        Path,
        typer.Option(
            metavar="KEY.pem",
            help="Ed25519 key; make one with: openssl genpkey -algorithm ed25519 -out KEY.pem",
            show_default=False,
        ),
    ],
) -> None:
    """Check a bundle and sign it; skinlite verify --key checks the signature."""
    need("cryptography", "sign")
    from skinlite.cli.bundles.verify import check_whole
    from skinlite_export.bundle.folder import SIGNATURE, open_bundle
    from skinlite_export.bundle.signing import read_private_key
    from skinlite_export.bundle.signing import sign as put_signature
    from skinlite_export.verify.gates import check_gates

    private = read_private_key(key)
    if os.access(bundle.resolve().parent, os.W_OK):  # else nobody can put a kit in meanwhile
        hold(bundle.resolve())
    opened = open_bundle(bundle)
    check_whole(opened)
    check_gates(opened.manifest, bundle)
    put_signature(bundle, private)
    output.print(bundle / SIGNATURE, markup=False)
