"""`export`: a run to a bundle, from Python and for the command."""

from pathlib import Path
from typing import TYPE_CHECKING

from skinlite.api.data import counted, dataset_of, run_of
from skinlite.data.dataset import Dataset
from skinlite.errors import InputError
from skinlite.process.optional_packages import need_all
from skinlite.progress import Report, silent
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import Bundle
from skinlite_export.bundle.kits import KITS
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites.registry import ALL
from skinlite_export.verify.gates import check_gates

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def export(
    run: Run | Path | str,
    data: Dataset | Path | str | None,
    out: Path | str,
    recipe: Recipe | None = None,
    *,
    calibration: Dataset | Path | str | None = None,
    explain_error: bool = False,
    kits: tuple[str, ...] = (),
    key: "Ed25519PrivateKey | None" = None,
    replace: bool = False,
    must_pass: bool = True,
    report: Report = silent,
) -> Bundle:
    """Convert a run to .tflite and .onnx, and test the files on held-out images.

    Args:
        run: a run, or its folder.
        data: the data set that it was trained on, or its folder; None uses the folder that the
            training used.
        out: the bundle folder to write.
        recipe: what to make; default: int8. If the recipe doesn't set them, all rewrites are
            applied, and the .onnx is int8 if the .tflite is.
        calibration: data set of calibration images, instead of the training split.
        explain_error: measure the int8 error of each layer; takes minutes.
        kits: sample code to add: ``android``, ``ios``, ``react-native``, ``web``.
        key: to sign the bundle with, see `skinlite_export.bundle.signing.read_private_key`.
        replace: overwrite an existing ``out``.
        must_pass: raise an error if a gate fails; otherwise ``bundle.manifest.status`` is
            ``rejected``. The bundle is written in both cases.
        report: called with what is being done, the steps done and the steps in all.

    Returns:
        The bundle: ``bundle.path`` is its folder, ``bundle.manifest.verification`` has the
        measured figures.

    Raises:
        InputError: ``out`` exists, the run or the data set is wrong, calibration is impossible, or
            there is too little memory.
        MissingExtraError: Keras or a converter isn't installed.
        GateError: the file did not keep the diagnosis; names every gate that failed.
        SkinliteError: the graph or the .onnx differs from the Keras model in float32.
    """
    run, out, recipe = run_of(run), Path(out), _filled_in(recipe or Recipe())
    for name in kits:
        if name not in KITS:
            raise InputError(f"There is no kit {name!r}: `kits` can be {', '.join(KITS)}.")
    need_all({"keras": "train", "tf_keras": "export", "tf2onnx": "export"})
    from skinlite.training.input.prepare import prepare_again
    from skinlite_export.export_run import export_run
    from skinlite_export.quantize.calibration_pool import folder_pool

    dataset = dataset_of(data, run.info)
    prepared = prepare_again(run, dataset, counted(report, "reading images", len(dataset.frame)))
    pool = None
    if calibration is not None:
        images = dataset_of(calibration, run.info)
        advance = counted(report, "reading calibration images", len(images.frame))
        pool = folder_pool(prepared, images, advance)
    bundle = export_run(
        run,
        prepared,
        recipe,
        out,
        pool=pool,
        replace=replace,
        explain_error=explain_error,
        kits=kits,
        key=key,
        report=report,
    )
    if must_pass:
        check_gates(bundle.manifest, bundle.path)
    return bundle


def _filled_in(recipe: Recipe) -> Recipe:
    """What a recipe doesn't name, as the command has it.

    The fields' own defaults are those of a manifest from before there was such a field.
    """
    usual = {"rewrites": ALL, "onnx": "int8" if recipe.in_int8 else "float32"}
    missing = {name: value for name, value in usual.items() if name not in recipe.model_fields_set}
    return recipe.model_copy(update=missing)
