#!/bin/sh
# What .tflite files need on microcontrollers and NPUs: benchmarks/results/npu/npu.sh FILE.tflite...
#
# Arm's Vela compiles each for Ethos-U55, U65 and U85 (256 MACs a cycle), by its own defaults, which it calls possibly
# non-optimal, and estimates the time; nothing runs. TensorFlow Lite Micro runs each and says what its arena holds.
set -eu
files=$(realpath "$@")
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip install -q ethos-u-vela==5.2.0 tflite-micro==0.dev20261023182759
cat > arena.py <<'P'
import sys

import numpy as np
from tflite_micro.python.tflite_micro import runtime

recording = runtime.InterpreterConfig.kAllocationRecording
interpreter = runtime.Interpreter.from_file(sys.argv[1], intrepreter_config=recording)
for place in range(int(sys.argv[2])):
    details = interpreter.get_input_details(place)
    interpreter.set_input(np.zeros(details["shape"], details["dtype"]), place)
interpreter.invoke()
interpreter.print_allocations()
P
for file in $files; do
    echo "$file"
    for npu in ethos-u55-256 ethos-u65-256 ethos-u85-256; do
        for optimise in Performance Size; do
            env/bin/vela "$file" --accelerator-config $npu --optimise $optimise --output-dir out > vela.txt 2>&1
            env/bin/python - $npu $optimise <<'P'
import csv, pathlib, re, sys
(path,) = pathlib.Path("out").glob("*_summary_*.csv")
(row,) = csv.DictReader(path.open())
path.unlink()
on_cpu = re.search(r"CPU operators = (.*)", pathlib.Path("vela.txt").read_text())
memory = {name: float(row[f"{name}_memory_used"]) for name in ("sram", "dram", "off_chip_flash")}
kept = ", ".join(f"{name} {used:.0f} KiB" for name, used in memory.items() if used)
print(f"  {sys.argv[1]}, {sys.argv[2]}: {1000 * float(row['inference_time']):.2f} ms, {kept}, on the CPU {on_cpu[1]}")
P
        done
    done
    arena=$(env/bin/python arena.py "$file" 2 2>&1 | grep "Arena allocation total") || true
    echo "  TensorFlow Lite Micro: ${arena:-refused}"
done
