"""The command: see the package."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from skinlite.errors import told
from skinlite.files.read_write import sha256_of
from skinlite_benchmarks.runtimes.environments import environments
from skinlite_benchmarks.runtimes.inputs import Inputs, make_inputs, stored
from skinlite_benchmarks.runtimes.run_trial import Tried, try_file
from skinlite_benchmarks.runtimes.table import table
from skinlite_benchmarks.runtimes.trials import TRIALS
from skinlite_export.bundle.folder import open_bundle
from skinlite_export.runtime.runner import load_runner, predict_all


def main(
    bundles: list[Path],
    out: Annotated[Path, typer.Option(help="Folder for runtimes.json and runtimes.md.")],
    inputs: Annotated[int, typer.Option(min=7)] = 300,
    emulated_inputs: Annotated[
        int | None,
        typer.Option(min=7, help="Number of inputs for emulated processors, which are slow."),
    ] = None,
    only: Annotated[str, typer.Option(help="Only runtimes whose name contains this.")] = "",
) -> None:
    """Try every runtime on every file of the bundles, and write the table."""
    results: list[Tried] = []
    out.mkdir(parents=True, exist_ok=True)
    try:
        work = [(trial, file) for file in _files(bundles, inputs) for trial in TRIALS]
        # An emulated processor takes minutes: those last.
        for trial, file in sorted(work, key=lambda pair: bool(pair[0].emulated)):
            if trial.suffix == file.path.suffix and only in trial.name:
                count = emulated_inputs if trial.emulated else None
                few = {name: values[:count] for name, values in file.inputs.items()}
                result = try_file(trial, file.path, file.label, few, file.expected[:count])
                print(result.model_dump_json(), flush=True)
                results.append(result)
                _write(results, out)
    finally:
        shutil.rmtree(environments(), ignore_errors=True)


def _write(found: Sequence[Tried], out: Path) -> None:
    """What is known so far: the whole takes an hour."""
    rows = [trial.model_dump() for trial in found]
    (out / "runtimes.json").write_text(json.dumps(rows, indent=2) + "\n")
    (out / "runtimes.md").write_text(table(found))


class File(NamedTuple):
    """A model, its inputs as it stores them, and the reference's probabilities (N, classes)."""

    path: Path
    label: str
    inputs: Inputs
    expected: NDArray[np.float32]


def _files(bundles: Sequence[Path], count: int) -> Iterator[File]:
    """The models of bundles; one that several bundles have comes once."""
    seen: set[str] = set()
    for folder in bundles:
        bundle = open_bundle(folder)
        images, patients = make_inputs(bundle, count)
        for name in bundle.models:
            path = folder / name
            if sha256_of(path) in seen:
                continue
            seen.add(sha256_of(path))
            runner = load_runner(path)
            expected = predict_all(runner, images, patients)
            yield File(path, f"{folder.name}/{name}", stored(runner, images, patients), expected)


if __name__ == "__main__":
    with told():
        typer.run(main)
