"""Where along its depth the int8 .onnx loses the signal."""

from typing import Any

import pytest

from skinlite.data.examples import Examples


def int8_onnx(classifier: Any, few: Examples, spoiled: str = "") -> Any:
    """`classifier`, whose activations' ranges are `few`'s; one may be a tenth of what it needs."""
    from skinlite_export.convert import to_onnx_int8 as module
    from skinlite_export.convert.samples import samples
    from skinlite_export.convert.to_onnx import to_onnx_with_origins
    from skinlite_export.convert.to_tflite import to_tflite
    from skinlite_export.graph.build_keras import Twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.quantize.error_by_depth_onnx import Int8Onnx
    from skinlite_export.quantize.post_training import _for_onnx
    from skinlite_export.rewrites.registry import ALL, apply_rewrites

    graph = _for_onnx(apply_rewrites(read_keras(classifier), ALL))
    content, origins = to_onnx_with_origins(to_tflite(Twin(graph).model, "none"))
    measured = module._ranges

    def ranges(*given: Any) -> Any:
        found = measured(*given)
        names = [name for name, one in origins.items() if f"/{spoiled}/" in one]
        return found | {name: (found[name][0] / 10, found[name][1] / 10) for name in names}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ranges", ranges)
        return Int8Onnx(module.to_onnx_int8(content, lambda: samples(few)), content, origins, graph)


def test_the_curve_falls_where_a_range_is_too_small(classifier: Any, few: Examples) -> None:
    made = int8_onnx(classifier, few)
    before = made.error_by_depth(few)
    names = [one.layer for one in before]
    assert set(names) <= {node.name for node in made.graph.nodes} and len(names) > 8
    assert names[-1] == "probabilities" and {"stem", "depthwise", "cut"} <= set(names)
    assert all(one.sqnr > 10 for one in before)
    # The softmaxes and what Denses give are in float, and no image before Soft-Attention.
    attention = names.index("soft_attention_conv")
    image = [one for one in before[: attention + 1] if one.layer != "patient_dense"]
    assert not any(one.in_float for one in image) and before[-1].in_float
    after = int8_onnx(classifier, few, "soft_attention_conv").error_by_depth(few)
    assert names == [one.layer for one in after]
    for one, other in zip(before[:attention], after[:attention], strict=True):
        assert one.sqnr == pytest.approx(other.sqnr, abs=0.1)
    assert before[attention].sqnr > 25 > 15 > after[attention].sqnr
