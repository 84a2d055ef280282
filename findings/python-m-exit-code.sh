#!/bin/sh
# CPython 3.11.7: `python -m MODULE` forgets the exit code once a KeyboardInterrupt was raised in exec(text).
#
# It may have been caught long ago, and the program may go on and end by sys.exit(7): the process then
# kills itself by SIGINT (code -2, 130 in a shell), without a word. The same file run as a script, or by -c, ends
# with 7. dataclasses and namedtuples are made by exec of a text, so Ctrl-C while a module is imported is enough.
# The interpreter notes the interruption in a flag (unhandled_keyboard_interrupt) as the text's code is left, not
# the program's.
#
# Seen (Linux, x86-64): script 7, -m 130
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > program.py <<'P'
import sys
try:
    exec("raise KeyboardInterrupt")
except KeyboardInterrupt:
    pass
sys.exit(7)
P
python3 --version
python3 program.py; script=$?
python3 -m program; module=$?
echo "script $script, -m $module"
if [ "$script" = 7 ] && [ "$module" = 130 ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
