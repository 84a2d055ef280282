"""The training loop: epochs, the best model, early stopping, interruption and resumption."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import pandas as pd

from skinlite import __version__
from skinlite.errors import InputError
from skinlite.evaluation.metrics import Metrics, evaluate
from skinlite.files import write_atomically, writing
from skinlite.models.classifier import build_classifier
from skinlite.training.batch_norm import settle_batch_norm
from skinlite.training.batches import Epoch, class_weights
from skinlite.training.checkpoint import State, load_checkpoint, save_checkpoint
from skinlite.training.config import TrainConfig
from skinlite.training.prepare import Prepared
from skinlite.training.run import (
    Run,
    RunInfo,
    RunMetrics,
    Status,
    load_model,
    open_run,
    partial_folder,
)
from skinlite.training.trainer import (
    classifier_of,
    load_weights,
    make_trainer,
    predict,
    start_streams,
)

Report = Callable[[str, int, int], None]
"""Told what is being done, the steps done and the steps in all; for a progress bar."""


class Training:
    """One training, from prepared data to a run folder.

    Args:
        out: the run folder to be; the work happens in its ``.partial`` sibling.
        config: settings.
        data: split, encoder and examples.
        report: progress.
    """

    def __init__(
        self,
        out: Path,
        config: TrainConfig,
        data: Prepared,
        report: Report = lambda what, done, total: None,
    ) -> None:
        self.out, self.work = out, partial_folder(out)
        self.config, self.data, self.report = config, data, report

    def start(self) -> Run:
        """Train from the beginning.

        Raises:
            InputError: ``out`` is taken or can't be written to, bad weights, or a NaN loss.
        """
        keras.utils.set_random_seed(self.config.seed)
        classifier = build_classifier(
            self.config.backbone,
            patient_width=len(self.data.encoder.columns),
            topology=self.config.topology,
            image_size=self.config.image_size,
            width=self.config.width,
            weights="imagenet" if self.config.weights == "imagenet" else None,
            batch_norm_momentum=self.config.batch_norm_momentum,
        )
        if self.config.weights not in ("imagenet", "none"):
            load_weights(classifier, Path(self.config.weights))
        if not self.config.epochs and self.config.weights == "none":
            settle_batch_norm(classifier, self.data.examples["train"])
        with writing(self.work):
            self.work.mkdir(parents=True)
            classifier.save(self.work / "model.keras")
        self._write("patient_encoding.json", self.data.encoder.model_dump_json(indent=2))
        self._write("split.csv", self.data.split.to_csv(index=False))
        state = State()
        if not self.config.epochs:
            return self._finish("untrained", state)
        self._write_info("interrupted", state)
        steps = self.config.epochs * len(self._batches(0))
        trainer = make_trainer(classifier, self.config, steps)
        save_checkpoint(self.work / "checkpoint", trainer, state)
        return self._train(trainer, state)

    def resume(self) -> Run:
        """Go on from the checkpoint; the result is that of a training never interrupted.

        Raises:
            InputError: there is no checkpoint, or a NaN loss.
        """
        trainer, state = load_checkpoint(self.work / "checkpoint")
        return self._train(trainer, state)

    def _train(self, trainer: keras.Model, state: State) -> Run:
        status: Status = "complete"
        try:
            while state.epochs_done < self.config.epochs and not self._stalled(state):
                self._train_epoch(trainer, state)
        except KeyboardInterrupt:
            status = "interrupted"
        return self._finish(status, state)

    def _finish(self, status: Status, state: State) -> Run:
        self._write_info(status, state)
        if status == "complete":
            self._write_metrics()
            shutil.rmtree(self.work / "checkpoint")
        self.work.replace(self.out)
        return open_run(self.out)

    def _train_epoch(self, trainer: keras.Model, state: State) -> None:
        epoch = state.epochs_done
        batches = self._batches(epoch)
        start_streams(trainer, self.config.seed, epoch)
        title = f"epoch {epoch + 1}/{self.config.epochs}"
        progress = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda step, logs: self.report(title, step, len(batches))
        )
        loss = trainer.fit(batches, shuffle=False, verbose=0, callbacks=[progress]).history["loss"]
        if not math.isfinite(loss[0]):
            raise InputError(
                f"The loss became {loss[0]} in epoch {epoch + 1}. The last good epoch is kept in "
                f"{self.work}. Try a smaller --learning-rate."
            )
        classifier = classifier_of(trainer)
        scores = self._score(classifier, "validation")
        state.epochs_done += 1
        state.history.append(
            {
                "epoch": state.epochs_done,
                "loss": loss[0],
                "validation_accuracy": scores.accuracy,
                "validation_balanced_accuracy": scores.balanced_accuracy,
            }
        )
        if scores.balanced_accuracy > state.best_score:
            state.best_score, state.best_epoch = scores.balanced_accuracy, state.epochs_done
            candidate = self.work / "candidate.keras"
            classifier.save(candidate)
            candidate.replace(self.work / "model.keras")
        self._write("history.csv", pd.DataFrame(state.history).to_csv(index=False))
        save_checkpoint(self.work / "checkpoint", trainer, state)
        self.report(f"{title}, balanced accuracy {scores.balanced_accuracy:.3f}", 1, 1)

    def _stalled(self, state: State) -> bool:
        return state.epochs_done - (state.best_epoch or 0) >= self.config.patience

    def _batches(self, epoch: int) -> Epoch:
        train = self.data.examples["train"]
        return Epoch(
            train,
            self.data.encoder,
            batch_size=self.config.batch_size,
            weights=class_weights(train.labels, self.config.class_weight_power),
            answer_dropout=self.config.answer_dropout,
            seed=self.config.seed,
            epoch=epoch,
        )

    def _score(self, model: keras.Model, split: str) -> Metrics:
        examples = self.data.examples[split]
        return evaluate(examples.labels, predict(model, examples))

    def _write_metrics(self) -> None:
        model = load_model(self.work)
        scores = RunMetrics(
            validation=self._score(model, "validation"), test=self._score(model, "test")
        )
        self._write("metrics.json", scores.model_dump_json(indent=2))

    def _write_info(self, status: Status, state: State) -> None:
        info = RunInfo(
            status=status,
            config=self.config,
            epochs_done=state.epochs_done,
            best_epoch=state.best_epoch,
            data=str(self.data.dataset.root.resolve()),
            pictures=len(self.data.dataset.frame),
            synthetic=self.data.dataset.synthetic,
            versions={
                "skinlite": __version__,
                "keras": keras.__version__,
                "backend": keras.backend.backend(),
            },
        )
        self._write("config.json", info.model_dump_json(indent=2))

    def _write(self, name: str, content: str) -> None:
        write_atomically(self.work / name, content)
