"""Rewrites of the finished int8 file: what the converter would undo if it were done before."""

from ai_edge_litert import schema_py_generated as schema

from skinlite_export.flatbuffer import operator_codes, pack, unpack


def relu_as_quantize(content: bytes) -> bytes:
    """Turn each int8 RELU into a QUANTIZE from its input's scale to its output's.

    A RELU's output starts at 0, so its zero point is -128 and everything negative saturates there:
    requantizing IS the ReLU. XNNPACK has no int8 RELU that stands alone, but it has this. Exact.
    """
    model = unpack(content)
    relu, quantize = schema.BuiltinOperator.RELU, schema.BuiltinOperator.QUANTIZE
    codes = operator_codes(model)
    if quantize not in codes:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = quantize
        code.version = 1
        model.operatorCodes.append(code)
        codes.append(quantize)
    for graph in model.subgraphs:
        for operator in graph.operators:
            output = graph.tensors[operator.outputs[0]]
            if codes[operator.opcodeIndex] == relu and output.type == schema.TensorType.INT8:
                assert list(output.quantization.zeroPoint) == [-128], output.name
                operator.opcodeIndex = codes.index(quantize)
                operator.builtinOptions, operator.builtinOptionsType = None, 0
    return pack(model, len(content))
