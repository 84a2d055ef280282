#!/bin/sh
# openvino 2026.4.1 with openvino-telemetry 2025.2.0 (PyPI), Linux: `import openvino` reports.
#
# The package openvino-telemetry, which openvino requires, has a dialogue that asks before anything is
# sent ("Intel would like your permission ..."). OpenVINO and NNCF turn that dialogue off
# (enable_opt_in_dialog=False), which also turns round what no answer means: it counts as consent. So
# the import alone, without a conversion or a model, makes a client id in the home and sends the event
# "ov import" to Google Analytics. Nothing is printed. With CI=true, or with the module
# openvino_telemetry absent, it doesn't.
#
# Seen (x86-64, Python 3.11):
#   sends {"client_id": ..., "events": [{"name": "import", "params": {"event_category": "ov", ...
#   watched: ./intel/openvino_ga_cid ./intel/stats
#   absent:
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check openvino==2026.4.1 openvino-telemetry==2025.2.0
cat > "$dir/watched.py" <<'P'
import time
# Shown instead of sent: in this process only, before openvino is imported.
from openvino_telemetry.backend import backend_ga4
backend_ga4.request.urlopen = lambda asked: print(
    "sends", asked.data.decode(), "to", asked.full_url.partition("?")[0], flush=True)
import openvino
time.sleep(5)
P
cat > "$dir/absent.py" <<'P'
import sys, time
sys.modules["openvino_telemetry"] = None
import openvino
time.sleep(5)
P
for name in watched absent; do
  mkdir "$dir/$name"
  env -u CI -u TF_BUILD -u JENKINS_URL HOME="$dir/$name" "$dir/v/bin/python" "$dir/$name.py"
  echo "$name: $(cd "$dir/$name" && find . -type f | sort | tr '\n' ' ')"
done
if [ -f "$dir/watched/intel/openvino_ga_cid" ] && [ -z "$(find "$dir/absent" -type f)" ]; then
  echo "as reported"
else
  echo "CHANGED"; exit 1
fi
