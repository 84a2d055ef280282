"""`TRIALS`: which runtime, which version, on which processor, and what helps where it fails."""

from typing import NamedTuple

HERE = "here"
"""In place of packages: what skinlite itself is installed with."""


class Trial(NamedTuple):
    """One row of the table.

    Attributes:
        name: of the runtime.
        packages: as pip takes them, pinned; `HERE` for what is installed.
        driver: of `drivers`.
        suffix: of the files that it takes.
        option: of the driver.
        python: that the packages need, where it isn't this one.
        emulated: a processor of qemu-user's, where it isn't this machine's.
        remedy: what helps where it refuses or answers otherwise.
    """

    name: str
    packages: tuple[str, ...]
    driver: str
    suffix: str
    option: str = ""
    python: str = ""
    emulated: str = ""
    remedy: str = ""


OLD = "needs at least `min_runtime_version`"
INTEGER = "export with --integer-only"


def _tflite(version: str, remedy: str = "") -> Trial:
    packages = (f"tflite-runtime=={version}", "numpy==1.26.4")
    return Trial("tflite-runtime", packages, "on_tflite", ".tflite", python="3.9", remedy=remedy)


def _onnx(version: str, python: str = "", numpy: str = "1.26.4") -> Trial:
    packages = (f"onnxruntime=={version}", f"numpy=={numpy}")
    return Trial("onnxruntime", packages, "on_onnxruntime", ".onnx", python=python)


LITERT, ORT = ("ai-edge-litert",), ("onnxruntime",)
OPENVINO = ("--no-deps", "openvino==2026.4.1", "numpy==2.4.6")
"""Without its telemetry."""

TRIALS = (
    Trial("LiteRT, XNNPACK", (HERE, *LITERT), "on_tflite", ".tflite"),
    Trial("LiteRT, builtin kernels", (HERE, *LITERT), "on_tflite", ".tflite", "builtin"),
    Trial(
        "LiteRT, reference kernels",
        (HERE, *LITERT),
        "on_tflite",
        ".tflite",
        "reference",
        remedy="for tests of kernels, not for apps: its int8 SUM differs",
    ),
    Trial("LiteRT, XNNPACK", (HERE, *LITERT), "on_tflite", ".tflite", emulated="Haswell"),
    Trial("LiteRT, XNNPACK", (HERE, *LITERT), "on_tflite", ".tflite", emulated="Nehalem"),
    Trial("LiteRT, XNNPACK", ("ai-edge-litert==1.0.1",), "on_tflite", ".tflite"),
    Trial("TensorFlow's interpreter", (HERE, "tensorflow"), "on_tflite", ".tflite", "tensorflow"),
    *(_tflite(version) for version in ("2.14.0", "2.10.0")),
    *(_tflite(version, OLD) for version in ("2.9.1", "2.8.0", "2.7.0")),
    Trial(
        "tflite-micro",
        ("tflite-micro==0.dev20261023182759",),
        "on_micro",
        ".tflite",
        remedy=INTEGER,
    ),
    Trial(
        "Vela, Ethos-U55 (compiles only)",
        ("ethos-u-vela==5.2.0",),
        "on_vela",
        ".tflite",
        "ethos-u55-256",
        remedy=f"{INTEGER}: fewer operators run on the CPU",
    ),
    Trial("OpenVINO", OPENVINO, "on_openvino", ".tflite"),
    Trial("MNN", ("MNN==3.6.1",), "on_mnn", ".tflite", remedy="take the float32 .onnx"),
    Trial("onnxruntime", (HERE, *ORT), "on_onnxruntime", ".onnx"),
    Trial("onnxruntime", (HERE, *ORT), "on_onnxruntime", ".onnx", emulated="Haswell"),
    Trial("onnxruntime", (HERE, *ORT), "on_onnxruntime", ".onnx", emulated="Nehalem"),
    _onnx("1.20.1"),
    _onnx("1.15.1", "3.9"),
    _onnx("1.12.0", "3.9"),
    Trial("OpenVINO", OPENVINO, "on_openvino", ".onnx"),
    Trial(
        "OpenVINO, float32",
        OPENVINO,
        "on_openvino",
        ".onnx",
        "f32",
        remedy="this avoids its bfloat16",
    ),
    Trial("MNN", ("MNN==3.6.1",), "on_mnn", ".onnx", remedy="take the float32 .onnx"),
    Trial(
        "ncnn by pnnx",
        # Without what they only need for PyTorch's models: gigabytes.
        ("--no-deps", "ncnn==1.0.20261020", "pnnx==20261020", "numpy==2.4.6"),
        "on_ncnn",
        ".onnx",
        remedy="none known: don't use it",
    ),
)
