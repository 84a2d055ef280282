#!/bin/sh
# onnxruntime 1.32.0 (PyPI), Linux x86-64: it reports usage on a user's machine and keeps quiet in CI.
#
# By default `import onnxruntime` makes a device id and a database for its reports in the home
# (~/.cache/Microsoft/DeveloperTools/.onnxruntime). Its Privacy.md lists the ways to switch that off, and
# says nothing of this one: where a variable of a CI service is set (CI, TF_BUILD, GITHUB_ACTIONS,
# GITLAB_CI, JENKINS_URL, BUILDKITE and others) nothing is written. So a test that watches what a program
# writes or sends finds nothing in CI, and the same program reports from every machine that it is shipped to.
#
# Seen (Python 3.11):
#   none: 3 files
#   CI: 0 files
#   GITHUB_ACTIONS: 0 files
#   JENKINS_URL: 0 files
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check onnxruntime==1.32.0
seen=""
for name in none CI GITHUB_ACTIONS JENKINS_URL; do
  mkdir "$dir/$name"
  env -i PATH="$PATH" HOME="$dir/$name" TMPDIR="$dir/$name" "$name=true" \
    "$dir/v/bin/python" -c "import onnxruntime, time; time.sleep(2)"
  count=$(find "$dir/$name" -type f | wc -l)
  echo "$name: $count files"
  if [ "$count" -gt 0 ]; then seen="$seen some"; else seen="$seen 0"; fi
done
if [ "$seen" = " some 0 0 0" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
