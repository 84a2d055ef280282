"""What stays in float in an int8 file is stored in half of its bytes, and answers the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.data.examples import Examples
from skinlite_export.runtime.runner import LiteRTRunner, predict_all


@pytest.fixture
def int8_file(classifier: Any, few: Examples) -> bytes:
    """With the head in float32, as it was before the rewrite."""
    from skinlite_export.convert.samples import samples
    from skinlite_export.convert.to_tflite import measure_ranges
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.quantize.calibrated_model import Calibrated
    from skinlite_export.recipe import Recipe
    from skinlite_export.rewrites.registry import REWRITES, apply_rewrites
    from skinlite_export.tflite.editor import Editor

    graph = apply_rewrites(read_keras(classifier), list(REWRITES))
    ranges = measure_ranges(build_twin(graph), lambda: samples(few), ranges="minmax")
    content = Calibrated(ranges, graph, Recipe(rewrites=tuple(REWRITES))).to_int8()
    return Editor(content).pack()  # as any rewrite packs it


def head_of(editor: Any) -> Any:
    """The one FULLY_CONNECTED in float."""
    (head,) = (
        one
        for one in editor.graph.operators
        if editor.operator_name(one) == "FULLY_CONNECTED" and editor.is_float(one.outputs[0])
    )
    return head


def test_the_head_takes_half_of_its_bytes_and_the_answers_stay(
    int8_file: bytes, few: Examples, tmp_path: Path
) -> None:
    from skinlite_export.rewrites.on_tflite import float16_kernels
    from skinlite_export.tflite.editor import Editor
    from skinlite_export.verify.audit import audit

    rewritten = float16_kernels(int8_file)
    editor = Editor(int8_file)
    saved = editor.values(int(head_of(editor).inputs[1])).nbytes // 2
    overhead = 500  # an operator and a tensor
    assert saved - overhead < len(int8_file) - len(rewritten) <= saved
    answers, audits = [], []
    for name, content in {"before": int8_file, "after": rewritten}.items():
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(content)
        answers.append(predict_all(LiteRTRunner(path), few.images, few.patients))
        audits.append(audit(path))
    assert np.ptp(answers[0], axis=0).max() > 0.05
    np.testing.assert_allclose(*answers, atol=2e-3)
    assert audits[1].partitions == audits[0].partitions
    assert audits[1].float_operations == audits[0].float_operations
    assert float16_kernels(rewritten) == rewritten


def test_a_kernel_that_float16_cannot_hold_stays(int8_file: bytes) -> None:
    from skinlite_export.rewrites.on_tflite import float16_kernels
    from skinlite_export.tflite.editor import Editor

    editor = Editor(int8_file)
    head = head_of(editor)
    kernel = int(head.inputs[1])
    large = editor.constant("large", editor.values(kernel) * np.float32(1e9))
    head.inputs = np.array([head.inputs[0], large, head.inputs[2]], np.int32)
    content = editor.pack()
    assert float16_kernels(content) == content
