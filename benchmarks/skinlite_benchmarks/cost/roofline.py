"""The limits of this host, measured, and how near a contestant comes to them.

Source: Williams, Waterman, Patterson, "Roofline: an insightful visual performance model" (2009).
"""

import importlib.util
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite_benchmarks.results.records import Cost, Limit, Peak

SIZE = 1024
"""Rows and columns of the matrices: 10^9 multiply-accumulates, far more work than memory."""
COPIED = 64_000_000
"""Bytes of the array that is copied: beyond the caches of most processors."""
MIDDLING = 8_000_000
"""Bytes of a last cache that isn't told."""
TRIES = 10


def measure_peak(threads: int) -> Peak | None:
    """The best of a few tries each, by onnxruntime's matrix products and NumPy's copy.

    None where the ``onnx`` package (the extra ``export``) isn't there to write them down.
    """
    if importlib.util.find_spec("onnx") is None:
        return None
    cache_bytes = _last_cache()
    random = np.random.default_rng(0)
    left, right = random.integers(0, 127, (2, SIZE, SIZE))
    products = {
        "MatMul": (left.astype(np.float32), right.astype(np.float32)),
        # uint8 by int8 is what x86 has an instruction for.
        "MatMulInteger": (left.astype(np.uint8), right.astype(np.int8)),
    }
    seconds = {name: _best(_product(name, *pair, threads)) for name, pair in products.items()}
    return Peak(
        threads=threads,
        float32_gmacs=SIZE**3 / seconds["MatMul"] / 1e9,
        int8_gmacs=SIZE**3 / seconds["MatMulInteger"] / 1e9,
        copy_gbs=_copied_gbs(COPIED, threads),
        cached_copy_gbs=_copied_gbs(min(COPIED, (cache_bytes or MIDDLING) // 4), threads),
        cache_bytes=cache_bytes,
    )


def limit(cost: Cost, peak: Peak, p50_ms: float) -> Limit:
    """The least time for a cost under a peak, beside the median that was measured.

    Weights and activations count as moved once: from inference to inference the caches keep them
    where they fit. What only a part of them fits into may come out faster than that, and
    ``share`` above 1.
    """
    floats = cost.macs - cost.integer_macs
    arithmetic = floats / peak.float32_gmacs / 1e6 + cost.integer_macs / peak.int8_gmacs / 1e6
    moved = cost.weight_bytes + cost.activation_bytes
    fits = peak.cache_bytes is not None and moved <= peak.cache_bytes
    memory = moved / (peak.cached_copy_gbs if fits else peak.copy_gbs) / 1e6
    least = max(arithmetic, memory)
    bound = "arithmetic" if arithmetic >= memory else "memory"
    return Limit.model_validate({"ms": least, "bound": bound, "share": least / p50_ms})


def _best(run: Callable[[], object]) -> float:
    run()
    seconds = []
    for _ in range(TRIES):
        start = perf_counter()
        run()
        seconds.append(perf_counter() - start)
    return min(seconds)


def _product(
    operator: str, left: NDArray[Any], right: NDArray[Any], threads: int
) -> Callable[[], object]:
    """onnxruntime's product of a matrix with a constant one."""
    import onnx
    import onnxruntime

    made = onnx.TensorProto.FLOAT if operator == "MatMul" else onnx.TensorProto.INT32
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(operator, ["left", "right"], ["product"])],
        operator,
        [_value("left", onnx.helper.np_dtype_to_tensor_dtype(left.dtype))],
        [_value("product", made)],
        [onnx.numpy_helper.from_array(right, "right")],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(["product"], {"left": left})


def _value(name: str, kind: int) -> object:
    import onnx

    return onnx.helper.make_tensor_value_info(name, kind, (SIZE, SIZE))


def _copied_gbs(size: int, threads: int) -> float:
    return 2 * size / _best(_copy(size, threads)) / 1e9


def _last_cache(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int | None:
    """Bytes of the largest cache of the first core, as Linux tells."""
    sizes = [path.read_text().strip() for path in folder.glob("index*/size")]
    units = {"K": 1024, "M": 1024**2}
    caches = [int(size[:-1]) * units[size[-1]] for size in sizes if size[-1:] in units]
    return max(caches, default=None)


def _copy(size: int, threads: int) -> Callable[[], object]:
    source = np.ones(size, np.uint8)
    target = np.empty_like(source)
    split = [np.array_split(whole, threads) for whole in (target, source)]
    parts = list(zip(*split, strict=True))
    if threads == 1:
        return lambda: np.copyto(*parts[0])
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(lambda part: np.copyto(*part), parts))
