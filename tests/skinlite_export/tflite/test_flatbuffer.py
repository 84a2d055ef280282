"""A .tflite is written back as what was read, and says nothing twice."""

from typing import Any

import flatbuffers
import numpy as np


def test_equal_vectors_are_written_once(classifier: Any) -> None:
    from skinlite_export.convert.to_tflite import convert_float32
    from skinlite_export.tflite.flatbuffer import pack, unpack

    model = unpack(convert_float32(classifier))
    for tensor in model.subgraphs[0].tensors:
        tensor.quantization.scale = np.ones(1000, np.float32)
        tensor.quantization.zeroPoint = np.zeros(1000, np.int64)
    plain = flatbuffers.Builder(0)
    plain.Finish(model.Pack(plain), b"TFL3")
    content = pack(model, 0)

    saved = len(plain.Output()) - len(content)
    assert saved >= (len(model.subgraphs[0].tensors) - 1) * 1000 * (4 + 8)
    read = unpack(content)
    for tensor in read.subgraphs[0].tensors:
        assert tensor.quantization.scale.tolist() == [1] * 1000
        assert tensor.quantization.zeroPoint.tolist() == [0] * 1000
    assert pack(read, 0) == content
