"""``skinlite export``: a run to a bundle; exit 0 only if the gates hold."""

from pathlib import Path
from typing import Annotated

import typer

from skinlite.cli.progress import counting, reporting
from skinlite.cli.shared import (
    DataOption,
    JsonOption,
    OutOption,
    need,
    output,
    output_folder,
    validated,
)
from skinlite.cli.tables import check_gates, print_manifest


def export(
    model: Annotated[
        Path | None, typer.Option(help="Run folder; left out, the newest below runs/.")
    ] = None,
    quantize: Annotated[str, typer.Option(help="int8, float16, dynamic or none.")] = "int8",
    data: DataOption = None,
    out: OutOption = None,
    rewrites: Annotated[
        str, typer.Option(help="Of the deploy graph: all, none, or NAME,...")
    ] = "all",
    calibration_pictures: Annotated[
        int, typer.Option(min=1, help="Drawn class-balanced from the training split.")
    ] = 300,
    screening: Annotated[
        float,
        typer.Option(
            min=0,
            help="Leave a calibration picture out above so many times a layer's 95th percentile; "
            "0 keeps all.",
        ),
    ] = 1.5,
    ranges: Annotated[
        str, typer.Option(help="Of int8 activations: mse (least squared error) or minmax.")
    ] = "mse",
    gates: Annotated[
        str,
        typer.Option(help="on, off, or limits such as agreement=0.98,melanoma_recall_drop=0.01."),
    ] = "on",
    seed: Annotated[int, typer.Option(help="Of the calibration draw.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Quantize and convert a run to .tflite and .onnx, and prove what it kept."""
    from skinlite_export.recipe import Recipe, parse_gates
    from skinlite_export.rewrites import parse_rewrites

    recipe = validated(
        Recipe,
        {
            "quantize": quantize,
            "rewrites": parse_rewrites(rewrites),
            "calibration_pictures": calibration_pictures,
            "screening": screening or None,
            "ranges": ranges,
            "gates": parse_gates(gates),
            "seed": seed,
        },
    )
    from skinlite.training.run import newest_run, open_run

    run = open_run(model) if model else newest_run()
    out = output_folder(out, "bundles", f"{run.path.name}-{recipe.quantize}")
    need("keras", "train")
    for module in ("tf_keras", "tf2onnx"):
        need(module, "export")
    from skinlite.data.dataset import read_dataset
    from skinlite.training.prepare import prepare_again
    from skinlite_export.export import export as export_run

    dataset = read_dataset(data or Path(run.info.data))
    with counting("reading pictures", len(dataset.frame)) as advance:
        prepared = prepare_again(run, dataset, advance)
    with reporting() as report:
        bundle = export_run(run, prepared, recipe, out, report=report)
    if as_json:
        output.print_json(bundle.manifest.model_dump_json())
    else:
        print_manifest(bundle.manifest)
        output.print(f"Bundle: {bundle.path}", markup=False)
    check_gates(bundle.manifest, bundle.path)
