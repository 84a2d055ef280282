"""A run to a bundle: rewrite, calibrate, convert, verify, and write down what was proven."""

from pathlib import Path
from typing import TYPE_CHECKING

from skinlite.errors import InputError
from skinlite.files.read_write import staged_folder
from skinlite.progress import Report, silent
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_export.bundle import folder as layout
from skinlite_export.bundle.kits import copy_kits
from skinlite_export.convert.memory import check_memory
from skinlite_export.convert.to_onnx import to_onnx
from skinlite_export.convert.to_tflite import convert_float32
from skinlite_export.decision.operating_points import asked_of
from skinlite_export.manifest.manifest import Geometry, Manifest, status_of
from skinlite_export.manifest.origin import NOTICE, about_of, data_of, source_of, versions
from skinlite_export.metadata.embed import embed
from skinlite_export.model_card.card import card_of
from skinlite_export.pipeline import convert
from skinlite_export.quantize.calibration_pool import Pool
from skinlite_export.recipe import Recipe
from skinlite_export.tflite.interface import with_interface
from skinlite_export.verify.audit import audit, check_integers
from skinlite_export.verify.verification import prove

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def export_run(
    run: Run,
    data: Prepared,
    recipe: Recipe,
    out: Path,
    *,
    pool: Pool | None = None,
    replace: bool = False,
    explain_error: bool = False,
    kits: tuple[str, ...] = (),
    key: "Ed25519PrivateKey | None" = None,
    report: Report = silent,
) -> layout.Bundle:
    """Export a run; the bundle is written whether the gates hold or not, and says which.

    Args:
        run: trained, or initialised only; then nothing is gated: it has no diagnosis to keep.
        data: the run's data set under the run's split.
        recipe: what to make.
        out: the bundle folder to write.
        pool: what may calibrate; left out, the training split.
        replace: overwrite an existing ``out``.
        explain_error: measure what int8 costs each layer.
        kits: to copy into the bundle, see `skinlite_export.bundle.kits`.
        key: to sign the bundle with, unless its gates fail; see `skinlite_export.bundle.signing`.
        report: progress.

    Raises:
        InputError: ``out`` is taken, the run is damaged, calibration is impossible, or the memory
            won't do.
        SkinliteError: the deploy graph or the .onnx differs from the Keras model in float32.
    """
    _check_possible(recipe, data, adopted=run.info.adopted is not None)
    if not run.info.trained:
        if recipe.fine_tuning:
            raise InputError(
                f"{run.path} is untrained: `quantize='int8-qat'` needs a trained network. "
                "Use `quantize='int8'`, or train first."
            )
        if recipe.on_fail == "search":
            raise InputError(
                f"{run.path} is untrained: no gate is tested, so none can fail. Leave out "
                "`on_fail='search'`, or train first."
            )
        recipe = recipe.model_copy(update={"gates": None})
    classes = run.info.classes
    if recipe.gates:
        gates = recipe.gates.for_critical(classes.critical)
        recipe = recipe.model_copy(update={"gates": gates})
    asked_of(recipe.operating_points, classes)  # a point of no class, before hours of work
    with staged_folder(out, replace=replace) as folder:
        model = run.load_model()
        check_memory(model)
        converted = convert(model, data, recipe, report, pool=pool, explain_error=explain_error)
        tflite = folder / layout.TFLITE
        tflite.write_bytes(converted.content)
        if recipe.in_int8:
            check_integers(audit(tflite), converted.float_operators)
        if recipe.changes_interface:
            tflite.write_bytes(with_interface(converted.content, recipe, data.encoder))
        # In float from the graph as it was: onnxruntime has a kernel for hard-swish in one piece.
        onnx = converted.onnx or to_onnx(convert_float32(model))
        (folder / layout.ONNX).write_bytes(onnx)
        source = source_of(run, model.count_params())
        about = about_of(source, recipe, classes, metadata=data.encoder.asks)
        embed(folder, about, classes, data.encoder, Geometry.of(data.shaping))
        report("converted", 1, 1)
        (folder / layout.LABELS).write_text("\n".join(classes.codes) + "\n")
        if data.encoder.asks:
            (folder / layout.ENCODING).write_text(data.encoder.model_dump_json(indent=2) + "\n")
        copy_kits(folder, kits)
        proof = prove(folder, model, data, recipe, converted.control, report, run)
        manifest = Manifest(
            status=status_of(proof.gates, converted.search, recipe.gates),
            notice=NOTICE,
            about=about,
            source=source,
            training=run.info.config,
            data=data_of(data),
            recipe=recipe,
            signatures=proof.signatures,
            classes=classes.names,
            malignant=classes.malignant,
            critical=classes.critical,
            isic_columns=classes.isic_columns,
            geometry=Geometry.of(data.shaping),
            calibration=converted.calibration,
            audit=audit(tflite),
            verification=proof.verification,
            # A network that learned nothing has no confidence to mend.
            temperature=proof.temperature if run.info.trained else None,
            decision=proof.decision,
            layer_errors=converted.layer_errors,
            error_by_depth=converted.error_by_depth,
            error_by_depth_onnx=converted.error_by_depth_onnx,
            search=converted.search,
            versions=versions(),
            files=layout.list_files(folder),
        )
        (folder / layout.CARD).write_text(card_of(manifest))
        manifest = manifest.model_copy(update={"files": layout.list_files(folder)})
        layout.write_manifest(folder, manifest)
        if key is not None and manifest.status != "rejected":
            from skinlite_export.bundle.signing import sign

            sign(folder, key)
    return layout.open_bundle(out)


def _check_possible(recipe: Recipe, data: Prepared, *, adopted: bool) -> None:
    """Refuse what a network has not.

    Raises:
        InputError: names it.
    """
    if recipe.patient_input == "raw" and not data.encoder.asks:
        raise InputError(
            "The network takes no patient, so that there are no answers for `patient_input='raw'`."
        )
    if recipe.patient_input == "raw" and data.encoder.metadata:
        raise InputError(
            f"The network takes {', '.join(data.encoder.names)} too, and `patient_input='raw'` "
            "encodes age, sex and site alone. Leave it out."
        )
    if recipe.resize_in_graph and data.shaping != "crop":
        raise InputError(
            "The network takes stretched images, and `resize_in_graph` crops them. Leave it out."
        )
    if recipe.with_attention and adopted:
        raise InputError(
            "The network was adopted and has no Soft-Attention of skinlite's, so that there is no "
            "map for `with_attention=True`."
        )
