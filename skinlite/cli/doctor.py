"""``skinlite doctor``: what is installed, what is missing, what is known not to work together."""

import importlib.util
import os
import platform

from skinlite import __version__
from skinlite.cli.shared import output
from skinlite.process.environment import SWITCH, cache_path
from skinlite.process.optional_packages import installed_version

PARTS = {
    "light runtime": ("ai-edge-litert", "numpy", "onnxruntime", "pandas", "pillow", "scikit-learn"),
    "train": ("keras", "matplotlib", "tensorflow"),
    "export": ("onnx", "tensorflow-model-optimization", "tf-keras", "tf2onnx"),
    "duplicates": ("opencv-python-headless",),
    "sign": ("cryptography",),
    "arm64": ("pyelftools",),
}


def doctor() -> None:
    """Show versions and accelerators, and how to install what is missing; changes nothing."""
    output.print(
        f"skinlite {__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
    for part, packages in PARTS.items():
        found = {name: installed_version(name) for name in packages}
        missing = [name for name, version in found.items() if version is None]
        output.print(f"{part}: " + ", ".join(f"{n} {v or 'missing'}" for n, v in found.items()))
        if missing:
            extra = "" if part == "light runtime" else f"[{part}]"
            output.print(f"  install with: pip install 'skinlite{extra}'", markup=False)
    for line in known_bad():
        output.print(line)
    output.print(f"accelerators: {_accelerators()}")
    output.print(f"usage reports: {_reports()}", markup=False)
    output.print(f"files written: {', '.join(_kept())}", markup=False)


def _reports() -> str:
    if os.environ.get(SWITCH) != "1":
        return f"onnxruntime may send them; set {SWITCH}=1"
    return f"off ({SWITCH}=1), see docs/privacy.md"


def _kept() -> list[str]:
    folders = (cache_path(), os.environ.get("KERAS_HOME"), os.environ.get("MPLCONFIGDIR"))
    return sorted({folder for folder in folders if folder})


def known_bad() -> list[str]:
    """Pairs of versions that are known not to work together, each with the line that mends it."""
    tensorflow, tf_keras = installed_version("tensorflow"), installed_version("tf-keras")
    if tensorflow and tf_keras and tensorflow.split(".")[:2] != tf_keras.split(".")[:2]:
        wanted = ".".join(tensorflow.split(".")[:2])
        return [
            f"tf-keras {tf_keras} does not belong to tensorflow {tensorflow}; fix it with: pip "
            f"install 'tf-keras=={wanted}.*'"
        ]
    return []


def _accelerators() -> str:
    if importlib.util.find_spec("keras") is None:
        return "not checked (keras is missing)"
    from skinlite.process.optional_packages import need

    need("keras", "train")
    import keras

    devices = [name for name in keras.distribution.list_devices() if not name.startswith("cpu")]
    return ", ".join(devices) or "none, training runs on the CPU"
