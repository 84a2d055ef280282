"""What is likely to go wrong with a file on a phone, or is no classifier: a sentence each."""

from collections.abc import Iterator

from skinlite_export.inspect.opened import Opened, is_detector
from skinlite_export.inspect.record import InspectedTensor
from skinlite_export.inspect.tflite_metadata import DAMAGED

KNOWN_DOMAINS = ("ai.onnx", "com.microsoft")


def suspicions_of(opened: Opened) -> tuple[str, ...]:
    """Of a file that was read."""
    return tuple(_all(opened))


def _all(opened: Opened) -> Iterator[str]:
    found = opened.inspection
    if found.runs:
        yield found.runs
    yield from _operators(opened)
    for tensor in found.inputs:
        # Keras' own files have no fixed batch, and shouldn't.
        yield from _input(tensor, found.format in ("tflite", "onnx"))
    for tensor in (*found.inputs, *found.outputs):
        if tensor.unscaled:
            yield f"{tensor.name!r} is {tensor.dtype} without quantization parameters."
    if is_detector(found):
        yield "It looks like an object detector: its outputs are boxes, not classes."
    elif len(found.outputs) > 1:
        names = ", ".join(repr(tensor.name) for tensor in found.outputs)
        yield f"It has {len(found.outputs)} outputs: {names}."
    if found.scores == "logits":
        function = "the logistic function (sigmoid)" if opened.single else "softmax"
        yield f"Its outputs are logits: an app has to apply {function} before it shows them."
    elif found.scores == "sigmoid" and not opened.single:
        yield "Its outputs are in 0 to 1, but don't sum to 1: each class is judged by itself."
    if found.format == "tflite" and not found.signatures:
        yield "It has no signature: inputs and outputs are found by their place alone."
    if found.format == "tflite" and (damage := found.metadata.get(DAMAGED)):
        yield (
            f"The zip behind the model, with its labels or other notes, is damaged ({damage}): an "
            "app that reads them fails."
        )
    if (found.partitions or 0) > 1:
        yield f"XNNPACK takes it in {found.partitions} pieces: between them tensors are copied."
    if found.partitions == 0:
        yield "XNNPACK takes nothing of it: every operator runs on slower kernels."
    if found.float_islands:
        names = ", ".join(f"{n} x {name}" for name, n in found.float_islands.items())
        yield f"It computes in integers, but for {names}."


def _operators(opened: Opened) -> Iterator[str]:
    names = opened.inspection.operators
    flex = [name for name in names if name.startswith("Flex")]
    if flex:
        yield f"{', '.join(flex)} need TensorFlow's Select ops library (Flex) in the app."
    if opened.inspection.format == "tflite":
        # TFLite's own operators are in capitals; LiteRT has the detector's built in.
        custom = [n for n in names if not n.isupper() and n not in flex and "Detection" not in n]
    else:
        domains = {name: name.rpartition(".")[0] for name in names}
        custom = [n for n, one in domains.items() if one and not one.startswith(KNOWN_DOMAINS)]
    if custom:
        yield f"{', '.join(custom)} are custom operators, which the usual runtimes lack."


def _input(tensor: InspectedTensor, fixable: bool) -> Iterator[str]:
    batch = tensor.shape[0] if tensor.shape else 1
    if batch is not None and batch > 1:
        yield f"{tensor.name!r} takes batches of {batch}: an app has one image."
    if batch is None and fixable:
        yield f"{tensor.name!r} has no fixed batch: delegates of a phone want one (1)."
    if None in tensor.shape[1:]:
        yield f"{tensor.name!r} has lengths that aren't fixed: {list(tensor.shape)}."
