"""What libraries are told before they are imported: report nothing, and keep out of the home.

skinlite promises that images and results stay on the machine, so it keeps no exception: a variable
that asks for reports, set for another program, is no leave to report from this one. The folders
are another matter: one that the user has is the user's, and is used. docs/privacy.md has what each
library does otherwise.
"""

import os
import sys
import warnings
from pathlib import Path

from skinlite.errors import SkinliteWarning

SWITCH = "ORT_DISABLE_TELEMETRY"
"""onnxruntime's; it reads it once, as it is imported. Later there is no way back."""

BLOCKED = ("openvino_telemetry", "MNN.tools.utils.log")
"""Modules that only report: OpenVINO, NNCF and MNN go without one that can't be imported."""

FOLDERS = {
    "KERAS_HOME": ("keras", ("~/.keras",)),
    "MPLCONFIGDIR": (
        "matplotlib",
        ("$XDG_CONFIG_HOME/matplotlib", "~/.config/matplotlib", "~/.matplotlib"),
    ),
}
"""Variable that moves a library's folder: its name in our cache, and where it usually is."""


def cache_folder() -> Path:
    """Where arrays and converted references are kept between commands."""
    if chosen := os.environ.get("SKINLITE_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or _expanded("~/.cache")) / "skinlite"


def keep_private() -> None:
    """Switch off every report, and move the libraries' folders; for this process and its children.

    Warns:
        SkinliteWarning: onnxruntime was imported before, with its reports on.
    """
    if "onnxruntime" in sys.modules and os.environ.get(SWITCH) != "1":
        warnings.warn(
            "onnxruntime was imported before skinlite, and reports its usage in this process. "
            f"Import skinlite first, or set {SWITCH}=1.",
            SkinliteWarning,
            stacklevel=3,
        )
    os.environ[SWITCH] = "1"
    for module in BLOCKED:
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]  # what import refuses
    for variable, (name, usual) in FOLDERS.items():
        if variable not in os.environ and not any(_expanded(path).exists() for path in usual):
            os.environ[variable] = str(cache_folder().absolute() / name)


def _expanded(path: str) -> Path:
    return Path(os.path.expandvars(os.path.expanduser(path)))  # noqa: PTH111  never raises
