"""The operators that LiteRT's interpreter runs, with the delegates that it put in their place.

``Interpreter._get_ops_details`` is private: what is public shows tensors alone. It is as
ai-edge-litert 2.3.0 has it. When it goes: the operators of the file are in its flatbuffer
(`skinlite_export.tflite.flatbuffer`), and the delegate's partitions become unknown.
"""

from typing import Any


def executed_operators(interpreter: Any) -> list[dict[str, Any]]:
    """The operators in the order they run: ``op_name``, ``inputs`` and ``outputs`` by index.

    A ``DELEGATE`` stands for the operators that it took, which are in the list too.
    """
    operators: list[dict[str, Any]] = interpreter._get_ops_details()
    return operators
