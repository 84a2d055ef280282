#!/bin/sh
# race.sh RUN DATA OUT: a run's int8 bundle against all that is installed of the extra `peers`, and the
# baseline: the report, and its table with the versions of all tools. First, once:
#   pip install -c constraints.txt '.[export,peers]' && pip install -c constraints.txt --no-deps pnnx
set -eu
run=$1 data=$2 out=$3
skinlite export --model "$run" --data "$data" --quantize int8 --onnx int8 --out "$out/bundle"
skinlite benchmark "$out/bundle" --model "$run" --data "$data" --peers --threads 1 --rounds 100 \
  --out "$out/report"
python -m skinlite_benchmarks.studies.fidelity_table "$out/report" > "$out/table.md"
