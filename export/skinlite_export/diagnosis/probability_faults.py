"""The ways in which apps get the answer wrong, each undone: what they show to probabilities."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from skinlite.classes import HAM10000, ISIC_ORDER
from skinlite_export.runtime.signature import Tensor

Rows = NDArray[np.float64]
"""(N, classes), a row for each golden image."""


def softmax(rows: Rows) -> Rows:
    """Over the classes."""
    raised = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _log(rows: Rows) -> Rows:
    return np.log(np.clip(rows, 1e-6, None))


def _softmax_undone(rows: Rows) -> Rows:
    logs = _log(rows)
    return np.asarray(logs + (1 - logs.sum(axis=1, keepdims=True)) / rows.shape[1])


def undone(tensor: Tensor, temperature: float | None) -> dict[str, Callable[[Rows], Rows]]:
    """By the fault in words."""
    faults: dict[str, Callable[[Rows], Rows]] = {
        "softmax applied twice: the file already applies it": _softmax_undone,
        "missing softmax: these are logits": softmax,
        "in percent instead of 0-1": lambda rows: rows / 100,
    }
    if temperature:
        faults["temperature applied: give the file's own outputs"] = lambda rows: softmax(
            _log(rows) * temperature
        )
    quantization = tensor.quantization
    if quantization:
        scale, zero, kind = quantization.scale, quantization.zero_point, np.dtype(tensor.dtype)
        needed = "wrong dequantization: real = (stored - zero_point) * scale; "
        faults |= {
            f"{needed}it was not applied": lambda rows: (rows - zero) * scale,
            f"{needed}the zero point was left out": lambda rows: rows - zero * scale,
            f"{needed}the scale was left out": lambda rows: rows * scale,
            f"{needed}signed and unsigned bytes were exchanged": lambda rows: (
                (np.rint(rows / scale + zero).astype(np.int64).astype(kind) - float(zero)) * scale
            ),
        }
    return faults


def orders(
    given: Rows, expected: Rows, tolerance: float, classes: Sequence[str] = HAM10000.codes
) -> Iterator[tuple[str, Rows]]:
    """The answers in the order of labels.txt, where they are in another in every row alike."""
    codes = list(classes)
    isic = [name for name in ISIC_ORDER if name in codes]
    if len(isic) == len(codes) and isic != codes:
        year = 2019 if "scc" in isic else 2018
        known = [codes.index(name) for name in isic]
        words = f"wrong label order: that of ISIC {year} ({', '.join(isic)})"
        yield words, given[:, np.argsort(known)]
    off = np.abs(given[:, :, None] - expected[:, None, :]).max(axis=0)
    places = off.argmin(axis=0)  # where each class's answers are in what was given
    moved = len(set(places)) == len(places) and any(places != np.arange(len(places)))
    if moved and off.min(axis=0).max() <= tolerance:
        names = ", ".join(codes[index] for index in np.argsort(places))
        yield f"wrong label order: {names}", given[:, places]
