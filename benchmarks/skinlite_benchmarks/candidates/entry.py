"""A model file that takes part, and what is known of it before it is measured."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from skinlite.classes import ClassList
from skinlite.data.patient import PatientEncoder
from skinlite.data.preprocessing import Shaping
from skinlite.errors import InputError
from skinlite.files.read_write import sha256_of
from skinlite_benchmarks.candidates.third_party import inspection_of
from skinlite_benchmarks.measure.stored_inputs import Takes
from skinlite_benchmarks.results.results import Contestant
from skinlite_export.inspect.record import Inspection
from skinlite_export.runtime.runner import runtimes_for


@dataclass(frozen=True)
class Entry:
    """A model file on a runtime, and what is known of it before it is measured.

    Attributes:
        encoder: of the patients; None for a bare file.
        model_sha256: of the Keras model that it was made from; None for a bare file.
        inspection: what a file of somebody else's takes; None for one of skinlite's.
        shaping: how its images get their size.
        classes: that it predicts; None where that isn't known.
        label_column: of the data set that trained it, see `skinlite.data.dataset.Dataset`.
        label_map: likewise.
    """

    path: Path
    contestant: Contestant
    encoder: PatientEncoder | None = None
    model_sha256: str | None = None
    inspection: Inspection | None = None
    shaping: Shaping = "crop"
    classes: ClassList | None = None
    label_column: str | None = None
    label_map: Mapping[str, str] | None = None

    @property
    def takes(self) -> Takes | None:
        """What a file of somebody else's is fed while it is timed."""
        if self.inspection is None:
            return None
        return Takes(tensors=self.inspection.inputs, feed=self.contestant.feed)


def of_file(path: Path) -> Entry:
    """A file on the first runtime that runs it.

    Raises:
        InputError: it is a folder, or no runtime runs it.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; a .tflite or .onnx file was expected.")
    return Entry(path, contestant_of(path, runtimes_for(path)[0]))


def of_bare_file(path: Path) -> Entry:
    """One that skinlite made, or one of somebody else's."""
    entry = of_file(path)
    contestant = entry.contestant
    found = inspection_of(path, contestant.runtime, contestant.sha256)
    if found is None:
        return entry
    update = {"name": f"{contestant.name} (theirs)", "theirs": True, "bytes": found.bytes}
    return replace(entry, contestant=contestant.model_copy(update=update), inspection=found)


def contestant_of(file: Path, runtime: str) -> Contestant:
    """A file of which nothing else is known."""
    return Contestant.model_validate(
        {
            "name": file.stem,
            # Enough to know it by; a report is passed on, and the folders above are private.
            "file": "/".join(file.parts[-2:]),
            "bytes": sum(one.stat().st_size for one in (file, *_weights_of(file))),
            "sha256": sha256_of(file),
            "runtime": runtime,
        }
    )


def _weights_of(file: Path) -> list[Path]:
    """Of formats that keep them in a file of their own, beside the network's."""
    weights = file.with_suffix(".bin")
    return [weights] if file.suffix in (".xml", ".param") and weights.is_file() else []
