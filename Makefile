# Two commands for a new user: make demo, make test. Each builds .venv when it is missing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed

.PHONY: demo test lint docs clean

demo: $(READY)
	$(BIN)/skinlite demo --out demo

test: $(READY)
	$(BIN)/pytest -n 2 --dist worksteal

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy benchmarks/results/*/*.py

docs: $(READY)
	$(BIN)/python -m typer skinlite.cli.main utils docs --name skinlite --title "Command line" --output docs/cli.md
	$(BIN)/python -m skinlite_export.schemas
	$(BIN)/python -m skinlite.api.reference

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "skinlite needs Python 3.11 or newer; name one with: make PYTHON=python3.11")'
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv demo runs bundles reports
