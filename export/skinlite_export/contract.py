"""What the manifest says of a bundle's origin."""

import importlib.metadata

from skinlite.files import sha256_of
from skinlite.training.run import Run
from skinlite_export.manifest import Source

NOTICE = (
    "Research software, not a medical device: its answers are no diagnosis. "
    "Probabilities are those of a network, not of a disease."
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


def versions() -> dict[str, str]:
    """Of every package that had a part in the files."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}
