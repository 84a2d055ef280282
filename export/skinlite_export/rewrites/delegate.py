"""Rewrites for the delegate: what XNNPACK does not take in int8, written as what it takes.

Every operator that the delegate leaves out cuts the graph: the tensors around it change hands, and
the operator itself runs on a reference kernel.
"""

from dataclasses import replace

from skinlite_export.graph.deploy_graph import Graph, Node

MOST_PARTS = 5
"""Inputs of a concatenation that XNNPACK takes."""


def push_relu_through_concat(graph: Graph) -> Graph:
    """Apply a ReLU to the parts of a concatenation instead of to the whole.

    A ReLU alone has no int8 kernel in XNNPACK and breaks the delegate; after an addition or a
    product the converter fuses it into that kernel, where it costs nothing. It also goes before the
    max-pools and paddings at the end of a part. A pool's output has the scale of its input, and a
    concatenation that of its parts: left behind, the ReLU would give the features before a pool the
    range of what it leaves, without the negatives that the attention's convolution wants. Exact.
    """
    concatenations = {
        node.name
        for node in graph.nodes
        if node.kind == "Concatenate" and _only_relus(graph.consumers(node.name))
    }
    nodes: list[Node] = []
    done: dict[str, str] = {}  # a ReLU that is gone, to the concatenation that does its work
    pushed = set[str]()
    for node in graph.nodes:
        if node.is_relu and node.inputs[0] in concatenations:
            done[node.name] = node.inputs[0]
            continue
        inputs = tuple(done.get(name, name) for name in node.inputs)
        if node.name in concatenations:
            names = graph.free_names(f"{node.name}_", len(inputs))
            nodes += [Node(name, "ReLU", (part,)) for name, part in zip(names, inputs, strict=True)]
            pushed.update(names)
            inputs = tuple(names)
        nodes.append(replace(node, inputs=inputs))
    return _further_up(replace(graph, nodes=tuple(nodes)), pushed)


def _only_relus(nodes: list[Node]) -> bool:
    return bool(nodes) and all(node.is_relu for node in nodes)  # an output has no consumer


def _further_up(graph: Graph, relus: set[str]) -> Graph:
    """Move some ReLUs before the max-pools and paddings ahead of them that nothing else takes."""
    by_name = {node.name: node for node in graph.nodes}
    before: dict[str, Node] = {}  # a ReLU, by the node that it comes to stand before
    behind: dict[str, str] = {}  # what stood before a ReLU and now stands for it
    for relu in (by_name[name] for name in relus):
        place: Node | None = None
        part = by_name[relu.inputs[0]]
        while part.kind in ("MaxPooling2D", "ZeroPadding2D"):
            if len(graph.consumers(part.name)) > 1:
                break
            place, part = part, by_name[part.inputs[0]]
        if place:
            before[place.name] = replace(relu, inputs=place.inputs)
            behind[relu.name] = relu.inputs[0]
    nodes: list[Node] = []
    for node in graph.nodes:
        if first := before.get(node.name):
            nodes += [first, replace(node, inputs=(first.name,))]
        elif node.name not in behind:
            inputs = tuple(behind.get(name, name) for name in node.inputs)
            nodes.append(replace(node, inputs=inputs))
    return replace(graph, nodes=tuple(nodes))


def split_concat(graph: Graph) -> Graph:
    """Concatenate more than five parts in two steps, the delegate's limit. Exact."""

    def rewrite(node: Node) -> list[Node]:
        surplus = len(node.inputs) - MOST_PARTS + 1
        if surplus < 2:
            return [node]
        first = replace(node, name=f"{node.name}_first", inputs=node.inputs[:surplus])
        return [first, replace(node, inputs=(first.name, *node.inputs[surplus:]))]

    return graph.replace_each("Concatenate", rewrite)


def stride_instead_of_pool(graph: Graph) -> Graph:
    """Let a 1x1 convolution skip pixels itself, in place of a 1x1 average pool before it. Exact."""
    skipped: dict[str, Node] = {}
    for node in graph.nodes:
        if node.kind == "AveragePooling2D" and set(node.settings["pool_size"]) == {1}:
            takers = graph.consumers(node.name)
            if all(
                taker.is_pointwise and set(taker.settings.get("strides", (1,))) == {1}
                for taker in takers
            ):
                skipped[node.name] = node
    nodes = []
    for node in graph.nodes:
        if node.name in skipped:
            continue
        if node.inputs and node.inputs[0] in skipped:
            pool = skipped[node.inputs[0]]
            settings = {**node.settings, "strides": pool.settings["strides"]}
            node = replace(node, inputs=pool.inputs, settings=settings)
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def average_pool_as_depthwise(graph: Graph) -> Graph:
    """Write an average pool as a depthwise convolution with a constant kernel.

    XNNPACK has no int8 average pool. A padded pool divides by the pixels it really has, so the sum
    over the edge is scaled by a constant map. A pool that is added to its like (NASNet has one in
    every cell) is one kernel twice as large, without the addition. Exact in real arithmetic.
    """
    pools = {node.name: node for node in graph.nodes if node.kind == "AveragePooling2D"}
    nodes = []
    for node in graph.nodes:
        like = [pools.get(name) for name in node.inputs] if node.kind == "Add" else []
        if node.name in pools:
            node = replace(node, kind="AverageDepthwise")
        elif len(like) == 2 and like[0] and like[1] and _alike(like[0], like[1]):
            settings = {**like[0].settings, "times": 2}
            node = Node(node.name, "AverageDepthwise", like[0].inputs, settings)
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes)).without_unused()


def _alike(one: Node, other: Node) -> bool:
    return (one.inputs, one.settings) == (other.inputs, other.settings)


def float_softmax(graph: Graph) -> Graph:
    """Leave softmax in float when the rest is int8: two islands of a few hundred numbers.

    An int8 softmax has steps of 1/256, too coarse for an attention map over 49 positions and for
    the probabilities; and XNNPACK has a kernel for the float one only, so that the island costs no
    break of the delegate either. More exact than int8, and nothing else changes.
    """
    return replace(graph, float_operators=graph.float_operators | {"SOFTMAX"})


def float_head(graph: Graph) -> Graph:
    """Leave the last layer in float when the rest is int8: its logits decide between classes.

    One int8 step of a logit was 0.09 on a trained network, the largest error of any tensor. What
    the layer takes is int8 all the same, and its seven rows of weights are few.
    """
    return replace(graph, float_nodes=graph.float_nodes | {graph.nodes[-1].name})
