"""The offset of a rescaled image, rounded to a whole level of its pixels.

An image that is rescaled to [-1, 1] is 0 between the levels 127 and 128, and int8 has an exact 0:
so all of the pixels were off by half a level, all in the same direction. A first layer that
compares neighbours makes much of that (decision 54). With the 0 on level 127 every pixel is exact,
and the half level goes into the biases of the convolutions that take the image. Only where they
see the padding around it they are off by half a level there, as they were everywhere before.
(Into a convolution without padding the converter folds the rescaling, and no 0 is needed.)
"""

from dataclasses import replace

import numpy as np

from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.rewrites.arithmetic import add_to_bias

LEVELS = 255


def round_offset(graph: Graph) -> Graph:
    """The same network, but for the padding of the image, with the rescaled 0 on a whole level."""
    images = {node.name for node in graph.nodes if node.kind == "Input"}
    changed: dict[str, Node] = {}
    for node in graph.nodes:
        if node.kind != "Rescaling" or node.inputs[0] not in images:
            continue
        scale, offset = node.settings["scale"], node.settings["offset"]
        level = -offset / scale
        convolutions = _convolutions(graph, node.name)
        if convolutions and 0 < level < LEVELS and level != np.floor(level):
            rounded = -np.floor(level) * scale
            changed[node.name] = replace(node, settings={"scale": scale, "offset": float(rounded)})
            for taker in convolutions:
                sums = taker.weights[0].sum(axis=(0, 1, 2), dtype=np.float64)
                changed[taker.name] = add_to_bias(taker, (offset - rounded) * sums)
    return replace(graph, nodes=tuple(changed.get(node.name, node) for node in graph.nodes))


def _convolutions(graph: Graph, name: str) -> list[Node]:
    """Those that take an image, padded or not; none where anything else takes it."""
    found: list[Node] = []
    for taker in graph.consumers(name):
        if taker.kind == "ZeroPadding2D":
            behind = _convolutions(graph, taker.name)
        else:
            whole = taker.kind == "Conv2D" and taker.settings.get("groups", 1) == 1
            behind = [taker] if whole else []
        if not behind:
            return []
        found += behind
    return found
