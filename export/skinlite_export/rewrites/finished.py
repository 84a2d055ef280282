"""Rewrites of the finished int8 file: what the converter would undo if it were done before."""

import flatbuffers
from tensorflow.lite.python import schema_py_generated as schema


def relu_as_quantize(content: bytes) -> bytes:
    """Turn each int8 RELU into a QUANTIZE from its input's scale to its output's.

    A RELU's output starts at 0, so its zero point is -128 and everything negative saturates there:
    requantizing IS the ReLU. XNNPACK has no int8 RELU that stands alone, but it has this. Exact.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    relu, quantize = schema.BuiltinOperator.RELU, schema.BuiltinOperator.QUANTIZE
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
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
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
