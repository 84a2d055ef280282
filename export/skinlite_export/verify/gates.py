"""`check_gates`: an error where a file did not keep the diagnosis, and what to try next."""

from pathlib import Path

from skinlite.errors import GateError
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.recipe import Recipe

MANY = 600
"""Calibration images beyond which more are not advised."""

SLIMMED = (
    ". Against the teacher counts what the slimming lost and what the conversion did: slim the run "
    "less (`cycles`), or train it for more `epochs`"
)


def check_gates(manifest: Manifest, bundle: Path) -> None:
    """Refuse a bundle of which a gate did not hold; on the command line that is exit code 3.

    Raises:
        GateError: names every gate that failed, and what to try next.
    """
    mark = manifest.leaks.mark
    proof = manifest.verification
    failed = [gate for gate in manifest.gates if gate.fails]
    if failed:
        told = "; ".join(
            f"{'against the teacher, ' * proof.is_against_teacher(gate)}{gate.sentence()}{mark}"
            for gate in failed
        )
        own = {gate.file for gate in failed if not proof.is_against_teacher(gate)}
        advice = next_steps(manifest.recipe, own) if own else SLIMMED
        raise GateError(
            f"{len(failed)} gate(s) failed, so {bundle} is marked rejected: {told}{advice}"
        )
    if manifest.search and not manifest.search.found:
        most = len(manifest.search.steps[-1].kept)
        raise GateError(
            f"{most} layers in float aren't enough to pass the gates on the validation split, so "
            f"{bundle} is marked rejected. Use `quantize='float16'`, or loosen `gates`."
        )


def next_steps(recipe: Recipe, files: set[str]) -> str:
    """What to try where int8 fails, the cheapest first, each with its costs; else empty.

    Args:
        recipe: of the export that failed.
        files: whose gates failed.
    """
    if files == {"model.onnx"} and recipe.onnx == "int8":
        return ". Next: `onnx='float32'` keeps float's predictions; the .onnx is 4 times as large"
    if "model.tflite" not in files or not recipe.in_int8:
        return ""
    from skinlite_export.rewrites.registry import OF_THE_IMAGES  # only now: it takes a runtime

    steps = []
    if not set(OF_THE_IMAGES) <= set(recipe.rewrites) or recipe.ranges != "mse":
        steps.append("leave out `rewrites` and `ranges` (costs nothing in the app)")
    if recipe.calibration_pictures < MANY:
        steps.append(f"`calibration_pictures={MANY}` (a longer export, nothing in the app)")
    if recipe.quantize == "int8":
        steps.append(
            "`quantize='int8-qat'` (trains for minutes to an hour, costs nothing in the app)"
        )
    if recipe.on_fail == "stop" and not recipe.integer_only:
        steps.append(
            "`on_fail='search'` (converts once for each layer; layers in float make the file "
            "larger and slower)"
        )
    steps.append("`quantize='float16'` (twice the size of int8, and the time of float32)")
    numbered = "; ".join(f"({number}) {step}" for number, step in enumerate(steps, start=1))
    return f". Try in this order: {numbered}. `explain_error=True` shows where the error begins"
