"""A .tflite in Chromium, by Playwright, on one thread. OPTION: ``litert`` or ``tfjs``.

`NPM_PACKAGES` in the environment is the ``node_modules`` that has the runtime.
"""

import functools
import http.server
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from playwright.sync_api import Error, sync_playwright

PAGE = """<!doctype html>
<script type="importmap">
{"imports": {"@litertjs/wasm-utils": "/npm/@litertjs/wasm-utils/dist/index.js"}}
</script>
"""
COMMON = """
const kinds = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array };
const given = {};
for (const one of described) {
  const bytes = await (await fetch(`/${one.name}.bin`)).arrayBuffer();
  const all = new kinds[one.dtype](bytes);
  const size = one.shape.reduce((a, b) => a * b);
  given[one.name] = (row) => all.slice(row * size, (row + 1) * size);
}
const rows = [];
"""
LITERT = """async ([described, count]) => {
const api = await import("/npm/@litertjs/core/dist/index.js");
await api.loadLiteRt("/npm/@litertjs/core/wasm");
const model = await api.loadAndCompile("/model.tflite", { accelerator: "wasm" });
%s
for (let row = 0; row < count; row++) {
  const inputs = {};
  for (const { name, shape } of described) {
    inputs[name] = new api.Tensor(given[name](row), shape);
  }
  const outputs = await model.run(inputs);
  rows.push([...outputs.probabilities.toTypedArray()]);
  for (const one of [...Object.values(inputs), ...Object.values(outputs)]) one.delete();
}
return rows;
}"""
TFJS = """async ([described, count]) => {
const load = (url) => new Promise((done, failed) => {
  const script = Object.assign(document.createElement("script"), { src: url });
  [script.onload, script.onerror] = [done, () => failed(new Error(url))];
  document.head.append(script);
});
await load("/npm/@tensorflow/tfjs-core/dist/tf-core.min.js");
await load("/npm/@tensorflow/tfjs-backend-cpu/dist/tf-backend-cpu.min.js");
await load("/npm/@tensorflow/tfjs-tflite/dist/tf-tflite.min.js");
tflite.setWasmPath("/npm/@tensorflow/tfjs-tflite/wasm/");
const model = await tflite.loadTFLiteModel("/model.tflite", { numThreads: 1 });
%s
for (let row = 0; row < count; row++) {
  const inputs = {};
  for (const { name, raw, shape, dtype } of described) {
    // It has no int8: whole numbers are int32, and stored as the file wants them.
    const kind = dtype === "float32" ? dtype : "int32";
    inputs[raw] = tf.tensor([...given[name](row)], shape, kind);
  }
  const output = model.predict(inputs);
  rows.push([...output.dataSync()]);
  for (const one of [...Object.values(inputs), output]) one.dispose();
}
return rows;
}"""
SCRIPTS = {"litert": LITERT % COMMON, "tfjs": TFJS % COMMON}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, without a log."""

    def log_message(self, *said: object) -> None:
        """Nothing."""


model, inputs, output, option = sys.argv[1:]
interpreter = Interpreter(model_path=model)
given = dict(np.load(inputs))
described = [
    {
        "name": name,
        "raw": detail["name"],
        "shape": detail["shape"].tolist(),
        "dtype": str(values.dtype),
    }
    for name, values in given.items()
    for detail in interpreter.get_input_details()
    if values.shape[1:] == tuple(detail["shape"].tolist())  # an integer-only file has other names
]
gives = next(detail for detail in interpreter.get_output_details() if len(detail["shape"]) == 2)
scale, zero_point = gives["quantization"]
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "index.html").write_text(PAGE)
    Path(folder, "npm").symlink_to(os.environ["NPM_PACKAGES"])
    shutil.copyfile(model, Path(folder, "model.tflite"))
    for name, values in given.items():
        Path(folder, f"{name}.bin").write_bytes(values.tobytes())
    handler = functools.partial(Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        try:
            rows = page.evaluate(SCRIPTS[option], [described, len(given["image"])])
        except Error as error:
            sys.exit(error.message.partition("\n")[0])
        browser.close()
    server.shutdown()
answers = np.array(rows, np.float32)
np.save(output, (answers - zero_point) * scale if scale else answers)
