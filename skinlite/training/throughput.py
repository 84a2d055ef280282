"""``python -m skinlite.training.throughput``: does the input pipeline keep up with training?

Batches are read, shuffled and handed over without a network, then with one; images a second of
each, and their ratio. Below 1 the network would wait for images.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict

from skinlite.data.dataset import read_dataset
from skinlite.errors import told
from skinlite.models.backbones import find_backbone
from skinlite.settings import validated
from skinlite.training.config import TrainConfig
from skinlite.training.execution import Execution
from skinlite.training.input.batches import Epoch, make_epoch
from skinlite.training.input.prepare import Prepared, prepare
from skinlite.training.network import initial_classifier
from skinlite.training.trainer import make_trainer


class Throughput(BaseModel):
    """Images a second."""

    model_config = ConfigDict(frozen=True)

    pipeline: float
    training: float

    @property
    def ratio(self) -> float:
        """How many times faster images come than they are trained on."""
        return self.pipeline / self.training


def measure(config: TrainConfig, data: Prepared, execution: Execution | None = None) -> Throughput:
    """Time one epoch of the pipeline alone and one of training, after one each to warm up."""

    def epoch(number: int) -> Epoch:
        classes = len(data.dataset.classes)
        return make_epoch(config, data.examples["train"], data.encoder, number, classes)

    batches = epoch(0)
    pictures = len(batches) * batches.batch_size
    trainer = make_trainer(initial_classifier(config, data), config, 2 * len(batches))
    (execution or Execution()).apply(trainer)
    pipeline, training = (
        pictures / _seconds(lambda number: list(epoch(number))),
        pictures / _seconds(lambda number: trainer.fit(epoch(number), shuffle=False, verbose=0)),
    )
    return Throughput(pipeline=pipeline, training=training)


def _seconds(work: Callable[[int], object]) -> float:
    work(0)
    start = time.perf_counter()
    work(1)
    return time.perf_counter() - start


def main(
    data: Annotated[Path, typer.Argument(help="HAM10000 folder, or its table.")],
    backbone: str = "mobilenet_v3_large",
    image_size: Annotated[
        int | None, typer.Option(help="Height and width; default: the paper's.")
    ] = None,
    batch_size: int = 64,
    pictures: Annotated[int, typer.Option(help="Images per epoch; two epochs are timed.")] = 1280,
    precision: str = "float32",
    xla: str = "auto",
) -> None:
    """Images a second of the input pipeline alone, of training, and their ratio."""
    settings = {
        "backbone": backbone,
        "image_size": image_size or find_backbone(backbone).input_size,
        "batch_size": batch_size,
        "epoch_pictures": pictures,
        "precision": precision,
    }
    config = validated(TrainConfig, settings)
    speed = measure(
        config,
        prepare(read_dataset(data), config.image_size, seed=0),
        validated(Execution, {"xla": xla}),
    )
    print(
        f"pipeline {speed.pipeline:.0f} images/s, training {speed.training:.1f} images/s, "
        f"ratio {speed.ratio:.0f}"
    )


if __name__ == "__main__":
    with told():
        typer.run(main)
