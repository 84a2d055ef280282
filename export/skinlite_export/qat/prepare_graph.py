"""The deploy graph as quantization-aware training wants it: one node for what is rounded once."""

from dataclasses import replace

from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.graph.folding import fold_batch_norm, split_separable


def ready_for_training(graph: Graph) -> Graph:
    """The same network, written so that every operator of its int8 file has a node.

    Separable convolutions are taken apart and the last softmax from its layer. Batch norm is folded
    into the convolution before it, as the converter would: fine-tuning is too short to move its
    statistics, and rounding has to see the kernel that the file will have. Exact.
    """
    graph = split_separable(graph)
    in_float = graph.float_nodes
    return fold_batch_norm(
        graph.replace_each(
            "Dense", lambda node: [node] if node.name in in_float else _split_softmax(node)
        )
    )


def _split_softmax(node: Node) -> list[Node]:
    if node.settings.get("activation") != "softmax":
        return [node]
    logits = replace(
        node, name=f"{node.name}_logits", settings={**node.settings, "activation": "linear"}
    )
    return [logits, Node(node.name, "Softmax", (logits.name,))]
