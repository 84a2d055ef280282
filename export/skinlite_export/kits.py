"""Where the sample code for apps lies: ``export/kits/`` in a checkout, beside this in a wheel."""

from pathlib import Path


def kits_folder() -> Path:
    """The folder with one folder a kit."""
    installed = Path(__file__).parent / "kit_sources"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "kits"
