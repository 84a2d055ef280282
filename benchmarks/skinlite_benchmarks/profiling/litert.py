"""LiteRT's profiler, through the C API of the library that the Python package brings.

The Python API has no profiler. A model that is compiled with ``enable_profiling`` in its runtime
options records an event for every operator, those that XNNPACK took too, in microseconds.
"""

import ctypes
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from skinlite.errors import SkinliteError

Handle = ctypes.c_void_p
CPU, WRITE = 1, 1
OPERATOR, DELEGATE_OPERATOR = 2, 8
"""Kinds of events: an operator of TensorFlow Lite's own, and one within a delegate."""


# Lines of TOML, each under the name of who reads it.
OPTIONS = {
    b"runtime_options_string": ctypes.create_string_buffer(b"enable_profiling = true\n"),
    b"xnnpack": ctypes.create_string_buffer(b"num_threads = 1\n"),
}
KEEP = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda text: None)
"""Instead of freeing a text that Python owns."""


class _Event(ctypes.Structure):
    """``ProfiledEventData`` of LiteRT's litert_profiler_event.h."""

    _fields_: ClassVar = [
        ("tag", ctypes.c_char_p),
        ("kind", ctypes.c_int),
        ("start_us", ctypes.c_uint64),
        ("elapsed_us", ctypes.c_uint64),
        ("memory", ctypes.c_size_t * 6),
        ("metadata", ctypes.c_uint64 * 2),
        ("source", ctypes.c_int),
    ]


class LiteRTProfiler:
    """A .tflite compiled with its profiler on, one thread; inputs are zeros.

    Raises:
        SkinliteError: a call that LiteRT refuses.
    """

    def __init__(self, path: Path) -> None:
        import ai_edge_litert

        (folder,) = ai_edge_litert.__path__
        self._library = ctypes.CDLL(str(Path(folder) / "libLiteRt.so"))
        self._environment = self._made("CreateEnvironment", 0, None)
        model = self._made("CreateModelFromFile", self._environment, str(path).encode())
        options = self._made("CreateOptions")
        self._call("SetOptionsHardwareAccelerators", options, CPU)
        for name, text in OPTIONS.items():
            opaque = self._made("CreateOpaqueOptions", name, text, KEEP)
            self._call("AddOpaqueOptions", options, opaque)
        self._model = self._made("CreateCompiledModel", self._environment, model, options)
        self._profiler = self._made("CompiledModelGetProfiler", self._model)
        signature = self._made("GetModelSignature", model, _size(0))
        self._inputs = self._buffers(signature, "Input")
        self._outputs = self._buffers(signature, "Output")

    def describe(self) -> str:
        """The tool in words."""
        return f"LiteRT {version('ai-edge-litert')} profiler"

    def run(self, times: int) -> list[Counter[str]]:
        """Nanoseconds by operator of each of so many inferences, and `counts` of one."""
        return [self._once() for _ in range(times)]

    def events(self) -> list[tuple[str, int]]:
        """Every operator of one inference in its order: XNNPACK's name, and nanoseconds."""
        self._call("ResetProfiler", self._profiler)
        self._call("StartProfiler", self._profiler)
        self._call(
            "RunCompiledModel",
            self._model,
            _size(0),
            _size(len(self._inputs)),
            self._inputs,
            _size(len(self._outputs)),
            self._outputs,
        )
        self._call("StopProfiler", self._profiler)
        number = ctypes.c_int()
        self._call("GetNumProfilerEvents", self._profiler, ctypes.byref(number))
        found = (_Event * number.value)()
        self._call("GetProfilerEvents", self._profiler, number, found)
        return [
            (event.tag.decode(), event.elapsed_us * 1000)
            for event in found
            if event.kind in (OPERATOR, DELEGATE_OPERATOR)
        ]

    def _once(self) -> Counter[str]:
        operators = self.events()
        self.counts = Counter(name for name, _ in operators)
        spent: Counter[str] = Counter()
        for name, nanoseconds in operators:
            spent[name] += nanoseconds
        return spent

    def _buffers(self, signature: Handle, side: str) -> Any:
        number = ctypes.c_size_t()
        self._call(f"GetNumSignature{side}s", signature, ctypes.byref(number))
        buffers = (Handle * number.value)()
        for index in range(number.value):
            tensor = self._made(f"GetSignature{side}TensorByIndex", signature, _size(index))
            kind = ctypes.create_string_buffer(256)  # a LiteRtRankedTensorType, of unknown length
            self._call("GetRankedTensorType", tensor, kind)
            needs = self._made(
                f"GetCompiledModel{side}BufferRequirements", self._model, _size(0), _size(index)
            )
            buffers[index] = self._made(
                "CreateManagedTensorBufferFromRequirements", self._environment, kind, needs
            )
            self._clear(Handle(buffers[index]))
        return buffers

    def _clear(self, buffer: Handle) -> None:
        length = ctypes.c_size_t()
        self._call("GetTensorBufferSize", buffer, ctypes.byref(length))
        memory = Handle()
        self._call("LockTensorBuffer", buffer, ctypes.byref(memory), WRITE)
        ctypes.memset(memory, 0, length.value)
        self._call("UnlockTensorBuffer", buffer)

    def _made(self, name: str, *arguments: Any) -> Handle:
        """What a call puts behind its last argument."""
        handle = Handle()
        self._call(name, *arguments, ctypes.byref(handle))
        return handle

    def _call(self, name: str, *arguments: Any) -> None:
        call: Callable[..., int] = getattr(self._library, f"LiteRt{name}")
        if status := call(*arguments):
            raise SkinliteError(f"LiteRT's profiler: {name} failed with status {status}.")


def _size(number: int) -> ctypes.c_size_t:
    return ctypes.c_size_t(number)
