"""``skinlite kit``: sample code for apps into a bundle that is there."""

from pathlib import Path
from typing import Annotated

import typer

from skinlite.cli.parsing import parse_kits
from skinlite.cli.shared import OutOption, output
from skinlite.errors import InputError


def kit(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Bundle folder.")],
    names: Annotated[
        str,
        typer.Option(
            "--kit",
            metavar="NAME,...",
            help="Sample code to add: android, ios, react-native, web.",
            show_default=False,
        ),
    ],
    out: OutOption = None,
) -> None:
    """Add sample code for apps to a bundle without a new export; --out writes a copy."""
    from skinlite_export.bundle.folder import open_bundle
    from skinlite_export.bundle.kits import FOLDER, KITS, add_kits

    wanted = parse_kits(names)
    if not wanted:
        raise InputError(f"Which kit? --kit needs one or more of {', '.join(KITS)}.")
    made = add_kits(open_bundle(bundle), wanted, out)
    for name in wanted:
        output.print(made.path / FOLDER / name / "README.md", markup=False)
