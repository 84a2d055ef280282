"""The ranges that a calibrated file notes: for training to round with, and its file after it."""

from skinlite_export.convert.choose_ranges import Range
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.quantize.operators import operations_of
from skinlite_export.tflite.flatbuffer import has_range, pack, unpack

SAME_NUMBERS = {"Cropping2D", "Flatten", "MaxPooling2D", "PadRows", "Reshape", "ZeroPadding2D"}
"""Kinds whose outputs are among their inputs: there is nothing left to round."""

SMALLEST = 1e-6
"""A narrower range is that of a tensor without values, and dividing by its step gives NaN."""


def ranges_in(calibrated: bytes, graph: Graph) -> dict[str, Range]:
    """The range of every node's output that the int8 file will store in int8.

    What the converter fuses has no output of its own, but for the last of its nodes. The network's
    output and the graph's float nodes are left out.

    Args:
        calibrated: from `skinlite_export.convert.to_tflite.measure_ranges`, of the graph's twin.
        graph: that graph.
    """
    tensors = unpack(calibrated).subgraphs[0].tensors
    noted = {tensor.name.decode(): tensor.quantization for tensor in tensors}
    place = {node.name: index for index, node in enumerate(graph.nodes)}
    ranges = {}
    for operation in operations_of(calibrated, graph):
        node = graph.nodes[max(place[name] for name in operation.layers)]
        in_float = node is graph.nodes[-1] or node.name in graph.float_nodes
        if not in_float and node.kind not in SAME_NUMBERS:
            # As in the file, where 0 has to be exact.
            low = min(float(noted[operation.tensor].min[0]), 0.0)
            high = max(float(noted[operation.tensor].max[0]), 0.0)
            # A node of several operators is rounded by the last of them.
            if high - low > SMALLEST:
                ranges[node.name] = low, high
    return ranges


def with_ranges_of(calibrated: bytes, other: bytes) -> bytes:
    """A file with the ranges of another one of the same graph: those it was trained with.

    Args:
        calibrated: from `skinlite_export.convert.to_tflite.measure_ranges`, after training.
        other: the same, from before.
    """
    before = unpack(other).subgraphs[0].tensors
    noted = {tensor.name: tensor.quantization for tensor in before if has_range(tensor)}
    model = unpack(calibrated)
    for tensor in model.subgraphs[0].tensors:
        if has_range(tensor) and tensor.name in noted:
            tensor.quantization = noted[tensor.name]
    return pack(model, len(calibrated))
