#!/bin/sh
# typer 0.29.2: running an app replaces sys.excepthook for good, also with pretty_exceptions_enable=False.
#
# One would guess that an app without pretty exceptions leaves the program's hook alone, or puts it back. Calling
# the app sets typer's own, which then decides by an attribute of the error whether to hand it on; what was handed
# on to is the hook of the moment when typer was imported, so a hook that the program set in between is never asked
# again. typer.main.get_command(app)() runs the same app and leaves the hook.
#
# Seen (Python 3.11.7): app() replaces it, get_command(app)() keeps it; asked after app(): the hook of before the import
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q typer==0.29.2 || exit 2
cat > hook.py <<'P'
import sys

asked = []
sys.excepthook = lambda *_: asked.append("before the import")
import typer

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def command() -> None:
    """Do nothing."""


def mine(*_):
    asked.append("mine")


sys.excepthook = mine
typer.main.get_command(app)([], standalone_mode=False)
kept = sys.excepthook is mine
app([], standalone_mode=False)
replaced = sys.excepthook is not mine
try:
    raise RuntimeError
except RuntimeError:
    sys.excepthook(*sys.exc_info())
print(f"kept {kept}, replaced {replaced}, asked {asked}")
P
told=$(env/bin/python hook.py)
echo "$told"
if [ "$told" = "kept True, replaced True, asked ['before the import']" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
