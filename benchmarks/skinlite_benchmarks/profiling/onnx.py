"""onnxruntime's profiler, which writes every node's time into a file."""

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

NODE_TIME = "_kernel_time"


class OnnxProfiler:
    """An .onnx with onnxruntime's profiler on, one thread; inputs are zeros."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        self._path = path
        self._version = onnxruntime.__version__
        self._options = onnxruntime.SessionOptions()
        self._options.intra_op_num_threads = self._options.inter_op_num_threads = 1
        self._options.log_severity_level = 3
        self._options.enable_profiling = True

    def describe(self) -> str:
        """The tool in words."""
        return f"onnxruntime {self._version} profiler"

    def run(self, times: int) -> list[Counter[str]]:
        """Nanoseconds by operator of each of so many inferences, and `counts` of one."""
        import onnxruntime

        with tempfile.TemporaryDirectory() as folder:
            self._options.profile_file_prefix = str(Path(folder) / "profile")
            session = onnxruntime.InferenceSession(
                str(self._path), self._options, providers=["CPUExecutionProvider"]
            )
            feed = {
                tensor.name: np.zeros(_shape(tensor.shape), _DTYPES[tensor.type])
                for tensor in session.get_inputs()
            }
            for _ in range(times):
                session.run(None, feed)
            events = json.loads(Path(session.end_profiling()).read_text())
        nodes = [event for event in events if event.get("name", "").endswith(NODE_TIME)]
        each = len(nodes) // times
        runs = [nodes[start : start + each] for start in range(0, each * times, each)]
        self.counts = Counter(event["args"]["op_name"] for event in runs[0])
        return [_spent(run) for run in runs]


def _shape(lengths: list[Any]) -> list[Any]:
    """With a batch of 1 where it isn't fixed."""
    return [1 if i == 0 and not isinstance(one, int) else one for i, one in enumerate(lengths)]


def _spent(run: list[dict]) -> Counter[str]:
    spent: Counter[str] = Counter()
    for event in run:
        spent[event["args"]["op_name"]] += event["dur"] * 1000
    return spent


_DTYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}
