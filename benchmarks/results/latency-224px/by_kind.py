"""Where skinlite's int8 .tflite and OpenVINO's NNCF int8 spend their time, by kind of operator.

``python by_kind.py OURS.tflite FLOAT.tflite`` quantizes the float file by NNCF, with noise for
calibration, runs both in turns, one thread, and prints a table (see openvino.md): operators, and
the least and the median milliseconds of all turns, by each runtime's own profiler. The last row is
the whole inference, timed without one: OpenVINO's counters cost it a fifth of its
time, LiteRT's nothing that can be told. Inputs are zeros.
"""

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import nncf
import numpy as np
import openvino
from ai_edge_litert.interpreter import Interpreter

from skinlite_benchmarks.profiling.litert import LiteRTProfiler
from skinlite_export.runtime.peers.openvino import read_named
from skinlite_export.tflite.editor import Editor

TURNS, SETTLING, EACH, IMAGES = 100, 0.02, 3, 20
Times = list[tuple[str, float]]
"""Kinds and milliseconds, of the operators of one inference."""

FIRST, POINTWISE, DEPTHWISE = "first convolution", "1x1 convolutions", "depthwise convolutions"
DENSE = "squeeze-excite's, metadata's and last layer"
WISE, ADDED, PRODUCT = "tables and casts (hard-swish, input)", "additions", "products"
REST = "means, attention, other"
SUM, WHOLE = "sum", "whole inference, no profiler"
KINDS = (FIRST, POINTWISE, DEPTHWISE, DENSE, WISE, ADDED, PRODUCT, REST)
LEAST_OF_FIRST = 16
"""Rows that the first convolution makes at least; the attention's makes fewer."""
TAGS = {"Unary": WISE, "Convert": WISE, "Add": ADDED, "Multiply": PRODUCT}


class Contestant(Protocol):
    """A file on its runtime; ``infer`` computes without a profiler."""

    infer: Callable[[], Any]

    def profiled(self) -> Times:
        """One inference."""


class Ours:
    """LiteRT; what of its events multiply by a kernel are the file's in their order."""

    def __init__(self, path: Path) -> None:
        self._profiler, self._interpreter = (
            LiteRTProfiler(path),
            Interpreter(str(path), num_threads=1),
        )
        self._interpreter.allocate_tensors()
        for entry in self._interpreter.get_input_details():
            self._interpreter.set_tensor(entry["index"], np.zeros(entry["shape"], np.float32))
        self.infer: Callable[[], Any] = self._interpreter.invoke
        self._kernels = list(_kernels(Editor(path.read_bytes())))

    def profiled(self) -> Times:
        """One inference."""
        kernels, found = iter(self._kernels), []
        for tag, nanoseconds in self._profiler.events():
            if "Convolution" in tag or "Fully Connected" in tag:
                kind = next(kernels)
            else:
                kind = next((TAGS[word] for word in TAGS if word in tag), REST)
            found.append((kind, nanoseconds / 1e6))
        if next(kernels, None):
            raise SystemExit("XNNPACK ran fewer convolutions than the file has.")
        return found


def _kernels(file: Editor) -> Iterator[str]:
    for operator in file.graph.operators:
        name, result = file.operator_name(operator), file.shape(int(operator.outputs[0]))
        if name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            kernel = file.shape(int(operator.inputs[1]))
            depthwise = name == "DEPTHWISE_CONV_2D"
            pixels = kernel[1:3] if len(kernel) == 4 else (1, 1)
            yield _kind(result[1:3] if len(result) == 4 else (1, 1), depthwise, pixels == (1, 1))


def _kind(image: tuple[int, ...], depthwise: bool, pointwise: bool) -> str:
    if image == (1, 1):
        return DENSE
    if depthwise:
        return DEPTHWISE
    if pointwise:
        return POINTWISE
    return FIRST if max(image) > LEAST_OF_FIRST else REST


class Theirs:
    """OpenVINO, with its counters and, for `infer`, without."""

    def __init__(self, float_file: Path) -> None:
        core = openvino.Core()
        model = _quantized(read_named(core, float_file))
        settings: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": 1,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        plain = core.compile_model(model, "CPU", settings)
        counted = core.compile_model(model, "CPU", {**settings, "PERF_COUNT": True})
        self._request, plain_request = counted.create_infer_request(), plain.create_infer_request()
        for request in (self._request, plain_request):
            for tensor in request.input_tensors:
                tensor.data[:] = 0
        self.infer: Callable[[], Any] = plain_request.infer
        self._shapes = {
            node.get_friendly_name(): tuple(node.get_output_shape(0))
            for node in counted.get_runtime_model().get_ops()
            if node.get_output_size()
        }

    def profiled(self) -> Times:
        """One inference."""
        self._request.infer()
        return [
            (self._kind_of(entry), entry.real_time.total_seconds() * 1e3)
            for entry in self._request.profiling_info
            if entry.status == openvino.ProfilingInfo.Status.EXECUTED
        ]

    def _kind_of(self, entry: Any) -> str:
        shape = self._shapes.get(entry.node_name, ())
        image = shape[2:] if len(shape) == 4 else (1, 1)
        if entry.node_type in ("Convolution", "GroupConvolution"):
            depthwise = entry.node_type == "GroupConvolution"
            return _kind(image, depthwise, "1x1" in entry.exec_type)
        if entry.node_type.startswith("FullyConnected"):
            return DENSE
        if entry.node_type == "Subgraph":
            # A Subgraph is elementwise code made for the place; in int8 only the products are.
            return PRODUCT if entry.exec_type.lower().endswith("i8") else WISE
        return REST


def _levels(shape: Any) -> int:
    """Of pixels, or of what is told of a patient."""
    return 256 if len(shape) == 4 else 2


def _quantized(model: Any) -> Any:
    """In int8 by NNCF's defaults."""
    random = np.random.default_rng(0)
    noise = [
        {
            port.get_any_name(): np.float32(random.integers(0, _levels(port.shape), port.shape))
            for port in model.inputs
        }
        for _ in range(IMAGES)
    ]
    return nncf.quantize(model, nncf.Dataset(noise), subset_size=IMAGES)


def main(ours: Path, theirs: Path) -> None:
    """Print the table."""
    contestants: list[Contestant] = [Ours(ours), Theirs(theirs)]
    depthwise = list(_depthwise(Editor(ours.read_bytes())))
    spent: list[dict[str, list[float]]] = [defaultdict(list) for _ in contestants]
    for _ in range(TURNS):
        for contestant, times in zip(contestants, spent, strict=True):
            settled = time.perf_counter() + SETTLING
            while time.perf_counter() < settled:
                contestant.infer()
            for _ in range(EACH):
                start = time.perf_counter()
                contestant.infer()
                times[WHOLE].append(1e3 * (time.perf_counter() - start))
            for _ in range(EACH):
                found, profiled = dict.fromkeys(KINDS, 0.0), contestant.profiled()
                for kind, milliseconds in profiled:
                    found[kind] += milliseconds
                for name, one in zip(depthwise, _only(DEPTHWISE, profiled), strict=True):
                    times[name].append(one)
                for kind in KINDS:
                    times[kind].append(found[kind])
                times[SUM].append(sum(found.values()))
    counts = [Counter(kind for kind, _ in contestant.profiled()) for contestant in contestants]
    for count in counts:
        count[SUM] = count.total()
    print("| | skinlite | least | median | OpenVINO | least | median | ratio of least |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind in (*KINDS, SUM, WHOLE):
        cells = [kind]
        for count, times in zip(counts, spent, strict=True):
            least, median = min(times[kind]), np.median(times[kind])
            cells += [str(count[kind] or ""), f"{least:.3f}", f"{median:.3f}"]
        one, other = (min(times[kind]) for times in spent)
        print("|", " | ".join([*cells, f"{one / other:.2f}" if other else ""]), "|")
    print("\n| depthwise | skinlite | OpenVINO |\n| --- | ---: | ---: |")
    for name in depthwise:
        print(f"| {name} | {min(spent[0][name]):.3f} | {min(spent[1][name]):.3f} |")


def _only(kind: str, profiled: Times) -> list[float]:
    return [milliseconds for one, milliseconds in profiled if one == kind]


def _depthwise(file: Editor) -> Iterator[str]:
    """What each makes, and by what kernel, numbered."""
    convolutions = [
        operator
        for operator in file.graph.operators
        if file.operator_name(operator) == "DEPTHWISE_CONV_2D"
    ]
    for number, operator in enumerate(convolutions, 1):
        _, rows, columns, channels = file.shape(int(operator.outputs[0]))
        _, height, width, _ = file.shape(int(operator.inputs[1]))
        yield f"{number}: {rows}x{columns}x{channels} by {height}x{width}"


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
