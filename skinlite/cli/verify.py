"""``skinlite verify``: is it the bundle that was exported, and does it answer the same here?"""

from pathlib import Path
from typing import Annotated

import typer

from skinlite.cli.shared import JsonOption, output
from skinlite.cli.tables import LEAKY, check_gates


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Bundle folder.")],
    as_json: JsonOption = False,
) -> None:
    """Check every hash of a bundle, and run its golden vectors on this machine."""
    from skinlite_export.bundle import open_bundle
    from skinlite_export.golden import check_golden
    from skinlite_export.metadata_check import check_metadata

    opened = open_bundle(bundle)
    opened.check_files()
    found = [check_metadata(opened), *check_golden(opened)]
    status, leaky = opened.manifest.status, opened.manifest.leaky
    if as_json:
        output.print_json(data={"status": status, "leaky": leaky, "checks": found})
    else:
        output.print(f"{len(opened.manifest.files)} files: unchanged since the export")
        output.print(*found, sep="\n")
        output.print(f"status: {status}" + (f"; {LEAKY}" if leaky else ""))
    check_gates(opened.manifest, bundle)
