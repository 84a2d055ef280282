"""Train skinlite's own head on a frozen backbone: the network of the rows "frozen" here.

    python benchmarks/results/pretrained/frozen.py mobilenet_v2.keras --data HAM10000 --out RUN

The backbone's features of every image are computed once, without augmentation; an epoch of the
head (Soft-Attention, metadata branch, last layer) then takes seconds. Kept is the epoch with the
smallest loss on the validation images. The result is a run folder, as `skinlite train` writes it.
"""

from pathlib import Path
from typing import Annotated

import keras
import typer

from skinlite.data.dataset import read_dataset
from skinlite.data.examples import Examples
from skinlite.files.read_write import sha256_of
from skinlite.training.checkpoint import State
from skinlite.training.config import TrainConfig
from skinlite.training.input.batches import class_weights
from skinlite.training.input.prepare import prepare
from skinlite.training.network import float32_copy, initial_classifier
from skinlite.training.runs.info import MODEL
from skinlite.training.runs.write import write_data, write_info, write_metrics
from skinlite.vocabulary import IMAGE, PATIENT

BATCH = 64


def main(
    weights: Path,
    data: Annotated[Path, typer.Option()],
    out: Annotated[Path, typer.Option()],
    image_size: int = 96,
    epochs: int = 12,
) -> None:
    """Train the head and write the run folder."""
    config = TrainConfig(
        backbone="mobilenet_v2",
        image_size=image_size,
        weights=str(weights),
        epochs=epochs,
        learning_rate=3e-4,
        answer_dropout=0,
        zoom=0,
        shift=0,
        brightness=0,
    )
    keras.utils.set_random_seed(config.seed)
    prepared = prepare(read_dataset(data), image_size, config.seed)
    classifier = initial_classifier(config, prepared)
    image, patient = (classifier.input[name] for name in (IMAGE, PATIENT))
    backbone = keras.Model(image, classifier.get_layer("soft_attention").input)
    head = keras.Model([backbone.output, patient], classifier.output)

    def seen(examples: Examples) -> list[object]:
        rows = (examples.images[i : i + BATCH] for i in range(0, len(examples), BATCH))
        maps = [backbone.predict_on_batch(batch.astype("float32")) for batch in rows]
        return [keras.ops.concatenate(maps), examples.patients]

    train, validation = prepared.examples["train"], prepared.examples["validation"]
    power = class_weights(train.labels, config.class_weight_power)
    rate = keras.optimizers.schedules.CosineDecay(
        config.learning_rate, epochs * (len(train) // BATCH)
    )
    head.compile(
        keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, global_clipnorm=5.0),
        loss="sparse_categorical_crossentropy",
        weighted_metrics=[],
        metrics=["accuracy"],
    )
    weigh = power[validation.labels]
    best = keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)
    head.fit(
        seen(train),
        train.labels,
        sample_weight=power[train.labels],
        validation_data=(seen(validation), validation.labels, weigh),
        batch_size=BATCH,
        epochs=epochs,
        callbacks=[best],
        verbose=2,
    )
    out.mkdir(parents=True)
    # Keras can't save a model that others were made of by their inner tensors.
    whole = float32_copy(config, patient.shape[-1], len(prepared.dataset.classes))
    whole.set_weights(classifier.get_weights())
    whole.save(out / MODEL)
    write_data(out, prepared)
    write_metrics(out, prepared)
    done = State(
        epochs_done=epochs, best_epoch=best.best_epoch + 1, model_sha256=sha256_of(out / MODEL)
    )
    write_info(out, config, prepared, "complete", done)


if __name__ == "__main__":
    typer.run(main)
