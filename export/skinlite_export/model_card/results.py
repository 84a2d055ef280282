"""The measured tables of the model card; see `skinlite_export.model_card.card`."""

from skinlite.classes import recall_name
from skinlite.evaluation.metrics import Metrics
from skinlite.evaluation.page import Table
from skinlite.evaluation.resampling import Interval
from skinlite.evaluation.subgroups import FEWEST
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.manifest.measured import Gate, Verification
from skinlite_export.model_card.checklist import ABSENT, UNPROVEN

NONE = "-"
DEPTH_ROWS = 24


def judged_on(manifest: Manifest) -> str:
    """The images behind the figures, with all that has to be said of them."""
    statements = [f"{manifest.verification.keras.images:,} test images"]
    if manifest.data is None:
        statements.append(f"split: {ABSENT}")
    else:
        leaks = manifest.leaks
        statements.append(
            leaks.warning or "as far as known, no lesion of them was used for training"
        )
    if not manifest.source.network_proven:
        statements.append(UNPROVEN)
    if manifest.source.synthetic:
        statements.append("SYNTHETIC: generated images, no evidence about patients")
    if not manifest.source.trained:
        statements.append("UNTRAINED network: the figures mean nothing")
    return "; ".join(statements)


def results(manifest: Manifest) -> list[Table]:
    """What was measured on the test images: scores, subgroups, what conversion kept."""
    proof, where = manifest.verification, f"{judged_on(manifest)}."
    recall = recall_name(manifest.critical)
    return [
        Table(
            "Performance",
            f"{where} In brackets: 95 % bootstrap intervals over {_resampled(proof)}.",
            ("File", "accuracy", "balanced accuracy", recall, "macro F1", "macro AUC"),
            tuple(_performance(proof)),
        ),
        *_classes(manifest),
        *_subgroups(manifest),
        *_fidelity(manifest),
        *_teacher(manifest),
        *_depth(manifest),
        _calibration(manifest),
    ]


def _resampled(proof: Verification) -> str:
    return next((details.resampled for details in proof.details.values()), "lesions")


def _performance(proof: Verification) -> list[tuple[str, ...]]:
    names = ("accuracy", "balanced_accuracy", "critical_recall", "macro_f1", "macro_auc")
    rows = [("Keras float32", *(number(getattr(proof.keras, name)) for name in names))]
    for compared in proof.files:
        known = proof.details.get(compared.file)
        rows.append(
            (
                compared.file,
                *(
                    number(
                        getattr(compared.metrics, name),
                        getattr(known.intervals, name) if known else None,
                    )
                    for name in names
                ),
            )
        )
    return rows


def _classes(manifest: Manifest) -> list[Table]:
    tables = []
    for compared in manifest.verification.files:
        metrics = compared.metrics
        rows = [
            (
                f"{manifest.classes[name]} ({name})",
                f"{each.support:,}",
                *map(number, (each.recall, each.specificity, each.precision, each.auc)),
            )
            for name, each in metrics.per_class.items()
        ]
        tables.append(
            Table(
                f"By class: {compared.file}",
                _missed(metrics),
                ("Class", "images", "recall", "specificity", "precision", "AUC"),
                tuple(rows),
            )
        )
    return tables


def _missed(metrics: Metrics) -> str:
    names, critical = list(metrics.per_class), metrics.critical
    if critical is None:
        return "None of the classes is known to be critical."
    called = dict(zip(names, metrics.confusion[names.index(critical)], strict=True))
    missed = ", ".join(
        f"{count} {name}" for name, count in called.items() if count and name != critical
    )
    named = f"class {critical}"
    one, several = ("melanoma", "melanomas") if critical == "mel" else (named, named)
    return (
        f"Of {sum(called.values())} images of {several} {called[critical]} were predicted as "
        f"{one}; the others as: {missed or 'none'}."
    )


def _subgroups(manifest: Manifest) -> list[Table]:
    tables, critical = [], manifest.critical
    counted = ("melanomas" if critical == "mel" else critical, "recall") if critical else ()
    several = "melanomas" if critical == "mel" else f"of class {critical}"
    for file, known in manifest.verification.details.items():
        rows: list[tuple[str, ...]] = [
            (
                subgroup.field,
                subgroup.group,
                f"{subgroup.images:,}",
                *(_share(share) for share in (subgroup.accuracy, subgroup.balanced_accuracy)),
                *(
                    (f"{subgroup.critical_images:,}", _share(subgroup.critical_recall))
                    if critical
                    else ()
                ),
            )
            for subgroup in known.subgroups
        ]
        tables.append(
            Table(
                f"Subgroups: {file}",
                f"Too few: fewer than {FEWEST} images{f', or {several}' if critical else ''}. "
                f"Skin tone: {ABSENT}.",
                ("", "Group", "images", "accuracy", "balanced accuracy", *counted),
                tuple(rows),
            )
        )
    return tables


def _fidelity(manifest: Manifest) -> list[Table]:
    proof = manifest.verification
    compared = [*proof.files, proof.control] if proof.control else proof.files
    rows = [
        (comparison.file, number(comparison.agreement), f"{comparison.worst_difference:.3g}")
        for comparison in compared
    ]
    mark = manifest.leaks.mark
    gates = [
        (_outcome(gate), gate.sentence() + mark)
        for gate in manifest.gates
        if not proof.is_against_teacher(gate)  # these have a table of their own
    ]
    return [
        Table(
            "What conversion kept",
            f"Each file against the Keras model, on the same images; quantization: "
            f"{manifest.recipe.quantize}. {_where(manifest)}",
            ("File", "agreement", "largest difference of a probability"),
            tuple(rows),
        ),
        Table(
            "Gates",
            f"In brackets: paired 95 % bootstrap intervals over {_resampled(proof)}."
            if gates
            else f"Gates: {ABSENT}, there were none.",
            ("", "Gate"),
            tuple(gates),
        ),
    ]


def _teacher(manifest: Manifest) -> list[Table]:
    """Where it learned from another run: what is kept of that one."""
    proof, training = manifest.verification.teacher, manifest.training
    if proof is None:
        return []
    names = ("accuracy", "balanced_accuracy", "critical_recall", "macro_auc")
    compared: list[tuple[str, float | None, Metrics]] = [
        (f"{proof.name}, Keras float32", None, proof.keras)
    ]
    compared += [(each.file, each.agreement, each.metrics) for each in proof.files]
    rows = [
        (name, number(agreement), *(number(getattr(metrics, one)) for one in names))
        for name, agreement, metrics in compared
    ]
    slimming = training.slimming if training else None
    how = "It learned from this run, besides the labels."
    if slimming:
        how = (
            f"Channels of this run were cut, from {slimming.before / 1e6:.2f} to "
            f"{slimming.after / 1e6:.2f} million modelled cycles (int8, Cortex-A76), by "
            f"{slimming.importance}; what was left learned from it."
        )
    gates = tuple((_outcome(gate), gate.sentence() + manifest.leaks.mark) for gate in proof.gates)
    recall = recall_name(manifest.critical)
    header = ("Network", "agreement", "accuracy", "balanced accuracy", recall, "macro AUC")
    note = f"{how} SHA-256 of its model: {proof.model_sha256}."
    tables = [Table("The teacher", note, header, tuple(rows))]
    if gates:
        tables.append(Table("Gates against the teacher", "The same gates.", ("", "Gate"), gates))
    return tables


def _outcome(gate: Gate) -> str:
    if not gate.applies:
        return "not applicable"
    return "holds" if gate.passed else "FAILS"


def _where(manifest: Manifest) -> str:
    """The processor and the runtimes that answered, and what of others is known."""
    machine = manifest.verification.machine
    if machine is None:
        return f"Processor of the test: {ABSENT}."
    ran = "; ".join(f"{file} by {runtime}" for file, runtime in machine.runtimes.items())
    sentence = (
        f"Measured on {machine.sentence()}: {ran}. Other processors and runtimes: {ABSENT} here"
    )
    if manifest.recipe.onnx == "int8":
        sentence += "; weights of the .onnx have 7 bits, so that no x86 processor saturates"
    return sentence + "."


def _depth(manifest: Manifest) -> list[Table]:
    """A chart of bars, folded to so many rows that a person sees the whole of it."""
    errors = manifest.error_by_depth
    if not errors:
        return []
    fold = -(-len(errors) // DEPTH_ROWS)
    onnx = manifest.error_by_depth_onnx or ()
    rows = []
    for first in range(0, len(errors), fold):
        part = errors[first : first + fold]
        worst = min(part, key=lambda error: error.sqnr)
        layers = {error.layer for error in part}
        there = min((error.sqnr for error in onnx if error.layer in layers), default=None)
        rows.append(
            (
                str(first + 1),
                worst.layer,
                f"{worst.sqnr:.1f}",
                "█" * max(1, round(worst.sqnr / 2)),
                "float" if worst.in_float else "",
                *([NONE if there is None else f"{there:.1f}"] if onnx else []),
            )
        )
    several = f"Each row stands for {fold} layers and shows the worst of them. " if fold > 1 else ""
    return [
        Table(
            "Signal to noise along the depth",
            f"Behind the layers of the int8 .tflite, in the order they run, against the float "
            f"network on validation images, in dB; a block is 2 dB. {several}Where it falls, int8 "
            "loses the signal."
            + (" Beside it the worst of the same layers in the int8 .onnx." if onnx else ""),
            ("", "Layer", "dB", "", "", *([".onnx: dB"] if onnx else [])),
            tuple(rows),
        )
    ]


def _calibration(manifest: Manifest) -> Table:
    rows = []
    for file, known in manifest.verification.details.items():
        calibration = known.calibration
        with_it = ABSENT
        if calibration.ece_with_temperature is not None:
            with_it = (
                f"{calibration.ece_with_temperature:.3f} "
                f"(temperature {calibration.temperature:.3f})"
            )
        rows.append((file, f"{calibration.ece:.3f}", with_it))
    return Table(
        "Calibration",
        "Expected calibration error on the test images. The temperature was fitted on the "
        "validation split, and the app has to apply it; the file doesn't.",
        ("File", "without temperature", "with the temperature"),
        tuple(rows),
    )


def number(value: float | None, interval: Interval | None = None) -> str:
    """Three digits, and the interval where there is one."""
    if value is None:
        return NONE
    return f"{value:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


def _share(value: float | None) -> str:
    return "too few" if value is None else f"{value:.3f}"
