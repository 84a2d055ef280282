"""Tell what a phone got wrong: what it hands in against the golden vectors, stage by stage.

Images are checked by `skinlite_export.diagnosis.images`, answers by `probabilities` beside it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skinlite.vocabulary import PATIENT
from skinlite_export.bundle.folder import Bundle
from skinlite_export.bundle.golden import read_vectors
from skinlite_export.diagnosis.decisions import decisions
from skinlite_export.diagnosis.findings import UNKNOWN_CAUSE, Finding, Handed
from skinlite_export.diagnosis.images import image
from skinlite_export.diagnosis.patient_faults import PatientFault, fields_of, patient_faults
from skinlite_export.diagnosis.phone_outputs import read_outputs
from skinlite_export.diagnosis.probabilities import probabilities
from skinlite_export.runtime.signature import Record

NEAR = 1e-3
"""Largest difference of a patient's number that is only another rounding."""


class Diagnosis(Record):
    """What was checked, and what was found."""

    device: str
    golden: int
    missing: list[str]
    findings: list[Finding]

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong, by stage."""
        return {finding.stage: finding.fault for finding in self.findings if finding.fault}


def diagnose(bundle: Bundle, path: Path) -> Diagnosis:
    """Check everything that a phone handed in.

    Args:
        bundle: whose golden vectors it ran.
        path: phone.json; see `skinlite_export.diagnosis.phone_outputs`.

    Raises:
        InputError: phone.json can't be read, or is about something else.
    """
    known = read_vectors(bundle)
    outputs = read_outputs(path, bundle, known)
    handed = Handed(bundle, outputs.model, outputs.vectors)
    stages = (image(handed), _patient(handed), probabilities(handed), decisions(handed))
    there = {vector.picture for vector in outputs.vectors}
    return Diagnosis(
        device=outputs.device,
        golden=len(known.vectors),
        missing=[vector.picture for vector in known.vectors if vector.picture not in there],
        findings=[finding for finding in stages if finding.checked],
    )


def _patient(handed: Handed) -> Finding:
    """The patient's tensors, answer by answer."""
    # A network without a patient has nothing to be set: `read_outputs` saw to it.
    rows = handed.rows("patient") if handed.encoder.asks else []
    tensors = {row: handed.patient(row) for row in rows}
    quantization = handed.signature.inputs[1].quantization if rows else None
    near = quantization.scale if quantization else NEAR

    def wrong(part: slice, fault: PatientFault | None = None) -> list[int]:
        return [
            row
            for row in rows
            if np.abs(tensors[row] - _encode(handed, row, fault))[part].max() > near
        ]

    known = list(patient_faults(handed.encoder, handed.signature)) if rows else []
    everything, causes = slice(None), []
    bad = wrong(everything)
    whole = [
        fault.words
        for fault in known
        if fault.field == PATIENT and bad and not wrong(everything, fault)
    ]
    for field, part in fields_of(handed.encoder, handed.signature).items():
        worst = [] if whole else wrong(part)
        if worst:
            words = [
                fault.words for fault in known if fault.field == field and not wrong(part, fault)
            ]
            first = worst[0]
            figures = _figures(handed, field, part, first, tensors[first])
            place = f" (in {handed.given[first].picture})" if len(bad) > 1 else ""
            causes.append(" or ".join(words) or figures + place)
    statement = "; ".join([*whole[:1], *causes])
    return handed.finding("patient", rows, bad, statement or None)


def _encode(handed: Handed, row: int, fault: PatientFault | None) -> NDArray[np.float32]:
    return fault.encode(handed.patients[row]) if fault else handed.encoded[row]


def _figures(handed: Handed, field: str, part: slice, row: int, found: NDArray[np.float32]) -> str:
    given, needed = (
        " ".join(f"{value:.4g}" for value in values[part])
        for values in (found, handed.encoded[row])
    )
    return f"{field} {UNKNOWN_CAUSE}: {given} instead of {needed}"
