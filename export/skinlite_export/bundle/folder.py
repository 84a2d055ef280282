"""Open a bundle folder, and prove that nothing in it was changed.

manifest.json          contract, hashes of every other file, measured gates (`Manifest`)
manifest.json.sha256   its own hash, for ``sha256sum -c``
manifest.json.sig      where somebody signed it (`skinlite_export.bundle.signing`)
MODEL_CARD.md          the manifest for people (`skinlite_export.model_card.card`)
model.tflite  model.onnx  labels.txt  golden/  kits/ where asked for
patient_encoding.json  where the network takes a patient
"""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from skinlite import __version__
from skinlite.data.patient import NO_PATIENT, Patient, PatientEncoder
from skinlite.data.preprocessing import Shaping
from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.locks import restore
from skinlite.files.read_write import kind_of, read_json, sha256_of
from skinlite.vocabulary import UNKNOWN
from skinlite_export.decision.decide import Decider
from skinlite_export.manifest.manifest import FileEntry, Manifest
from skinlite_export.runtime.runner import Runner, load_runner

MANIFEST, SEAL, SIGNATURE = "manifest.json", "manifest.json.sha256", "manifest.json.sig"
TFLITE, ONNX = "model.tflite", "model.onnx"
ENCODING, LABELS, CARD = "patient_encoding.json", "labels.txt", "MODEL_CARD.md"


@dataclass(frozen=True)
class Bundle:
    """A bundle whose manifest was read; `check_files` checks the other files."""

    path: Path
    manifest: Manifest

    @property
    def signed(self) -> bool:
        """Whether there is a signature; `skinlite_export.bundle.signing` checks whose it is."""
        return (self.path / SIGNATURE).exists()

    @property
    def models(self) -> list[str]:
        """File names of the models it has."""
        return [name for name in (TFLITE, ONNX) if name in self.manifest.files]

    def encoder(self) -> PatientEncoder:
        """The patient encoder; the phone has to encode in the same way.

        A bundle without patient_encoding.json is of a network that takes no patient.
        """
        if ENCODING not in self.manifest.files:
            return NO_PATIENT
        return read_json(PatientEncoder, self.path / ENCODING)

    def runner(self, file: str = TFLITE, threads: int = 1) -> Runner:
        """One of the bundle's models, loaded."""
        runner = load_runner(self.path / file, threads)
        runner.shaping = self.shaping
        return runner

    def decider(self) -> Decider | None:
        """Decides as the bundle does; None where its manifest has no decision."""
        decision = self.manifest.decision
        return Decider(decision, self.manifest.class_list) if decision else None

    @property
    def shaping(self) -> Shaping:
        """How images get the size of its models' image tensors."""
        return self.manifest.geometry.shaping

    def predict(
        self,
        image: Path | str,
        *,
        age: float | None = None,
        sex: str = UNKNOWN,
        localization: str = UNKNOWN,
        metadata: Mapping[str, str | float | bool] | None = None,
        file: str = TFLITE,
    ) -> dict[str, float]:
        """Predict one image. Research software: no diagnosis.

        Checks the bundle's files and loads the model each time; for many images use `runner`.

        Args:
            image: a file with an image of one lesion, of any size; cropped and resized as in
                training.
            age: of the patient, 0-120 years; leave it out if it is unknown.
            sex: ``female``, ``male`` or ``unknown``.
            localization: site on the body with HAM10000's names, such as ``back``.
            metadata: values of columns that it was trained on besides, by name; the others are
                unknown.
            file: which of the bundle's `models`.

        Returns:
            The probability of each class, by its code in the data set (``mel``, ``nv``, ...); they
            are between 0 and 1 and sum to 1.

        Raises:
            InputError: the bundle was changed, the image can't be read, or there is no such age,
                sex, localization, column or file.

        Warns:
            SkinliteWarning: why the probabilities can't be trusted; see `doubts`.
        """
        from skinlite_export.runtime.model_inputs import run_one

        self.check_files()
        encoder, runner = self.encoder(), self.runner(file)
        told = dict(metadata or {})
        patient = Patient(age=age, sex=sex, localization=localization, metadata=told)
        run_one(runner, image, patient, encoder)
        for doubt in self.doubts:
            warnings.warn(doubt, SkinliteWarning, stacklevel=2)
        return dict(zip(self.manifest.classes, runner.probabilities().tolist(), strict=True))

    @property
    def doubts(self) -> list[str]:
        """Reasons why its predictions can't be trusted, as sentences."""
        source = self.manifest.source
        reasons = {
            "the network is untrained: its predictions mean nothing.": not source.trained,
            "the network was trained on synthetic images: its predictions for real ones mean "
            "nothing.": source.synthetic,
            "the bundle failed its gates: skinlite verify says why.": (
                self.manifest.status == "rejected"
            ),
        }
        return [reason for reason, holds in reasons.items() if holds]

    def check_files(self) -> None:
        """Compare every file with its hash.

        Raises:
            InputError: a file is missing, was changed, or isn't listed.
        """
        present = list_files(self.path)
        listed = self.manifest.files
        strange = _no_files(self.path, listed.keys())
        faults = [f"{name} is {kind}, not a regular file" for name, kind in strange.items()]
        absent = sorted(listed.keys() - present.keys() - strange.keys())
        faults += [f"{name} is missing" for name in absent]
        faults += [f"{name} isn't listed" for name in sorted(present.keys() - listed.keys())]
        faults += [
            f"{name} was changed"
            for name in listed
            if present.get(name, listed[name]) != listed[name]
        ]
        if not (self.path / SEAL).exists():
            faults.append(f"{SEAL} is missing")
        elif SEAL not in strange and not _is_sealed(self.path):
            faults.append(f"{MANIFEST} or {SEAL} was changed")
        if faults:
            raise InputError(
                f"{self.path} was changed after the export: {'; '.join(faults)}. "
                "Don't ship it; export again with skinlite export."
            )


def list_files(folder: Path) -> dict[str, FileEntry]:
    """Hash and size of every file of a bundle but the manifest, its seal and its signature."""
    own = [folder / name for name in (MANIFEST, SEAL, SIGNATURE)]
    return {
        path.relative_to(folder).as_posix(): FileEntry(
            sha256=sha256_of(path), bytes=path.stat().st_size
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in own
    }


def _no_files(folder: Path, listed: Iterable[str]) -> dict[str, str]:
    """What lies in a bundle and is no file, by name: a pipe, a link to nothing, a listed folder."""
    files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.exists():
            files[name] = "a link to nothing"
        elif not path.is_file() and (not path.is_dir() or name in (*listed, SEAL, SIGNATURE)):
            files[name] = kind_of(path)
    return files


def seal(folder: Path) -> str:
    """The manifest's hash, in the form that ``sha256sum -c`` reads."""
    return f"{sha256_of(folder / MANIFEST)}  {MANIFEST}\n"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, and seal it."""
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n")
    (folder / SEAL).write_text(seal(folder))


def open_bundle(path: Path | str) -> Bundle:
    """Open a bundle: read its manifest.

    Args:
        path: the bundle's folder.

    Raises:
        InputError: not a bundle, its manifest is damaged, or another skinlite wrote it.
    """
    path = Path(path)
    check_is_bundle(path)
    try:
        return Bundle(path, read_json(Manifest, path / MANIFEST))
    except InputError as error:
        if not _is_sealed(path):
            raise
        fault = str(error)
        # Nobody changed it since, so whoever wrote it meant it so.
        written = read_json(_Written, path / MANIFEST)
    known: int = Manifest.model_fields["schema_version"].default
    writer = f"{written.versions.get('skinlite', '?')} (manifest version {written.schema_version})"
    if written.schema_version == known:
        raise InputError(
            f"{fault} Its hash is right, so it was written by skinlite {writer}, or changed by "
            "somebody who computed the hash again. Export the run again: skinlite export"
        )
    update = "Update skinlite, or export" if written.schema_version > known else "Export"
    raise InputError(
        f"{path} was written by skinlite {writer}, which skinlite {__version__} (manifest version "
        f"{known}) can't read. {update} the run again with this one: skinlite export"
    )


def check_is_bundle(path: Path) -> None:
    """Refuse a folder without a manifest; one that a killed process moved away is put back."""
    restore(path)
    if not (path / MANIFEST).exists():
        raise InputError(
            f"{path} is not a bundle (it has no {MANIFEST}). Make one with: skinlite export"
        )


class _Written(BaseModel):
    """What a manifest of any version says of its writer."""

    schema_version: int
    versions: dict[str, str]


def _is_sealed(folder: Path) -> bool:
    path = folder / SEAL
    return path.is_file() and path.read_text(errors="replace") == seal(folder)
