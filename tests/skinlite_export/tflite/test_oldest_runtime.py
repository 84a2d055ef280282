"""A file names the oldest runtime that computes it: by operators, and by their quantization."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from skinlite.data.examples import Examples
from skinlite.data.patient import PatientEncoder
from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.metadata.check import check_metadata
from skinlite_export.recipe import Recipe
from skinlite_export.tflite.flatbuffer import OPERATORS, operator_codes, unpack
from skinlite_export.tflite.oldest_runtime import (
    PER_CHANNEL_DENSE,
    RUNTIME,
    SINCE,
    noted_runtime,
    oldest_runtime,
)

FLOAT, INT8, HALF = (
    schema.TensorType.FLOAT32,
    schema.TensorType.INT8,
    schema.TensorType.FLOAT16,
)
TAKES_INT8_SINCE = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "RESHAPE": 1}
"""Versions of operators, from tensorflow/lite/tools/versioning/op_version.cc; others: 2."""


def file_of(*operators: tuple[str, int, int, int]) -> Any:
    """A model of operators: name, version, type of its weights, scales of its weights."""
    tensors, codes, made = [], [], []
    for name, number, kind, scales in operators:
        builtin = getattr(schema.BuiltinOperator, name)
        codes.append(
            SimpleNamespace(
                builtinCode=builtin, deprecatedBuiltinCode=min(builtin, 127), version=number
            )
        )
        first = len(tensors)
        for scale in (np.ones(1), np.ones(scales)):
            tensors.append(SimpleNamespace(type=kind, quantization=SimpleNamespace(scale=scale)))
        made.append(SimpleNamespace(opcodeIndex=len(codes) - 1, inputs=[first, first + 1, -1]))
    return SimpleNamespace(
        operatorCodes=codes, subgraphs=[SimpleNamespace(tensors=tensors, operators=made)]
    )


@pytest.mark.parametrize(
    ("operators", "oldest"),
    [
        ([("CONV_2D", 1, FLOAT, 1)], "1.5.0"),
        ([("CONV_2D", 3, INT8, 16)], "1.14.0"),
        ([("CONV_2D", 5, INT8, 16)], "2.4.0"),
        ([("FULLY_CONNECTED", 4, INT8, 1)], "1.14.0"),
        ([("FULLY_CONNECTED", 4, INT8, 16)], PER_CHANNEL_DENSE),
        ([("FULLY_CONNECTED", 12, INT8, 16)], "2.17.0"),
        ([("DEQUANTIZE", 3, HALF, 1), ("CONV_2D", 1, FLOAT, 1)], "1.15.0"),
        ([("CONV_2D", 3, INT8, 16), ("RESIZE_BILINEAR", 3, INT8, 1)], "2.2.0"),
        ([("FULLY_CONNECTED", 9, INT8, 1), ("FULLY_CONNECTED", 10, INT8, 1)], "2.11.0"),
    ],
)
def test_the_highest_that_an_operator_needs(
    operators: list[tuple[str, int, int, int]], oldest: str
) -> None:
    assert oldest_runtime(file_of(*operators)) == oldest


def test_what_is_not_in_the_table_needs_the_newest() -> None:
    from importlib.metadata import version

    for unknown in (("FULLY_CONNECTED", 99, FLOAT, 1), ("GELU", 1, FLOAT, 1)):
        assert oldest_runtime(file_of(unknown)) == version("tensorflow")


def check(content: bytes) -> str:
    """Assert that a file's note, its operators' versions and their formats fit; the note."""
    model = unpack(content)
    (entry,) = [one for one in model.metadata if one.name == RUNTIME.encode()]
    assert len(model.buffers[entry.buffer].data) == 16
    oldest = noted_runtime(model)
    assert oldest == oldest_runtime(model)
    graph, codes = model.subgraphs[0], operator_codes(model)
    for operator in graph.operators:
        name = OPERATORS[codes[operator.opcodeIndex]]
        number = model.operatorCodes[operator.opcodeIndex].version
        first = graph.tensors[operator.inputs[0]]
        assert number <= len(SINCE[name].split()), name
        if first.type == INT8:
            assert number >= TAKES_INT8_SINCE.get(name, 2), name
        if name == "FULLY_CONNECTED" and graph.tensors[operator.inputs[1]].type == INT8:
            scales = graph.tensors[operator.inputs[1]].quantization.scale
            # Seen: tflite-runtime 2.7 to 2.9.1 take the first scale for all channels.
            assert len(scales) == 1 or tuple(map(int, oldest.split("."))) >= (2, 10)
    return oldest


def test_an_int8_bundle_runs_on_old_runtimes(tiny_bundle: Bundle) -> None:
    """No FULLY_CONNECTED has scales by channel, which TFLite 2.7 to 2.9.1 would overlook."""
    oldest = check((tiny_bundle.path / TFLITE).read_bytes())
    assert tuple(map(int, oldest.split("."))) < (2, 7)


def test_verify_tells_of_a_file_that_says_too_little(bundle: Bundle) -> None:
    """As those were that an older skinlite wrote."""
    from skinlite_export.tflite.editor import Editor

    assert "but" not in check_metadata(bundle)
    path = bundle.path / TFLITE
    editor = Editor(path.read_bytes())
    editor.attach(RUNTIME, b"1.0.0".ljust(16, b"\0"))
    changed = editor.pack()
    end = path.read_bytes().find(b"PK\x03\x04")
    path.write_bytes(changed + path.read_bytes()[end:])  # the zip stays behind the model
    assert "says that TensorFlow Lite 1.0.0 runs it" in check_metadata(bundle)


def noted(content: bytes) -> bytes:
    """As `skinlite_export.metadata.embed` writes it."""
    from skinlite_export.tflite.editor import Editor

    editor = Editor(content)
    editor.note_runtime()
    return editor.pack()


def test_every_kind_of_file_notes_what_it_needs(classifier: Any, few: Examples) -> None:
    from skinlite_export.convert.samples import samples
    from skinlite_export.convert.to_tflite import to_int8, to_tflite
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.rewrites.on_tflite import FINISHED
    from skinlite_export.rewrites.registry import REWRITES, apply_rewrites
    from skinlite_export.tflite.interface import with_interface

    plain = build_twin(read_keras(classifier))
    float32 = to_tflite(plain, "none")
    assert check(noted(float32)) == "1.15.0"  # of hard-swish
    assert check(noted(to_tflite(plain, "float16"))) == "1.15.0"
    assert check(noted(to_tflite(plain, "dynamic"))) == "2.4.0"  # of convolutions by channel
    graph = apply_rewrites(read_keras(classifier), list(REWRITES))
    int8 = to_int8(
        build_twin(graph),
        lambda: samples(few),
        ranges="mse",
        float_operators=graph.float_operators,
    )
    for rewrite in FINISHED.values():
        int8 = rewrite(int8)
    assert check(noted(int8)) == "1.15.0"
    encoder = PatientEncoder(age_mean=51.9, age_std=17.0)
    for content in (float32, int8):
        raw = Recipe(io="uint8", resize_in_graph=(60, 80), patient_input="raw")
        assert check(noted(with_interface(content, raw, encoder))) == "2.2.0"  # of the resize
    whole = Recipe(io="int8", with_attention=True)
    assert check(noted(with_interface(int8, whole, encoder))) == "1.15.0"
