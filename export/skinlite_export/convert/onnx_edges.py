"""An .onnx graph that can be walked and edited: who makes a tensor, who takes it, which shape."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


class Edges:
    """The edges of a graph, as they were when this was made."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        known = onnx.shape_inference.infer_shapes(model).graph
        self.shapes = {
            value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
            for value in (*known.input, *known.value_info, *known.output)
        }
        self.shapes |= {constant.name: list(constant.dims) for constant in self.graph.initializer}
        self.constants = {constant.name: constant for constant in self.graph.initializer}
        self.producers = {name: node for node in self.graph.node for name in node.output}

    def takers(self, name: str) -> list[onnx.NodeProto]:
        """The nodes that take a tensor; none of a graph's output, which somebody else takes."""
        if any(value.name == name for value in self.graph.output):
            return []
        return [node for node in self.graph.node if name in node.input]

    def maker(self, name: str, kind: str) -> onnx.NodeProto | None:
        """The node that makes a tensor, if it is of this kind."""
        node = self.producers.get(name)
        return node if node is not None and node.op_type == kind else None

    def only_taker(self, name: str, kind: str) -> onnx.NodeProto | None:
        """The one node that takes a tensor, if it is of this kind."""
        takers = self.takers(name)
        return takers[0] if len(takers) == 1 and takers[0].op_type == kind else None

    def constant(self, name: str) -> NDArray[np.generic] | None:
        """A constant's values; None of another tensor."""
        found = self.constants.get(name)
        return None if found is None else numpy_helper.to_array(found)

    def add_constant(self, name: str, values: NDArray[np.generic]) -> str:
        """Add a constant, and give its name."""
        self.graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        """Add a node, and give the name of its output."""
        self.graph.node.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def replace(self, old: str, new: str) -> None:
        """Let every node take another tensor in place of ``old``."""
        for node in self.graph.node:
            node.input[:] = [new if name == old else name for name in node.input]


def attribute(node: onnx.NodeProto, name: str) -> object:
    """A node's attribute; None where it isn't given."""
    return next(
        (helper.get_attribute_value(one) for one in node.attribute if one.name == name), None
    )
