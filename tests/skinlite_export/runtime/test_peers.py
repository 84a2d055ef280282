"""Runtimes that users might pick instead: where they aren't installed, and OpenVINO by a stand-in.

The real ones are tested by `tests/skinlite_benchmarks/candidates/test_peers.py`, with what their
tools make.
"""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from skinlite.errors import InputError, MissingExtraError
from skinlite.process import optional_packages
from skinlite_export.bundle.folder import Bundle
from skinlite_export.runtime.runner import RUNNERS, load_runner, predict_all

PEERS = ("openvino", "openvino-bf16", "mnn", "ncnn", "ncnn-bf16")

STAND_IN = '''
"""OpenVINO's interface, as far as it is used, on onnxruntime."""

import numpy as np
import onnxruntime

__version__ = "2026.0.0-1-stand-in"


class Type:
    def to_dtype(self):
        return np.dtype("float32")


class Port:
    element_type = Type()

    def __init__(self, held):
        self.shape, self._name = held.shape, held.name

    def get_any_name(self):
        return self._name


class Held:
    def __init__(self, port):
        self.data = np.zeros(port.shape, np.float32)


class Compiled:
    def __init__(self, path):
        try:
            self.session = onnxruntime.InferenceSession(str(path))
        except Exception as error:
            raise RuntimeError(f"Exception from somewhere:\\n{error}") from error
        self.inputs = [Port(one) for one in self.session.get_inputs()]
        self.outputs = [Port(one) for one in self.session.get_outputs()]

    def create_infer_request(self):
        return Request(self)


class Request:
    def __init__(self, compiled):
        self.compiled = compiled
        self.held = {p.get_any_name(): Held(p) for p in (*compiled.inputs, *compiled.outputs)}

    def get_tensor(self, name):
        return self.held[name]

    def infer(self):
        given = {port.get_any_name(): self.held[port.get_any_name()].data
                 for port in self.compiled.inputs}
        for port, value in zip(self.compiled.outputs, self.compiled.session.run(None, given)):
            self.held[port.get_any_name()].data[:] = value


class Core:
    def get_property(self, device, name):
        return ["FP32", "INT8"]

    def read_model(self, path):
        return path

    def compile_model(self, model, device, settings):
        assert settings["INFERENCE_PRECISION_HINT"] == "f32"
        assert settings["INFERENCE_NUM_THREADS"] == 2
        return Compiled(model)
'''


@pytest.fixture
def openvino(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in of that name."""
    (tmp_path / "openvino.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    yield
    sys.modules.pop("openvino", None)
    importlib.invalidate_caches()


@pytest.mark.parametrize("name", PEERS)
def test_what_is_not_installed_is_told_with_how_to(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optional_packages.importlib.util, "find_spec", lambda module: None)
    file = tmp_path / f"model{RUNNERS[name].suffixes[0]}"
    file.write_bytes(b"")
    with pytest.raises(MissingExtraError, match=r"not installed.*pip install 'skinlite\[peers\]'"):
        load_runner(file, runtime=name)


@pytest.mark.usefixtures("openvino")
def test_openvino_is_told_threads_and_format_and_gives_the_files_answers(
    tiny_bundle: Bundle,
) -> None:
    path = tiny_bundle.path / "model.onnx"
    runner = load_runner(path, 2, "openvino")
    assert runner.describe() == "OpenVINO 2026.0.0, CPU, f32"
    reference = load_runner(path)
    assert runner.signature == reference.signature
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, *runner.signature.image.shape[1:]), np.uint8)
    patients = random.normal(size=(3, runner.signature.patient_width)).astype(np.float32)
    found = [predict_all(one, images, patients) for one in (runner, reference)]
    np.testing.assert_allclose(*found, atol=1e-6)


@pytest.mark.usefixtures("openvino")
def test_openvino_refuses_what_it_or_the_processor_cannot(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"model\.onnx can't be computed in bf16: .*instructions"):
        load_runner(file, runtime="openvino-bf16")
    with pytest.raises(InputError, match=r"model\.onnx can't be loaded by OpenVINO: .*") as told:
        load_runner(file, 2, "openvino")
    assert "Exception from somewhere" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "module"), [("openvino", "openvino"), ("mnn", "MNN"), ("ncnn", "ncnn")]
)
def test_a_broken_file_is_refused_with_its_name(name: str, module: str, tmp_path: Path) -> None:
    pytest.importorskip(module, reason="not installed (pip install 'skinlite[peers]')")
    file = tmp_path / f"model{RUNNERS[name].suffixes[0]}"
    file.write_bytes(b"nothing")
    with pytest.raises(InputError, match="model"):
        load_runner(file, runtime=name)
