"""Cost on networks small enough to count by hand, the roofline, and the profilers."""

from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from skinlite_benchmarks.cost.model import cost_of
from skinlite_benchmarks.cost.roofline import limit, measure_peak
from skinlite_benchmarks.profiling.profile import profile, profile_of
from skinlite_benchmarks.results.records import Cost, Peak


def test_a_convolutional_network_is_counted(models: Path) -> None:
    cost = cost_of(models / "tiny.tflite")
    assert cost is not None
    assert cost.macs == 16 * 16 * 4 * 27 + 16 * 16 * 4 * 36 + 24 * 7
    assert (cost.integer_macs, cost.uncounted) == (0, ())
    weights = 27 * 4 + 36 * 4 + 24 * 7
    assert weights <= cost.parameters <= weights + 4 + 4 + 7  # the converter's biases of zero
    assert cost.weight_bytes == 4 * cost.parameters
    # Two convolutions, mean, concat, matrix product, softmax; the division went into weights.
    assert cost.activation_bytes == 4 * (2 * 16 * 16 * 4 + 4 + 24 + 7 + 7)


@pytest.mark.parametrize("outputs", [[], None], ids=["empty", "absent"])
def test_an_operator_without_outputs_costs_nothing(
    models: Path, tmp_path: Path, outputs: list[int] | None
) -> None:
    """Such as ASSIGN_VARIABLE and CALL_ONCE, in files of others."""
    model = schema.ModelT.InitFromPackedBuf((models / "tiny.tflite").read_bytes(), 0)
    code, operator = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = schema.BuiltinOperator.CALL_ONCE
    code.deprecatedBuiltinCode = 127
    operator.opcodeIndex, operator.outputs = len(model.operatorCodes), outputs
    model.operatorCodes.append(code)
    model.subgraphs[0].operators.insert(0, operator)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    (tmp_path / "once.tflite").write_bytes(bytes(builder.Output()))
    assert cost_of(tmp_path / "once.tflite") == cost_of(models / "tiny.tflite")


def test_an_onnx_is_counted(models: Path) -> None:
    cost = cost_of(models / "tiny.onnx")
    assert cost == Cost(
        macs=20 * 7,
        integer_macs=0,
        parameters=20 * 7,
        weight_bytes=4 * 20 * 7,
        activation_bytes=4 * (16 + 7 + 7),  # the pool, the logits, the answer
    )


def test_a_quantized_onnx_multiplies_integers(models: Path, tmp_path: Path) -> None:
    import numpy as np
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Samples(CalibrationDataReader):
        def __init__(self) -> None:
            values = np.linspace(-2, 2, 20, dtype=np.float32)[None]
            self.left = [{"image": np.ones((1, 16, 16, 3), np.float32), "patient": values}]

        def get_next(self) -> dict[str, np.ndarray] | None:
            return self.left.pop() if self.left else None

    quantize_static(models / "tiny.onnx", tmp_path / "int8.onnx", Samples())
    cost = cost_of(tmp_path / "int8.onnx")
    assert cost is not None and cost.macs == cost.integer_macs == 20 * 7
    assert cost.weight_bytes == 20 * 7


def test_a_run_folder_has_no_cost_to_be_read(tmp_path: Path) -> None:
    assert cost_of(tmp_path) is None


def test_the_limit_is_the_larger_of_arithmetic_and_memory() -> None:
    peak = Peak(
        threads=1,
        float32_gmacs=50,
        int8_gmacs=200,
        copy_gbs=10,
        cached_copy_gbs=20,
        cache_bytes=12_000_000,
    )
    cost = Cost(
        macs=300_000_000,
        integer_macs=200_000_000,
        parameters=1,
        weight_bytes=2_000_000,
        activation_bytes=8_000_000,
    )
    found = limit(cost, peak, p50_ms=6.0)
    assert (found.ms, found.bound, found.share) == pytest.approx((3.0, "arithmetic", 0.5))
    light = cost.model_copy(update={"macs": 200_000_000})
    assert limit(light, peak, 1.0).ms == pytest.approx(1.0)  # 10 MB, in the cache: half of that
    heavy = cost.model_copy(update={"weight_bytes": 92_000_000})
    assert limit(heavy, peak, 20.0).bound == "memory"
    assert limit(heavy, peak, 20.0).ms == pytest.approx(10)


def test_the_host_multiplies_and_copies() -> None:
    peak = measure_peak(1)
    assert peak is not None and peak.threads == 1
    # Any machine of this century, however loaded.
    assert 0.1 < peak.float32_gmacs < 10_000 and 0.1 < peak.copy_gbs < 10_000
    assert peak.int8_gmacs > 0.1


@pytest.mark.parametrize(
    ("file", "runtime", "operator"),
    [("slow.tflite", "litert", "Convolution"), ("tiny.onnx", "onnxruntime", "MatMul")],
)
def test_profilers_name_the_operators(models: Path, file: str, runtime: str, operator: str) -> None:
    found = profile(models / file, runtime)
    assert any(char.isdigit() for char in found.tool)
    times = [one.ms for one in found.operators]
    assert times == sorted(times, reverse=True) and 0 < len(times) <= 10
    assert sum(times) <= found.total_ms * 1.001
    assert any(operator in one.operator for one in found.operators)
    if runtime == "litert":
        assert operator in found.operators[0].operator and found.operators[0].count == 2


def test_a_profile_that_fails_is_left_out(tmp_path: Path, models: Path) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"no model")
    assert profile_of(tmp_path / "broken.tflite", "litert") is None
    assert profile_of(tmp_path, "keras") is None
