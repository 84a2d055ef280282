"""Which rewrites there are, and their order. A new one is a function in a module, and a row here.

A rewrite of the graph is a function from graph to graph, equal to 1e-5 on any input. Without any,
the stock converter gets the graph as it was read.
"""

from collections.abc import Callable, Sequence

from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.recipe import Scheme
from skinlite_export.rewrites.arithmetic import compose_pointwise, fold_scales, unfuse_hard_swish
from skinlite_export.rewrites.delegate import (
    average_pool_as_depthwise,
    float_head,
    float_softmax,
    push_relu_through_concat,
    split_concat,
    stride_instead_of_pool,
)
from skinlite_export.rewrites.depthwise import split_large_depthwise
from skinlite_export.rewrites.nasnet_skips import (
    one_kernel_for_skips,
    pad_rows,
    push_norm_through_concat,
)
from skinlite_export.rewrites.on_tflite import FINISHED

Rewrite = Callable[[Graph], Graph]

REWRITES: dict[str, Rewrite] = {
    "unfuse-hard-swish": unfuse_hard_swish,
    "fold-scales": fold_scales,
    "compose-pointwise": compose_pointwise,
    "stride-instead-of-pool": stride_instead_of_pool,
    "one-kernel-for-skips": one_kernel_for_skips,
    "push-norm-through-concat": push_norm_through_concat,
    "push-relu-through-concat": push_relu_through_concat,
    "split-concat": split_concat,
    "split-large-depthwise": split_large_depthwise,
    "average-pool-as-depthwise": average_pool_as_depthwise,
    "pad-rows": pad_rows,
    "float-softmax": float_softmax,
    "float-head": float_head,
}

OF_THE_IMAGES = ("equalize-channels", "adaptive-rounding")
"""Rewrites that need the calibration images (`skinlite_export.quantize.post_training`), by name."""

OF_THE_FILE = tuple(FINISHED)
"""Rewrites of the finished int8 file, by name."""

FOR_INT8 = {"unfuse-hard-swish"}
"""Rewrites that only pay in int8: float32 has a kernel for hard-swish."""

ALL = (*REWRITES, *OF_THE_IMAGES, *OF_THE_FILE)


def apply_rewrites(graph: Graph, names: Sequence[str], scheme: Scheme = "int8") -> Graph:
    """Apply the rewrites of the graph among ``names``, as far as they pay in a number format."""
    for name in names:
        if name in REWRITES and (scheme.startswith("int8") or name not in FOR_INT8):
            graph = REWRITES[name](graph)
    return graph
