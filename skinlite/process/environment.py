"""What libraries are told before they are imported: report nothing, and keep out of the home.

skinlite promises that images and results stay on the machine, so it keeps no exception: a variable
that asks for reports, set for another program, is no leave to report from this one. The folders
are another matter: one that the user has is the user's, and is used. docs/privacy.md has what each
library does otherwise.
"""

import os
import sys
from os.path import abspath, exists, expanduser, join

SWITCH = "ORT_DISABLE_TELEMETRY"
"""onnxruntime's; it reads it once, as it is imported. Later there is no way back."""

BLOCKED = ("openvino_telemetry", "MNN.tools.utils.log")
"""Modules that only report: OpenVINO, NNCF and MNN go without one that can't be imported."""


def cache_path() -> str:
    """Where arrays and converted references are kept between commands."""
    if chosen := os.environ.get("SKINLITE_CACHE"):
        return chosen
    return join(os.environ.get("XDG_CACHE_HOME") or expanduser("~/.cache"), "skinlite")


def keep_private() -> None:
    """Switch off every report, and move the libraries' folders; for this process and its children.

    Warns:
        SkinliteWarning: onnxruntime was imported before, with its reports on.
    """
    if "onnxruntime" in sys.modules and os.environ.get(SWITCH) != "1":
        import warnings

        from skinlite.errors import SkinliteWarning

        warnings.warn(
            "onnxruntime was imported before skinlite, and reports its usage in this process. "
            f"Import skinlite first, or set {SWITCH}=1.",
            SkinliteWarning,
            stacklevel=3,
        )
    os.environ[SWITCH] = "1"
    for module in BLOCKED:
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]  # what import refuses
    settings = os.environ.get("XDG_CONFIG_HOME") or expanduser("~/.config")
    matplotlib = join(settings, "matplotlib")
    if not sys.platform.startswith(("linux", "freebsd")):
        matplotlib = expanduser("~/.matplotlib")
    for variable, name, theirs in (
        ("KERAS_HOME", "keras", expanduser("~/.keras")),
        ("MPLCONFIGDIR", "matplotlib", matplotlib),
    ):
        if variable not in os.environ and not exists(theirs):
            os.environ[variable] = join(abspath(cache_path()), name)
