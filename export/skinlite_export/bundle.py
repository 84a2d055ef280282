"""Open a bundle folder, and prove that nothing in it was changed.

manifest.json          contract, hashes of every other file, measured gates (`Manifest`)
manifest.json.sha256   its own hash, for ``sha256sum -c``
MODEL_CARD.md          the manifest for people (`skinlite_export.card`)
model.tflite  model.onnx  labels.txt  patient_encoding.json  golden/  kits/ where asked for
"""

from dataclasses import dataclass
from pathlib import Path

from skinlite.data.patient import PatientEncoder
from skinlite.errors import InputError
from skinlite.files import read_json, sha256_of
from skinlite_export.manifest import FileEntry, Manifest
from skinlite_export.runtime import Runner, load_runner

MANIFEST, SEAL = "manifest.json", "manifest.json.sha256"
TFLITE, ONNX = "model.tflite", "model.onnx"
ENCODING, LABELS, CARD = "patient_encoding.json", "labels.txt", "MODEL_CARD.md"


@dataclass(frozen=True)
class Bundle:
    """A bundle whose manifest was read; `check_files` proves the rest of it."""

    path: Path
    manifest: Manifest

    @property
    def models(self) -> list[str]:
        """File names of the models it has."""
        return [name for name in (TFLITE, ONNX) if name in self.manifest.files]

    def encoder(self) -> PatientEncoder:
        """The patient encoder to be repeated on the phone."""
        return read_json(PatientEncoder, self.path / ENCODING)

    def runner(self, file: str = TFLITE, threads: int = 1) -> Runner:
        """One of the bundle's models, loaded."""
        return load_runner(self.path / file, threads)

    def check_files(self) -> None:
        """Compare every file with its hash.

        Raises:
            InputError: a file is missing, was changed, or isn't listed.
        """
        present = list_files(self.path)
        listed = self.manifest.files
        faults = [f"{name} is missing" for name in sorted(listed.keys() - present.keys())]
        faults += [f"{name} isn't listed" for name in sorted(present.keys() - listed.keys())]
        faults += [
            f"{name} was changed"
            for name in listed
            if present.get(name, listed[name]) != listed[name]
        ]
        if not (self.path / SEAL).is_file():
            faults.append(f"{SEAL} is missing")
        elif (self.path / SEAL).read_text(errors="replace") != seal(self.path):
            faults.append(f"{MANIFEST} or {SEAL} was changed")
        if faults:
            raise InputError(
                f"{self.path} isn't the bundle that was exported: {'; '.join(faults)}. "
                "Don't ship it; export again with skinlite export."
            )


def list_files(folder: Path) -> dict[str, FileEntry]:
    """Hash and size of every file of a bundle but the manifest and its seal."""
    return {
        path.relative_to(folder).as_posix(): FileEntry(
            sha256=sha256_of(path), bytes=path.stat().st_size
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in (folder / MANIFEST, folder / SEAL)
    }


def seal(folder: Path) -> str:
    """The manifest's hash, in the form that ``sha256sum -c`` reads."""
    return f"{sha256_of(folder / MANIFEST)}  {MANIFEST}\n"


def open_bundle(path: Path) -> Bundle:
    """Read a bundle's manifest.

    Raises:
        InputError: not a bundle, or its manifest is damaged or of another version.
    """
    if not (path / MANIFEST).is_file():
        raise InputError(
            f"{path} is not a bundle (it has no {MANIFEST}). Make one with: skinlite export"
        )
    return Bundle(path, read_json(Manifest, path / MANIFEST))
