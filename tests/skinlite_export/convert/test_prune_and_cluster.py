"""Pruning and clustering: how many zeros and values, and what is left alone."""

import numpy as np
import pytest

from skinlite_export.graph.deploy_graph import Graph, Node


@pytest.fixture
def graph() -> Graph:
    random = np.random.default_rng(0)

    def weights(*shape: int) -> tuple[np.ndarray, ...]:
        return random.normal(size=shape).astype(np.float32), np.ones(shape[-1], np.float32)

    small = Node("small", "Conv2D", (), {"filters": 8, "kernel_size": 3}, weights(3, 3, 3, 8))
    large = Node("large", "Conv2D", (), {"filters": 64, "kernel_size": 1}, weights(1, 1, 96, 64))
    dense = Node("dense", "Dense", (), {"units": 64}, weights(80, 64))
    last = Node("last", "Dense", (), {"units": 7}, weights(1000, 7))
    return Graph((small, large, dense, last))


def test_prune_zeroes_the_smallest_of_large_kernels(graph: Graph) -> None:
    from skinlite_export.convert.prune_and_cluster import prune

    pruned = prune(graph, 0.4)
    for before, after in zip(graph.nodes, pruned.nodes, strict=True):
        zeros = (after.weights[0] == 0).mean()
        if before.name in ("large", "dense"):
            assert zeros == pytest.approx(0.4, abs=0.01)
            kept = after.weights[0] != 0
            np.testing.assert_allclose(after.weights[0][kept], before.weights[0][kept], rtol=1e-6)
        else:
            assert zeros == 0
        np.testing.assert_array_equal(after.weights[1], before.weights[1])


def test_cluster_leaves_so_many_values_behind_the_channels_scales(graph: Graph) -> None:
    from skinlite_export.convert.prune_and_cluster import cluster

    clustered = cluster(graph, 16)
    for before, after in zip(graph.nodes, clustered.nodes, strict=True):
        if before.name not in ("large", "dense"):
            np.testing.assert_array_equal(after.weights[0], before.weights[0])
            continue
        rows = after.weights[0].reshape(-1, 64)
        assert max(len(np.unique(rows[:, channel])) for channel in range(64)) <= 16
        peak = np.abs(before.weights[0]).reshape(-1, 64).max(axis=0)
        assert len(np.unique((rows / peak).round(4))) <= 16
        assert 0 < np.abs(rows - before.weights[0].reshape(-1, 64)).max() < peak.max() / 10
