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
        emulated: a processor of qemu-user's, where it isn't this machine's; for arm64 one of
            `skinlite_benchmarks.arm64.emulated_root.CPUS`.
        npm: packages of JavaScript as npm takes them, pinned; the first is the runtime.
        remedy: what helps where it refuses or answers otherwise.
    """

    name: str
    packages: tuple[str, ...]
    driver: str
    suffix: str
    option: str = ""
    python: str = ""
    emulated: str = ""
    npm: tuple[str, ...] = ()
    remedy: str = ""


INTEGER = "export with --integer-only"
BFLOAT16 = "of a float32 file: INFERENCE_PRECISION_HINT: f32"
ROUNDS = "its int8 kernels round otherwise: XNNPACK, or the float32 file"


def _tflite(version: str) -> Trial:
    packages = (f"tflite-runtime=={version}", "numpy==1.26.4")
    return Trial("tflite-runtime", packages, "on_tflite", ".tflite", python="3.9", remedy=ROUNDS)


def _onnx(version: str, python: str = "", numpy: str = "1.26.4") -> Trial:
    packages = (f"onnxruntime=={version}", f"numpy=={numpy}")
    return Trial("onnxruntime", packages, "on_onnxruntime", ".onnx", python=python)


LITERT, ORT = ("ai-edge-litert",), ("onnxruntime",)
WEB = (HERE, "playwright")
TFJS = tuple(
    f"@tensorflow/{name}"
    for name in ("tfjs-tflite@0.0.1-alpha.10", "tfjs-core@4.9.0", "tfjs-backend-cpu@4.9.0")
)
EMULATED = ("Haswell", "Nehalem", "cortex-a76", "cortex-a72")
"""x86 with and without AVX2, neither with VNNI; ARM with the dot product of int8, and without."""

OPENVINO = ("--no-deps", "openvino==2026.4.1", "numpy==2.4.6")
"""Without its telemetry."""

TRIALS = (
    Trial("LiteRT, XNNPACK", (HERE, *LITERT), "on_tflite", ".tflite"),
    Trial(
        "LiteRT, builtin kernels",
        (HERE, *LITERT),
        "on_tflite",
        ".tflite",
        "builtin",
        remedy=ROUNDS,
    ),
    Trial(
        "LiteRT, reference kernels",
        (HERE, *LITERT),
        "on_tflite",
        ".tflite",
        "reference",
        remedy="for tests of kernels, not for apps: its int8 SUM is another",
    ),
    *(
        Trial("LiteRT, XNNPACK", (HERE, *LITERT), "on_tflite", ".tflite", emulated=cpu)
        for cpu in EMULATED
    ),
    Trial(
        "LiteRT.js, Chromium",
        WEB,
        "on_web",
        ".tflite",
        "litert",
        npm=("@litertjs/core@2.5.3",),
        remedy="export without --io int8",
    ),
    Trial(
        "tfjs-tflite, Chromium",
        WEB,
        "on_web",
        ".tflite",
        "tfjs",
        npm=TFJS,
        remedy="its successor, LiteRT.js",
    ),
    Trial("LiteRT, XNNPACK", ("ai-edge-litert==1.0.1", "numpy==1.26.4"), "on_tflite", ".tflite"),
    Trial("TensorFlow's interpreter", (HERE, "tensorflow"), "on_tflite", ".tflite", "tensorflow"),
    *(_tflite(version) for version in ("2.14.0", "2.10.0", "2.9.1", "2.8.0", "2.7.0")),
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
        remedy=f"{INTEGER}: fewer operators are left to the CPU",
    ),
    Trial("OpenVINO", OPENVINO, "on_openvino", ".tflite", remedy=BFLOAT16),
    Trial("MNN", ("MNN==3.6.1",), "on_mnn", ".tflite", remedy="take the float32 .onnx"),
    Trial("onnxruntime", (HERE, *ORT), "on_onnxruntime", ".onnx"),
    *(
        Trial("onnxruntime", (HERE, *ORT), "on_onnxruntime", ".onnx", emulated=cpu)
        for cpu in EMULATED
    ),
    _onnx("1.20.1"),
    _onnx("1.15.1", "3.9"),
    _onnx("1.12.0", "3.9"),
    Trial("OpenVINO", OPENVINO, "on_openvino", ".onnx", remedy=BFLOAT16),
    Trial(
        "OpenVINO, float32",
        OPENVINO,
        "on_openvino",
        ".onnx",
        "f32",
        remedy="the float32 file: it rounds int8 otherwise",
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
