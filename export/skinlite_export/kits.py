"""Kits: sample code for apps, copied into a bundle's ``kits/`` by ``skinlite export --kit``.

They lie in ``export/kits/`` of a checkout, beside this file in a wheel, one folder each.
"""

import shutil
from pathlib import Path

from skinlite.errors import InputError

FOLDER = "kits"
KITS = ("android", "ios", "web")


def kits_folder() -> Path:
    """The folder with one folder a kit."""
    installed = Path(__file__).parent / "kit_sources"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "kits"


def parse_kits(text: str) -> tuple[str, ...]:
    """The kits in ``NAME,...``; none of an empty text.

    Raises:
        InputError: there is no such kit.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in KITS:
            raise InputError(
                f"There is no kit {name!r}. --kit takes one or more of {', '.join(KITS)}, "
                "separated by commas."
            )
    return names


def copy_kits(bundle: Path, names: tuple[str, ...]) -> None:
    """Copy kits into a bundle folder that isn't sealed yet."""
    for name in names:
        shutil.copytree(kits_folder() / name, bundle / FOLDER / name)
