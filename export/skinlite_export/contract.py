"""What the manifest says of a bundle's origin, inputs and outputs."""

import importlib.metadata

from skinlite.data.patient import PatientEncoder
from skinlite.files import sha256_of
from skinlite.training.run import Run
from skinlite.vocabulary import CLASSES, IMAGE, PATIENT, PROBABILITIES
from skinlite_export.manifest import Source, Tensor

NOTICE = (
    "Research software, not a medical device: its answers are no diagnosis. "
    "Probabilities are those of a network, not of a disease."
)
GEOMETRY = (
    "Centre crop to the aspect of the input; a crop larger than 450x600 (rows x columns) is "
    "area-averaged into it; then bilinear with half-pixel centres, no antialias, rounded to whole "
    "levels. golden/ has pictures and the pixels that they must become."
)
PACKAGES = (
    "ai-edge-litert",
    "keras",
    "numpy",
    "onnx",
    "onnxruntime",
    "skinlite",
    "tensorflow",
    "tf-keras",
    "tf2onnx",
)


def source_of(run: Run, parameters: int) -> Source:
    """Where the model came from."""
    config = run.info.config
    return Source(
        backbone=config.backbone,
        topology=config.topology,
        width=config.width,
        image_size=config.image_size,
        trained=run.info.status != "untrained",
        synthetic=run.info.synthetic,
        epochs=run.info.best_epoch or 0,
        parameters=parameters,
        model_sha256=sha256_of(run.path / "model.keras"),
    )


def inputs_of(run: Run, encoder: PatientEncoder) -> list[Tensor]:
    """The two inputs."""
    size = run.info.config.image_size
    return [
        Tensor(
            name=IMAGE,
            shape=(1, size, size, 3),
            dtype="float32",
            meaning="RGB, 0-255, rows top to bottom; see geometry",
        ),
        Tensor(
            name=PATIENT,
            shape=(1, len(encoder.columns)),
            dtype="float32",
            meaning="encoded answers, see patient_encoding.json: " + ", ".join(encoder.columns),
        ),
    ]


def outputs_of() -> list[Tensor]:
    """The output."""
    meaning = "softmax, in the order of labels.txt: " + ", ".join(CLASSES)
    return [Tensor(name=PROBABILITIES, shape=(1, len(CLASSES)), dtype="float32", meaning=meaning)]


def versions() -> dict[str, str]:
    """Of every package that had a part in the files."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}
