"""``skinlite demo``: everything once, on synthetic images, in minutes."""

import shlex
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skinlite.cli.parsing import as_flags
from skinlite.cli.progress import counting, reporting
from skinlite.cli.shared import command_line, console, hold, output
from skinlite.cli.tables import print_manifest
from skinlite.errors import InputError
from skinlite.process.optional_packages import need_all

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from skinlite_benchmarks.candidates.reference import ReferenceBuild

MARK = ".skinlite-demo"
"""File that shows that a folder is a demo's, and may be written over by the next."""

LESIONS, IMAGE_SIZE, EPOCHS, BATCH_SIZE = 900, 96, 9, 32
"""Small enough for six minutes on two cores, large enough to learn something."""


def demo(
    out: Annotated[Path, typer.Option(help="Folder to write; an earlier demo is replaced.")] = (
        Path("demo")
    ),
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Random seed.")] = 0,
) -> None:
    """Make synthetic images, train, export to int8, verify and benchmark."""
    _claim(out)
    need_all({"keras": "train", "tf_keras": "export", "tf2onnx": "export"})
    from skinlite.data.dataset import read_dataset
    from skinlite.data.synthetic.synthesize import write_synthetic
    from skinlite.training.config import TrainConfig
    from skinlite.training.fit import Training
    from skinlite.training.input.prepare import prepare
    from skinlite_benchmarks.report.view import view_of
    from skinlite_benchmarks.report.wording import summary
    from skinlite_benchmarks.report.write import write_report
    from skinlite_benchmarks.settings import BenchmarkSettings
    from skinlite_benchmarks.suite import run_benchmark
    from skinlite_export.export_run import export_run
    from skinlite_export.recipe import Recipe
    from skinlite_export.rewrites.registry import ALL
    from skinlite_export.verify.gates import check_gates

    data, run_folder, bundle_folder, report_folder = (
        out / name for name in ("data", "run", "bundle", "report")
    )
    with _reference() as reference:
        _say(f"1/4 {LESIONS} synthetic lesions in HAM10000's format")
        with counting("drawing lesions", LESIONS) as advance:
            write_synthetic(data, lesions=LESIONS, seed=seed, replace=True, advance=advance)
        config = TrainConfig(image_size=IMAGE_SIZE, epochs=EPOCHS, batch_size=BATCH_SIZE, seed=seed)
        dataset = read_dataset(data)
        with counting("reading images", len(dataset.frame)) as advance:
            prepared = prepare(dataset, config.image_size, seed, advance)

        _say(f"2/4 training {config.backbone} from scratch at {IMAGE_SIZE} px")
        with reporting() as report:
            run = Training(run_folder, config, prepared, report).start()
        if run.info.status == "interrupted":
            raise InputError(
                f"Stopped during training; start again with: {command_line('demo', '--out', out)}"
            )

        _say("3/4 exporting to int8, and verifying it on held-out images")
        recipe = Recipe(rewrites=ALL, seed=seed)
        with reporting() as report:
            bundle = export_run(run, prepared, recipe, bundle_folder, replace=True, report=report)
        print_manifest(bundle.manifest)

        _say("4/4 timing it against the InceptionResNetV2 reference")
        if reference and reference.running:
            console.print(
                "waiting for the conversion of the reference (only once; the file is kept)"
            )
        baseline = reference.wait() if reference else None
    with reporting() as report:
        settings = BenchmarkSettings(
            seed=seed,
            slow_seconds=15,  # 20 rounds of a reference that takes 0.3 s
            command=shlex.join(["skinlite", *sys.argv[1:]]),
        )
        results = run_benchmark([bundle_folder], baseline, settings, report=report)
    page = write_report(results, report_folder)
    output.print()
    output.print(summary(view_of(results)), markup=False)
    output.print(f"bundle ({bundle.manifest.status}): {bundle_folder}", markup=False)
    output.print(f"report: {page}", markup=False)
    check_gates(bundle.manifest, bundle_folder)
    output.print("\n".join(next_steps(bundle_folder)), markup=False)


def next_steps(bundle: Path) -> list[str]:
    """What to do with the demo's bundle, as lines to copy."""
    return [
        "next:",
        f"  {command_line('verify', bundle)}",
        "  skinlite serve --install-runtime    # once, by npm",
        f"  {command_line('serve', bundle)}",
    ]


def _reference() -> "AbstractContextManager[ReferenceBuild | None]":
    """Begin to convert the reference, beside the training; a small machine goes without."""
    from skinlite_benchmarks.candidates.reference import ReferenceBuild

    try:
        return ReferenceBuild()
    except InputError as error:
        console.print(
            f"no reference in this demo: {as_flags(str(error))}", markup=False, soft_wrap=True
        )
        return nullcontext()


def _claim(out: Path) -> None:
    """Make the demo's folder, or empty an earlier demo's; nobody else's is touched."""
    from skinlite.training.runs.find import partial_folder

    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARK).exists())):
        raise InputError(
            f"{out} exists and isn't the folder of an earlier demo. Choose another folder with "
            f"--out."
        )
    hold(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).touch()
    for name in ("run", partial_folder(out / "run").name, "report"):
        shutil.rmtree(out / name, ignore_errors=True)


def _say(what: str) -> None:
    console.print(f"[bold]{what}[/]")
