"""Hold the manifest's signatures against the model files: names, order, shapes, number formats."""

from collections.abc import Iterator

from skinlite.errors import InputError
from skinlite_export.bundle.folder import Bundle
from skinlite_export.runtime.signature import Signature, Tensor


def check_tensors(bundle: Bundle) -> str:
    """Compare every tensor that the manifest tells of with the one in the file.

    Returns:
        A line that says so.

    Raises:
        InputError: a tensor is otherwise in the file; names every one.
    """
    ordered = True
    for file in bundle.models:
        stated, actual = bundle.manifest.signatures[file], bundle.runner(file).signature
        faults = list(_differences(stated, actual))
        if faults:
            raise InputError(
                f"{bundle.path / file} has other tensors than the manifest says: "
                f"{'; '.join(faults)}. Don't ship it; export again with skinlite export."
            )
        ordered = ordered and bool(stated.input_order)
    what = "names, order, shapes, formats" if ordered else "shapes and formats; no names, no order"
    return f"tensors of {' and '.join(bundle.models)}: as in the manifest ({what})"


def _differences(manifest: Signature, file: Signature) -> Iterator[str]:
    there = {tensor.name: tensor for tensor in (*file.inputs, *file.outputs)}
    known = {tensor.name for tensor in (*manifest.inputs, *manifest.outputs)}
    for name in sorted(there.keys() ^ known):
        yield f"{name} is only in the {'file' if name in there else 'manifest'}"
    for tensor in (*manifest.inputs, *manifest.outputs):
        for field in Tensor.model_fields:
            # An older manifest has no names and no order; words change with versions.
            value = getattr(tensor, field)
            older = value is None and field in ("raw_name", "position")
            if tensor.name not in there or older or field == "meaning":
                continue
            here = getattr(there[tensor.name], field)
            if value != here:
                yield f"{tensor.name}'s {field} is {here}, not {value}"
