"""The table of .onnx files that are read."""

import runpy
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper


def save(path: Path, last: str) -> Path:
    kernel = np.random.default_rng(0).normal(size=(7, 3, 3, 3)).astype(np.float32)
    tensor = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["map"]),
        helper.make_node(last, ["map"], ["one"]),
        helper.make_node("Flatten", ["one"], ["answer"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [tensor("image", TensorProto.FLOAT, [1, 3, 16, 16])],
        [tensor("answer", TensorProto.FLOAT, [1, "n"])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    return path


def test_a_row_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read, refused = (
        save(tmp_path / f"{name}.onnx", last)
        for name, last in (("mean", "GlobalAveragePool"), ("norm", "LpNormalization"))
    )
    script = Path(__file__).parents[3] / "benchmarks/results/pytorch/read_files.py"
    runpy.run_path(str(script))["main"]([read, refused], export=True)
    *_, first, second = capsys.readouterr().out.splitlines()
    cells = [cell.strip() for cell in first.split("|")]
    assert cells[1:3] == ["mean", "16"]
    assert float(cells[4]) < 1e-5 < float(cells[5])
    assert cells[6] == "partitions: 1; in float: nothing"
    assert "norm | | | | | can't be adopted" in second
    assert "(LpNormalization) isn't one that is known" in second
