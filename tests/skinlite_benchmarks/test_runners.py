"""Every runner on the same models: same answers, one protocol, and what it says of bad files."""

from pathlib import Path

import numpy as np
import pytest

from skinlite.errors import InputError
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.entry import contestant_of
from skinlite_benchmarks.candidates.find import find_contestants
from skinlite_benchmarks.measure.process import ContestantProcess
from skinlite_export.runtime.runner import RUNNERS, load_runner, runtimes_for

from .conftest import write_bundle


def answer(path: Path, runtime: str) -> np.ndarray:
    runner = load_runner(path, threads=1, runtime=runtime)
    image = np.arange(16 * 16 * 3).reshape(16, 16, 3) % 256
    runner.set_inputs(image.astype(np.uint8), np.linspace(-1, 1, 20, dtype=np.float32))
    runner.invoke()
    assert runner.attention() is None
    return runner.probabilities()


def test_compiled_model_and_interpreter_give_the_same(models: Path) -> None:
    path = models / "tiny.tflite"
    assert runtimes_for(path)[:2] == ["litert", "compiled"]
    one, other = (answer(path, runtime) for runtime in ("litert", "compiled"))
    assert one.shape == other.shape == (7,) and one.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_every_runner_tells_library_and_version(models: Path) -> None:
    files = {"litert": "tiny.tflite", "compiled": "tiny.tflite", "onnxruntime": "tiny.onnx"}
    for runtime, file in files.items():
        runner = load_runner(models / file, runtime=runtime)
        assert any(digit.isdigit() for digit in runner.describe())
        assert (runner.partitions is None) == (runtime != "litert")


def test_a_file_runs_only_on_its_runtimes(models: Path) -> None:
    with pytest.raises(InputError, match="it runs on litert and compiled and openvino"):
        load_runner(models / "tiny.tflite", runtime="onnxruntime")
    with pytest.raises(InputError, match="--runtimes compiled"):
        find_contestants([models / "tiny.onnx"], runtimes=("compiled",))


def test_files_take_part_on_every_runtime_asked_for(models: Path) -> None:
    found = find_contestants(
        [models / "tiny.tflite", models / "tiny.onnx"], ("litert", "compiled", "onnxruntime")
    )
    names = {entry.contestant.name: entry.contestant.runtime for entry in found}
    assert list(names.values()) == ["litert", "compiled", "onnxruntime"]
    assert "tiny CompiledModel" in names


def test_a_runtime_of_several_formats_keeps_the_format_in_the_name(
    models: Path, tmp_path: Path
) -> None:
    bundle = write_bundle(tmp_path / "bundle", models)
    found = find_contestants([bundle], ("litert", "openvino"))
    assert [entry.contestant.name for entry in found] == [
        "tiny_net int8",
        "tiny_net int8 on OpenVINO",
        "tiny_net float32 ONNX on OpenVINO",
    ]


def test_weights_in_a_second_file_count(tmp_path: Path) -> None:
    network = tmp_path / "model.xml"
    network.write_bytes(b"12345")
    assert contestant_of(network, "openvino").bytes == 5
    network.with_suffix(".bin").write_bytes(b"1234567")
    assert contestant_of(network, "openvino").bytes == 12


def lacking_operator(content: bytes) -> bytes:
    """The same .tflite with an operator that no runtime has."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    model.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
    model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    model.operatorCodes[0].customCode = b"NoSuchOperator"
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("runtime", ["litert", "compiled"])
def test_bad_files_are_told_with_their_name(models: Path, tmp_path: Path, runtime: str) -> None:
    content = (models / "tiny.tflite").read_bytes()
    lacking, cut = tmp_path / "lacking.tflite", tmp_path / "cut.tflite"
    lacking.write_bytes(lacking_operator(content))
    cut.write_bytes(content[:3000])
    with pytest.raises(InputError, match=r"lacking\.tflite") as told:
        load_runner(lacking, runtime=runtime)
    assert runtime == "compiled" or "NoSuchOperator" in str(told.value)
    with pytest.raises(InputError, match=r"cut\.tflite"):
        ContestantProcess(cut, runtime, threads=1, seed=0)


def test_other_inputs_are_told_with_those_expected(models: Path, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(models / "tiny.onnx")
    model.graph.input[0].name = model.graph.node[0].input[0] = "pixels"
    path = tmp_path / "other.onnx"
    onnx.save(model, path)
    with pytest.raises(InputError, match=r"'image' and 'patient'.*\['patient', 'pixels'\]"):
        load_runner(path)


def test_a_run_takes_part_on_keras(kept_run: Run) -> None:
    (entry,) = find_contestants([kept_run.path], runtimes=("litert",))
    one = entry.contestant
    assert (one.runtime, one.format, one.trained, one.synthetic) == ("keras", "float32", True, True)
    assert one.name == "conv_net float32 Keras"
    assert one.accuracy is not None and one.accuracy.source == "run"
    runner = load_runner(kept_run.path)
    assert type(runner) is RUNNERS["keras"] and "Keras" in runner.describe()
    image, patient = np.full((32, 32, 3), 99), np.zeros(runner.signature.patient_width)
    runner.set_inputs(image, patient)
    runner.invoke()
    expected = kept_run.load_model().predict_on_batch(runner.signature.pack(image, patient))
    np.testing.assert_allclose(runner.probabilities(), expected[0], atol=1e-6)


def test_what_is_neither_model_nor_folder_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("no model")
    for name in ("notes", "absent.tflite"):
        with pytest.raises(InputError, match=name):
            find_contestants([tmp_path / name])
