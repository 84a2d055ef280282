"""A .tflite on LiteRT or an older tflite-runtime, whichever is there.

OPTION: ``builtin`` or ``reference`` kernels; ``tensorflow``, its own interpreter.
"""

import importlib
import sys

import numpy as np

RESOLVERS = {"builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "reference": "BUILTIN_REF"}

model, inputs, output, *options = sys.argv[1:]
option = options[0] if options else ""
if option == "tensorflow":
    lite = importlib.import_module("tensorflow").lite
else:
    try:
        lite = importlib.import_module("ai_edge_litert.interpreter")
    except ImportError:
        lite = importlib.import_module("tflite_runtime.interpreter")
settings = {}
if option in RESOLVERS:
    settings["experimental_op_resolver_type"] = getattr(lite.OpResolverType, RESOLVERS[option])
interpreter = lite.Interpreter(model_path=model, num_threads=1, **settings)
interpreter.allocate_tensors()
given = dict(np.load(inputs))
# By shape: an integer-only file has other names.
named = {values.shape[1:]: name for name, values in given.items()}
takes = {
    named[tuple(detail["shape"].tolist())]: detail["index"]
    for detail in interpreter.get_input_details()
}
gives = next(detail for detail in interpreter.get_output_details() if len(detail["shape"]) == 2)
scale, zero_point = gives["quantization"]
rows = []
for row in range(len(given["image"])):
    for name, index in takes.items():
        interpreter.set_tensor(index, given[name][row])
    interpreter.invoke()
    rows.append(interpreter.get_tensor(gives["index"])[0].astype(np.float32))
answers = np.stack(rows)
np.save(output, (answers - zero_point) * scale if scale else answers)
