"""What else an int8 export can do: fine-tune, compress, quantize the .onnx."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import Bundle
from skinlite_export.recipe import FineTuning, Recipe
from skinlite_export.rewrites.registry import ALL
from skinlite_export.tflite.flatbuffer import OPERATORS, operator_codes, unpack

PLAIN = Recipe(rewrites=ALL, calibration_pictures=20, gates=None)
"""As that of `exported`."""


def int8_kernels(content: bytes) -> NDArray[np.uint8]:
    """The bytes of every convolution's weights, in the order of the file's operators."""
    model = unpack(content)
    graph, codes = model.subgraphs[0], operator_codes(model)
    convolutions = [
        operator
        for operator in graph.operators
        if "CONV_2D" in OPERATORS[codes[operator.opcodeIndex]]
    ]
    assert convolutions
    return np.concatenate(
        [model.buffers[graph.tensors[one.inputs[1]].buffer].data for one in convolutions]
    )


def test_fine_tuned_int8_is_the_same_file_with_other_weights_beside_a_float_control(
    conv_run: Run, conv_prepared: Prepared, exported: Callable[..., Bundle], tmp_path: Path
) -> None:
    from skinlite_export.export_run import export_run

    short = FineTuning(epochs=1, pictures=14, batch_size=7)
    tuned = PLAIN.model_copy(update={"quantize": "int8-qat", "fine_tuning": short})
    found = export_run(conv_run, conv_prepared, tuned, tmp_path / "tuned")
    plain = exported()
    assert found.manifest.audit == plain.manifest.audit
    assert (found.path / "model.tflite").read_bytes() != (plain.path / "model.tflite").read_bytes()
    assert plain.manifest.verification.control is None
    control = found.manifest.verification.control
    assert control is not None
    assert control.metrics.images == found.manifest.verification.keras.images
    assert 0 < control.worst_difference < 0.5


def test_fine_tuning_starts_from_the_kernels_of_the_int8_file(
    conv_run: Run, conv_prepared: Prepared, exported: Callable[..., Bundle]
) -> None:
    """Steps that move nothing give equalized channels, rounded together, as plain int8 has them."""
    from skinlite_export.pipeline import convert

    still = FineTuning(epochs=1, pictures=14, batch_size=7, learning_rate=1e-12)
    tuned = PLAIN.model_copy(update={"quantize": "int8-qat", "fine_tuning": still})
    found = int8_kernels(convert(conv_run.load_model(), conv_prepared, tuned).content)
    plain = int8_kernels((exported().path / "model.tflite").read_bytes())
    assert (found == plain).mean() > 0.99


def test_an_untrained_network_has_nothing_to_keep(
    conv_net: str, conv_prepared: Prepared, tmp_path: Path
) -> None:
    from skinlite.training.config import TrainConfig
    from skinlite.training.fit import Training
    from skinlite_export.export_run import export_run

    config = TrainConfig(backbone=conv_net, image_size=32, epochs=0)
    run = Training(tmp_path / "run", config, conv_prepared).start()
    with pytest.raises(InputError, match=r"untrained.*Use `quantize='int8'`"):
        export_run(
            run, conv_prepared, Recipe(quantize="int8-qat", fine_tuning=FineTuning()), tmp_path
        )
    with pytest.raises(
        InputError, match=r"untrained: no gate is tested.*Leave out `on_fail='search'`"
    ):
        export_run(run, conv_prepared, Recipe(on_fail="search"), tmp_path)


def test_the_onnx_in_int8(
    conv_run: Run, conv_prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skinlite_export.export_run import export_run
    from skinlite_export.quantize import post_training

    steps: list[int] = []

    def round_for_each(*given: Any) -> Any:
        steps.extend(given[3])
        return rounded(*given)

    rounded = post_training.round_for_each
    monkeypatch.setattr(post_training, "round_for_each", round_for_each)
    both = PLAIN.model_copy(update={"onnx": "int8"})
    bundle = export_run(conv_run, conv_prepared, both, tmp_path / "bundle", explain_error=True)
    operators = {node.op_type for node in onnx.load(bundle.path / "model.onnx").graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= operators
    tflite, onnx_file = bundle.manifest.verification.files
    assert (tflite.file, onnx_file.file) == ("model.tflite", "model.onnx")
    assert 1e-4 < onnx_file.worst_difference < 0.2
    assert steps == [127, 64]  # each file's kernels to its own steps
    curves = bundle.manifest.error_by_depth, bundle.manifest.error_by_depth_onnx
    assert all(curve and len(curve) > 8 for curve in curves)
    assert ".onnx: dB" in (bundle.path / "MODEL_CARD.md").read_text()


def test_compressed_weights_zip_smaller(conv_run: Run, conv_prepared: Prepared) -> None:
    from skinlite_export.pipeline import convert

    model = conv_run.load_model()
    plain = convert(model, conv_prepared, PLAIN).content
    # Clusters of the dense layer, most of this small network, are spread by its rows' own scales:
    # since all rows have one scale in int8 they save less there.
    for how, share in (({"prune": 0.5}, 0.9), ({"cluster": 16}, 0.97)):
        small = convert(model, conv_prepared, PLAIN.model_copy(update=how)).content
        assert len(zlib.compress(small)) < share * len(zlib.compress(plain)), how
        assert abs(len(small) - len(plain)) < 2000  # a zero takes a byte as well
