"""What a file takes and gives, changed in the finished .tflite: pixels, answers, attention.

Not before the conversion: calibration, search and fine-tuning then see one network, whatever is put
around it, and a file with other inputs computes the same numbers to the bit. What is added comes
before and behind the network, so that the delegate still takes that in one piece.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from skinlite.data.patient import PatientEncoder
from skinlite.errors import InputError, SkinliteError
from skinlite.vocabulary import AGE, ATTENTION, IMAGE, PATIENT, PROBABILITIES, SEX, SITE
from skinlite_export.recipe import Recipe
from skinlite_export.runtime.signature import Quantization
from skinlite_export.tflite.editor import Editor

LEVELS = {
    "uint8": Quantization(scale=1.0, zero_point=0),
    "int8": Quantization(scale=1.0, zero_point=-128),
}
"""Pixels as they come: one step is one level."""

OUTPUTS = {
    PROBABILITIES: Quantization(scale=1 / 256, zero_point=-128),
    ATTENTION: Quantization(scale=1 / 16, zero_point=-128),
}
"""Of an output in int8 that the network computes in float: 0 to 1, and 0 to the 16 maps' sum."""


def with_interface(content: bytes, recipe: Recipe, encoder: PatientEncoder) -> bytes:
    """Give a converted file the inputs and outputs that a recipe asks for.

    Args:
        content: takes ``image`` and ``patient`` and gives ``probabilities``, all float32.
        recipe: whose io, resize_in_graph, patient_input and with_attention count.
        encoder: of the patients.

    Raises:
        InputError: ``io`` is int8, and a first layer is kept in float.
    """
    file = Editor(content)
    if recipe.with_attention:
        add_attention(file)
    if recipe.io == "int8":
        outputs_in_int8(file)
        patient_in_int8(file)
    if recipe.io != "float32":
        take_levels(file, recipe.io, recipe.resize_in_graph, integer_only=recipe.integer_only)
    if recipe.patient_input == "raw":
        take_answers(file, encoder)
    return file.pack()


def add_attention(file: Editor) -> None:
    """Give the summed attention maps (1, h, w) as a second output.

    Up to a positive factor: the converter may have multiplied gamma in already.
    """
    maps = [
        index
        for index, tensor in enumerate(file.graph.tensors)
        if b"/soft_attention_map/" in tensor.name and len(tensor.shape) == 4
    ]
    if not maps:
        raise SkinliteError(
            "The converted file has no tensor soft_attention_map for `with_attention=True`; this "
            "is a bug in skinlite, please report it."
        )
    shape = file.shape(maps[0])[:3]
    attention = file.like("attention_stored", maps[0], shape)
    rows = file.constant("attention_shape", shape, "int32")
    options = schema.ReshapeOptionsT()
    options.newShape = np.array(shape, np.int32)
    file.behind("RESHAPE", [maps[0], rows], attention, options)
    if not file.is_float(attention):
        real = file.tensor("attention", shape, "float32")
        attention = file.behind("DEQUANTIZE", [attention], real)
    file.outputs[ATTENTION] = attention


def outputs_in_int8(file: Editor) -> None:
    """Give outputs as int8."""
    for name, real in file.outputs.items():
        stored = file.drop_dequantize(real)
        if stored is None:
            stored = file.tensor(f"{name}_int8", file.shape(real), "int8", OUTPUTS[name])
            file.behind("QUANTIZE", [real], stored)
        file.outputs[name] = stored


def patient_in_int8(file: Editor) -> None:
    """Take the encoded patient as int8, if there is one.

    Raises:
        InputError: it is needed in float.
    """
    if PATIENT not in file.inputs:
        return
    stored = file.drop_quantize(file.inputs[PATIENT])
    if stored is None:
        raise InputError(
            "`io='int8'` isn't possible with the first metadata layer in float. Remove that layer "
            "from `keep_float`, or use `io='uint8'`, which leaves the metadata in float32."
        )
    file.inputs[PATIENT] = stored


def take_levels(
    file: Editor, dtype: str, frame: tuple[int, int] | None, *, integer_only: bool = False
) -> None:
    """Take the pixels as uint8, or as int8 (level - 128); of a frame, cropped and resized inside.

    In an int8 network the levels go in as they are, and the resize is int8 too.

    Args:
        file: is changed.
        dtype: "uint8" or "int8".
        frame: rows and columns of what comes, if not the network's own.
        integer_only: without a float operator on the way.
    """
    real = file.inputs[IMAGE]
    inner = file.drop_quantize(real)
    if inner is None:
        inner = real  # computes in float
    elif file.quantization(inner) != LEVELS["int8"]:
        raise SkinliteError(
            "The converted file doesn't store pixels in whole levels, as `io='uint8'` and int8 "
            "need; this is a bug in skinlite, please report it."
        )
    levels = file.like("whole", inner, (1, *frame, file.shape(real)[3])) if frame else inner
    given = levels
    if file.quantization(levels) != LEVELS[dtype]:
        # Before the crop, though that has more to do then: the delegate would take a uint8 crop
        # as a partition of its own.
        given = file.tensor("pixels", file.shape(levels), dtype, LEVELS[dtype])
        _convert(file, given, levels, integer_only=integer_only)
    file.inputs[IMAGE] = given
    if frame:
        _resize(file, _crop(file, levels, file.shape(inner)), inner)


def _convert(file: Editor, given: int, made: int, *, integer_only: bool) -> None:
    """Pixels to the number format of the network.

    From uint8 to int8 by float32: XNNPACK has no QUANTIZE of uint8, which then runs outside of it,
    value by value; but it makes one table of the two casts and what rescales the pixels.
    """
    if not file.is_float(made) and integer_only:
        file.ahead("QUANTIZE", [given], made)
    elif not file.is_float(made):
        real = file.tensor("pixels_float", file.shape(given), "float32")
        file.ahead("QUANTIZE", [file.ahead("DEQUANTIZE", [given], real)], made)
    elif file.quantization(given) == LEVELS["int8"]:
        file.ahead("DEQUANTIZE", [given], made)
    else:
        options = schema.CastOptionsT()
        options.inDataType, options.outDataType = schema.TensorType.UINT8, schema.TensorType.FLOAT32
        file.ahead("CAST", [given], made, options)


def _crop(file: Editor, whole: int, like: tuple[int, ...]) -> int:
    """The largest region in the middle with an aspect: `skinlite.data.preprocessing.crop`."""
    _, rows, columns, channels = file.shape(whole)
    _, height, width, _ = like
    kept = min(rows, columns * height // width), min(columns, rows * width // height)
    if kept == (rows, columns):
        return whole
    top, left = (rows - kept[0]) // 2, (columns - kept[1]) // 2
    ends = [
        file.constant(f"crop_{name}", values, "int32")
        for name, values in (
            ("begin", (0, top, left, 0)),
            ("end", (1, top + kept[0], left + kept[1], channels)),
            ("strides", (1, 1, 1, 1)),
        )
    ]
    cropped = file.like("cropped", whole, (1, *kept, channels))
    return file.ahead("STRIDED_SLICE", [whole, *ends], cropped, schema.StridedSliceOptionsT())


def _resize(file: Editor, cropped: int, made: int) -> None:
    """`skinlite.data.preprocessing.resize_bilinear`, rounded to whole levels."""
    options = schema.ResizeBilinearOptionsT()
    options.halfPixelCenters = True
    size = file.constant("size", file.shape(made)[1:3], "int32")
    if not file.is_float(made):  # rounds by itself
        file.ahead("RESIZE_BILINEAR", [cropped, size], made, options)
    else:
        resized = file.ahead(
            "RESIZE_BILINEAR", [cropped, size], file.like("resized", made), options
        )
        file.ahead("ROUND", [resized], made)


def take_answers(file: Editor, encoder: PatientEncoder) -> None:
    """Take the patient as answered: age (float32, negative or NaN: not told), sex and site (codes).

    `PatientEncoder.encode` as operators. A code beyond the vocabulary makes the invocation fail.
    """
    encoded = file.inputs.pop(PATIENT)
    age = file.inputs[AGE] = file.tensor(AGE, (1, 1), "float32")
    codes = {
        SEX: (encoder.sexes, file.tensor(SEX, (1,), "int32")),
        SITE: (encoder.localizations, file.tensor(SITE, (1,), "int32")),
    }
    parts = []
    for name, (known, code) in codes.items():
        file.inputs[name] = code
        table = file.constant(f"{name}_columns", np.eye(len(known)))
        columns = file.tensor(f"{name}_column", (1, len(known)), "float32")
        parts.append(file.ahead("GATHER", [table, code], columns, schema.GatherOptionsT()))

    def number(name: str, value: float) -> int:
        return file.constant(f"age_{name}", [[value]])

    def step(operator: str, name: str, inputs: list[int], options: object = None) -> int:
        return file.ahead(operator, inputs, file.like(f"age_{name}", age), options)

    mean, zero, one = number("mean", encoder.age_mean), number("zero", 0), number("one", 1)
    told = file.tensor("age_told", (1, 1), "bool")
    file.ahead("GREATER_EQUAL", [age, zero], told, schema.GreaterEqualOptionsT())
    missing = step("SELECT", "missing", [told, zero, one], schema.SelectOptionsT())
    # The mean in place of a missing age becomes 0. Chosen first, so that the delegate takes all
    # the arithmetic behind it together with the network.
    years = step("SELECT", "years", [told, age, mean], schema.SelectOptionsT())
    centred = step("SUB", "centred", [years, mean], schema.SubOptionsT())
    scale = number("scale", 1 / encoder.age_std)
    scaled = step("MUL", "scaled", [centred, scale], schema.MulOptionsT())
    options = schema.ConcatenationOptionsT()
    options.axis = 1
    file.ahead("CONCATENATION", [scaled, missing, *parts], encoded, options)
