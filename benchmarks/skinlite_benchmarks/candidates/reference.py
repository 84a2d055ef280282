"""The baseline: the paper's InceptionResNetV2 + Soft-Attention + metadata as a float32 .tflite.

Converting it takes about a minute and 6 GB, so it happens once, in a process of its own
(``python -m skinlite_benchmarks.candidates.reference FOLDER [RUN]``), and is kept in the cache
under a name that hashes everything it was made from. Without a run its weights are untrained:
latency, size and memory don't depend on them, its accuracy is not measured.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from skinlite import __version__
from skinlite.data.cache import kept_folder
from skinlite.data.patient import PatientEncoder
from skinlite.errors import InputError, told
from skinlite.files.read_write import made_once, write_atomically
from skinlite.files.scratch import own_temporary_folder
from skinlite.process.exit_status import how_it_ended
from skinlite.process.optional_packages import installed_version
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite_export.convert.memory import available

MODEL, RECORD = "model.tflite", "reference.json"
NEEDED_GB = 8.0
"""Asked for: 6.1 GB were measured at the peak, and other programs want to live."""
MADE_FROM = ("keras", "tensorflow", "tf-keras")


class ReferenceRecord(BaseModel):
    """What a reference was made from; written beside it."""

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    title: str = "InceptionResNetV2"
    backbone: str = "inception_resnet_v2"
    topology: str = "paper"
    format: Literal["float32"] = "float32"
    image_size: int = 299
    patient_width: int
    trained: bool = False
    seed: int = 0
    model_sha256: str | None = None
    network_proven: bool | None = None
    versions: dict[str, str]


def record(run: Run | None = None) -> ReferenceRecord:
    """What a reference would be made from, here and now: a run's model, or new weights."""
    versions = {"skinlite": __version__}
    for package in MADE_FROM:
        versions[package] = installed_version(package) or "not installed"
    width = len(PatientEncoder(age_mean=0, age_std=1).columns)
    untrained = ReferenceRecord(patient_width=width, versions=versions)
    if run is None:
        return untrained
    config = run.info.network
    known = {
        "backbone": config.backbone,
        "topology": config.topology,
        "image_size": config.image_size,
        "patient_width": len(run.encoder().columns),
        "trained": run.info.trained,
        "model_sha256": run.model_sha256(),
        "network_proven": run.info.names_network,
    }
    if config.backbone != untrained.backbone:
        known["title"] = config.backbone
    return untrained.model_copy(update=known)


def reference_path(run: Run | None = None) -> Path:
    """Where the reference of this installation lies, or will."""
    # None is left out, so that what was converted before runs could be named is still found.
    identified = record(run).model_dump_json(exclude_none=True)
    return kept_folder("reference", identified) / MODEL


def converter_command(folder: Path, run: Run | None = None) -> Sequence[str]:
    """The command that fills ``folder``."""
    command = [sys.executable, "-P", "-m", "skinlite_benchmarks.candidates.reference", str(folder)]
    return command if run is None else [*command, str(run.path)]


class ReferenceBuild:
    """A conversion that runs while something else is done; nothing runs where the cache has it.

    A context manager: leaving it without having waited ends the conversion.

    Args:
        command: gives the command line that fills a folder with the reference.
        run: whose weights it has; None is untrained.

    Raises:
        InputError: too little memory is available.
    """

    def __init__(
        self,
        command: Callable[[Path, Run | None], Sequence[str]] = converter_command,
        run: Run | None = None,
    ) -> None:
        self.path = reference_path(run)
        self._process: subprocess.Popen[bytes] | None = None
        if self.path.is_file():
            return
        check_memory()
        self._log = tempfile.TemporaryFile("w+b")  # noqa: SIM115
        self._process = subprocess.Popen(
            command(self.path.parent, run),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env={
                **os.environ,
                "KERAS_BACKEND": "tensorflow",
                "TF_USE_LEGACY_KERAS": "1",
                "TF_CPP_MIN_LOG_LEVEL": "3",
                # Conversion is the processor's work; a GPU would only lend its memory.
                "CUDA_VISIBLE_DEVICES": "-1",
            },
        )

    @property
    def running(self) -> bool:
        """Whether there is something to wait for."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> Path:
        """The .tflite, when it is there.

        Raises:
            InputError: the conversion failed; the message has its last words.
        """
        if self._process is not None:
            code = self._process.wait()
            if code != 0 or not self.path.is_file():
                raise InputError(
                    f"The reference could not be converted ({self._failure(code)}). "
                    "Continue without it: --reference none"
                )
        return self.path

    def _failure(self, code: int) -> str:
        self._log.seek(0)
        ended = how_it_ended(code, self._log.read().decode(errors="replace"))
        return f"{ended}; it needs about {NEEDED_GB:g} GB of memory"

    def close(self) -> None:
        """End the conversion if it still runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def check_memory() -> None:
    """Refuse to start what the machine, or its container, can't hold.

    Raises:
        InputError: less memory is available than the conversion takes.
    """
    free = available()
    if free is not None and free / 1e9 < NEEDED_GB:
        raise InputError(
            f"Converting the reference takes about {NEEDED_GB:g} GB of memory, and "
            f"{free / 1e9:.1f} GB are available. Close other programs, give a "
            "reference that was converted on another machine (--reference FILE.tflite), or "
            "continue without it: --reference none"
        )


def build(folder: Path, run: Run | None = None) -> None:
    """Build, convert and write the reference; the folder appears when it is complete."""
    import keras

    from skinlite.models.classifier import build_classifier
    from skinlite_export.convert.to_tflite import convert_float32

    with made_once(folder, lambda path: (path / MODEL).is_file()) as staging:
        if staging is None:
            return
        made_from = record(run)
        keras.utils.set_random_seed(made_from.seed)
        if run is not None:
            model = run.load_model()
        else:
            model = build_classifier(
                made_from.backbone,
                patient_width=made_from.patient_width,
                image_size=made_from.image_size,
            )
        write_atomically(staging / MODEL, convert_float32(model))
        write_atomically(staging / RECORD, made_from.model_dump_json(indent=2) + "\n")


if __name__ == "__main__":
    own_temporary_folder()
    with told():
        build(Path(sys.argv[1]), *(open_run(Path(argument)) for argument in sys.argv[2:]))
