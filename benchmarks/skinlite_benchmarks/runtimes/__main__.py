"""The command: see the package."""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from skinlite.errors import told
from skinlite_benchmarks.runtimes.catalogue import TRIALS
from skinlite_benchmarks.runtimes.inputs import make_inputs, stored
from skinlite_benchmarks.runtimes.table import table
from skinlite_benchmarks.runtimes.trying import Tried, environments, try_file
from skinlite_export.bundle.folder import open_bundle
from skinlite_export.runtime.runner import load_runner, predict_all


def main(
    bundles: list[Path],
    out: Annotated[Path, typer.Option(help="Folder for runtimes.json and runtimes.md.")],
    inputs: Annotated[int, typer.Option(min=7)] = 300,
    only: Annotated[str, typer.Option(help="Only runtimes whose name contains this.")] = "",
) -> None:
    """Try every runtime on every file of the bundles, and write the table."""
    results: list[Tried] = []
    out.mkdir(parents=True, exist_ok=True)
    try:
        for path in bundles:
            bundle = open_bundle(path)
            images, patients = make_inputs(bundle, inputs)
            for name in bundle.models:
                file = path / name
                runner = load_runner(file)
                expected = predict_all(runner, images, patients)
                given = stored(runner, images, patients)
                label = f"{path.name}/{name}"
                for trial in TRIALS:
                    if trial.suffix == file.suffix and only in trial.name:
                        result = try_file(trial, file, label, given, expected)
                        print(result.model_dump_json(), flush=True)
                        results.append(result)
    finally:
        shutil.rmtree(environments(), ignore_errors=True)
        rows = [result.model_dump() for result in results]
        (out / "runtimes.json").write_text(json.dumps(rows, indent=2) + "\n")
        (out / "runtimes.md").write_text(table(results))


if __name__ == "__main__":
    with told():
        typer.run(main)
