"""Compile an int8 .tflite for Ethos-U; says how much of it the NPU takes. Nothing runs."""

import subprocess
import sys
import tempfile
from pathlib import Path

model, _, _, processor = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    program = Path(sys.executable).with_name("vela")
    done = subprocess.run(
        [program, model, "--accelerator-config", processor, "--output-dir", folder],
        capture_output=True,
        text=True,
    )
    said = (done.stdout + done.stderr).strip().splitlines()
    if done.returncode:
        sys.exit(said[-1])
    for line in said:
        if "CPU operators" in line or "NPU operators" in line:
            print(line.strip())
