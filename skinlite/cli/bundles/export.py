"""``skinlite export``: a run to a bundle; exit 0 only if the gates hold."""

from pathlib import Path
from typing import Annotated

import typer

from skinlite.cli.parsing import (
    as_flags,
    parse_gates,
    parse_kits,
    parse_names,
    parse_points,
    parse_rewrites,
    parse_size,
)
from skinlite.cli.progress import reporting
from skinlite.cli.shared import (
    DataOption,
    JsonOption,
    OutOption,
    console,
    output,
    output_folder,
)
from skinlite.cli.tables import print_manifest
from skinlite.errors import InputError
from skinlite.process.optional_packages import need
from skinlite.settings import validated

ABOUT_INT8 = ("calibration", "calibration_pictures", "screening", "ranges", "explain_error")
"""Options without a meaning for another number format; their defaults are ignored there."""


def export(
    context: typer.Context,
    model: Annotated[
        Path | None, typer.Option(help="Run folder; default: the newest below runs/.")
    ] = None,
    quantize: Annotated[
        str, typer.Option(help="int8, int8-qat, float16, dynamic or none.")
    ] = "int8",
    onnx: Annotated[
        str | None,
        typer.Option(
            help="Number format of the .onnx: float32, or int8 like the .tflite. Default: int8 "
            "with an int8 .tflite, unless onnxruntime is known to be slower with it "
            "(nasnet_mobile)."
        ),
    ] = None,
    data: DataOption = None,
    out: OutOption = None,
    rewrites: Annotated[
        str,
        typer.Option(
            help="Rewrites of graph and file: all, none, NAME,... or all,-NAME,... (all others)."
        ),
    ] = "all",
    calibration_pictures: Annotated[
        int,
        typer.Option(
            "--calibration-images",
            "--calibration-pictures",
            min=1,
            help="Number of calibration images, drawn class-balanced from the training split.",
        ),
    ] = 300,
    calibration: Annotated[
        Path | None,
        typer.Option(
            help="Your own data set of calibration images, instead of the training split."
        ),
    ] = None,
    screening: Annotated[
        float,
        typer.Option(
            min=0,
            help="Leave out a calibration image if it is above this multiple of a layer's 95th "
            "percentile; 0 keeps all.",
        ),
    ] = 3.0,
    ranges: Annotated[
        str, typer.Option(help="Ranges of int8 activations: mse (least squared error) or minmax.")
    ] = "mse",
    gates: Annotated[
        str,
        typer.Option(help="on, off, or limits such as agreement=0.98,melanoma_recall_drop=0.01."),
    ] = "on",
    operating_point: Annotated[
        list[str] | None,
        typer.Option(
            metavar="POINT:SENSITIVITY,...",
            help="Thresholds to choose, such as mel:0.95,mel+bcc+akiec:0.90; off: none. Default: "
            "0.90 of the critical class and of all malignant ones.",
        ),
    ] = None,
    keep_float: Annotated[
        str, typer.Option(help="Layers to compute in float, LAYER,...; --explain-error lists them.")
    ] = "",
    allow_float: Annotated[
        str, typer.Option(help="Operators that may stay in float in an int8 file, OPERATOR,...")
    ] = "",
    integer_only: Annotated[
        bool,
        typer.Option(
            "--integer-only", help="No float operator at all, for accelerators without float."
        ),
    ] = False,
    on_fail: Annotated[
        str,
        typer.Option(
            help="When a gate fails: stop, or search for the layers that must stay in float; takes "
            "minutes."
        ),
    ] = "stop",
    explain_error: Annotated[
        bool,
        typer.Option(
            "--explain-error", help="Measure the int8 error of each layer; takes minutes."
        ),
    ] = False,
    prune: Annotated[
        float | None,
        typer.Option(help="Share of weights to set to 0: a smaller download, not a faster file."),
    ] = None,
    cluster: Annotated[
        int | None,
        typer.Option(
            help="Number of different weights per kernel: a smaller download, not a faster file."
        ),
    ] = None,
    fine_tuning_epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs of int8-qat; default: 2. Each takes minutes.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the calibration images.")] = 0,
    io: Annotated[
        str | None,
        typer.Option(
            help="Inputs and outputs of the .tflite: float32, uint8 (pixels unchanged, the rest "
            "float32) or int8 (everything)."
        ),
    ] = None,
    resize_in_graph: Annotated[
        str | None,
        typer.Option(
            metavar="HEIGHTxWIDTH",
            help="Take an image of this size, such as 450x600; crop and resize inside.",
        ),
    ] = None,
    patient_input: Annotated[
        str,
        typer.Option(help="encoded, or raw: age, sex and site are encoded inside the .tflite."),
    ] = "encoded",
    with_attention: Annotated[
        bool, typer.Option("--with-attention", help="Add the attention map as a second output.")
    ] = False,
    author: Annotated[
        str | None, typer.Option(help="Author of the model, for the files' metadata.")
    ] = None,
    license: Annotated[
        str | None, typer.Option(help="Licence of the model, for the files' metadata.")
    ] = None,
    kit: Annotated[
        str,
        typer.Option(
            metavar="NAME,...", help="Sample code to add: android, ios, react-native, web."
        ),
    ] = "",
    sign: Annotated[
        Path | None,
        typer.Option(metavar="KEY.pem", help="Sign the bundle with this Ed25519 key."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a run to .tflite and .onnx, and test the files on held-out images."""
    from skinlite_export.recipe import Recipe

    kits = parse_kits(kit)
    key = None
    if sign:
        need("cryptography", "sign")
        from skinlite_export.bundle.signing import read_private_key

        key = read_private_key(sign)
    recipe = validated(
        Recipe,
        {
            "quantize": quantize,
            "onnx": onnx or ("int8" if quantize.startswith("int8") else "float32"),
            "rewrites": parse_rewrites(rewrites),
            "calibration_pictures": calibration_pictures,
            "screening": screening or None,
            "ranges": ranges,
            "gates": parse_gates(gates),
            "operating_points": parse_points(operating_point),
            "seed": seed,
            "keep_float": parse_names(keep_float),
            "allow_float": parse_names(allow_float.upper()),
            "integer_only": integer_only,
            "on_fail": on_fail,
            "prune": prune,
            "cluster": cluster,
            "fine_tuning": (
                {"epochs": fine_tuning_epochs or 2, "seed": seed}
                if fine_tuning_epochs or quantize == "int8-qat"
                else None
            ),
            "io": io or ("uint8" if resize_in_graph else "float32"),
            "resize_in_graph": parse_size(resize_in_graph),
            "patient_input": patient_input,
            "with_attention": with_attention,
            "author": author,
            "license": license,
        },
    )
    for name in ABOUT_INT8 if not recipe.in_int8 else ():
        source = context.get_parameter_source(name)
        if source and source.name == "COMMANDLINE":
            raise InputError(
                as_flags(f"`{name}` is about int8, and --quantize is {quantize}. ")
                + "Leave it out, or use --quantize int8."
            )
    from skinlite.api.data import run_of
    from skinlite.models.backbones import BACKBONES
    from skinlite.training.runs.find import newest_run
    from skinlite_export import api
    from skinlite_export.verify.gates import check_gates

    run = run_of(model) if model else newest_run()
    row = BACKBONES.get(run.info.network.backbone)
    if onnx is None and recipe.onnx == "int8" and row and not row.int8_onnx_pays:
        recipe = recipe.model_copy(update={"onnx": "float32"})
        console.print(
            f"The .onnx stays in float32: onnxruntime runs int8 of {row.title} slower. For a third "
            "of the bytes: --onnx int8"
        )
    out = output_folder(out, "bundles", f"{run.path.name}-{recipe.quantize}")
    with reporting() as report:
        bundle = api.export(
            run,
            data,
            out,
            recipe,
            calibration=calibration,
            explain_error=explain_error,
            kits=kits,
            key=key,
            must_pass=False,
            report=report,
        )
    if as_json:
        output.print_json(bundle.manifest.model_dump_json())
    else:
        print_manifest(bundle.manifest)
        output.print(f"Bundle: {bundle.path}", markup=False)
    if key and not bundle.signed:
        console.print("not signed: a gate failed")
    check_gates(bundle.manifest, bundle.path)
