"""The training loop: epochs, the best model, early stopping, interruption and resumption."""

import shutil
import time
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from skinlite.errors import InputError
from skinlite.files.locks import Claim, make_parent, remove
from skinlite.files.read_write import sha256_of, writing
from skinlite.models.adopted import Adopted
from skinlite.models.keras_file import load_keras
from skinlite.process.signals import taken
from skinlite.progress import Report, silent
from skinlite.training.batch_norm import remembers_too_long, settle_batch_norm, share_statistics
from skinlite.training.checkpoint import (
    CANDIDATE,
    EpochResult,
    State,
    load_checkpoint,
    publish,
    read_state,
    save_checkpoint,
)
from skinlite.training.config import TrainConfig
from skinlite.training.execution import Execution
from skinlite.training.frozen import Frozen, head_of
from skinlite.training.input.batches import Epoch, make_epoch
from skinlite.training.input.prepare import Prepared
from skinlite.training.network import Deployed, initial_classifier
from skinlite.training.runs.find import is_abandoned, open_run, partial_folder
from skinlite.training.runs.info import CHECKPOINT, MODEL, Status
from skinlite.training.runs.run import Run
from skinlite.training.runs.write import (
    score_of,
    write_data,
    write_info,
    write_metrics,
    write_teacher,
)
from skinlite.training.schedule import plateau_rate
from skinlite.training.trainer import (
    DivergedError,
    classifier_of,
    fit_epoch,
    make_trainer,
    start_streams,
)


class Training:
    """One training, from prepared data to a run folder.

    Args:
        out: the run folder to be; the work happens in its ``.partial`` sibling.
        config: settings.
        data: split, encoder and examples.
        report: progress.
        execution: compiler and devices.
        teacher: the run that it learns from, which the settings name.
        adopted: of a network that was adopted and is made slim: what is known of it.

    Raises:
        InputError: no such devices, or they can't share a batch.
    """

    def __init__(
        self,
        out: Path,
        config: TrainConfig,
        data: Prepared,
        report: Report = silent,
        execution: Execution | None = None,
        teacher: Run | None = None,
        adopted: Adopted | None = None,
    ) -> None:
        self.teacher, self.adopted = teacher, adopted
        self.out, self.work = out, partial_folder(out)
        self.config, self.data, self.report = config, data, report
        self.execution = execution or Execution()
        self._place = self.execution.join()
        self.execution.check(self._batches(0).batch_size)
        self._strategy = self.execution.strategy()
        copied = config.precision != "float32" or self._strategy is not None
        self._deployed = Deployed(config, data, copied=copied)

    def start(self) -> Run:
        """Train from the beginning.

        Raises:
            InputError: ``out`` is taken or can't be written to, bad weights, or a NaN loss.
        """
        make_parent(self.out)
        with Claim(self.out):
            return self._start()

    def _start(self) -> Run:
        keras.utils.set_random_seed(self.config.seed)
        with self._scope():
            classifier = self._initial()
            if self._strategy:
                share_statistics(classifier)
        deployed = self._deployed(classifier)
        if not self.config.epochs and self.config.weights == "none":
            settle_batch_norm(deployed, self.data.examples["train"])
        with writing(self.work):
            if is_abandoned(self.work):
                remove(self.work)
            self.work.mkdir(parents=True)
        try:
            trainer, state = self._begin(classifier, deployed)
        except BaseException:
            # Without a checkpoint there is nothing to go on from.
            shutil.rmtree(self.work)
            raise
        return self._train(trainer, state) if trainer else self._finish("untrained", state)

    def _initial(self) -> keras.Model:
        """The classifier that the training starts from."""
        return initial_classifier(self.config, self.data)

    def _before_epoch(self, trainer: keras.Model, state: State) -> tuple[keras.Model, State]:
        """What is fitted in the next epoch."""
        if state.epochs_done == self.config.frozen_epochs > 0:
            trainer = self._trainer(self._unfrozen(trainer), state.epochs_done)
        return trainer, state

    def resume(self) -> Run:
        """Go on from the checkpoint; the result is that of a training never interrupted.

        Raises:
            InputError: there is no checkpoint, the best model isn't the checkpoint's, or a NaN
                loss.
        """
        make_parent(self.out)
        with Claim(self.out):
            with self._scope():
                trainer, state = load_checkpoint(self.work / CHECKPOINT)
            publish(self.work, state)
            self.execution.apply(trainer)
            return self._train(trainer, state)

    def _begin(
        self, classifier: keras.Model, deployed: keras.Model
    ) -> tuple[keras.Model | None, State]:
        """Write what is known before the first epoch; the trainer, where there is to be one."""
        with writing(self.work):
            deployed.save(self.work / MODEL)
        state = State(model_sha256=sha256_of(self.work / MODEL))
        write_data(self.work, self.data)
        if self.teacher:
            write_teacher(self.work, self.data, self.teacher)
        if not self.config.epochs:
            return None, state
        write_info(self.work, self.config, self.data, "interrupted", State(), self.adopted)
        trainer = self._trainer(classifier, 0)
        with writing(self.work):
            save_checkpoint(self.work / CHECKPOINT, trainer, state)
        return trainer, state

    def _trainer(
        self, classifier: keras.Model, epoch: int, teacher: keras.Model | None = None
    ) -> keras.Model:
        """What is fitted from an epoch on: the whole, or the head while the rest is frozen."""
        frozen, last = self.config.frozen_epochs, self.config.epochs
        head = epoch < frozen
        steps = ((frozen if head else last) - epoch) * len(self._batches(0))
        with self._scope():
            fitted = head_of(classifier, self.config.own_topology) if head else classifier
            if self.teacher and not teacher:
                teacher = self.teacher.load_model()
            trainer = make_trainer(fitted, self.config, steps, head=head, teacher=teacher)
        self.execution.apply(trainer)
        return trainer

    def _unfrozen(self, trainer: keras.Model) -> keras.Model:
        """The whole classifier, with the head that was trained."""
        with self._scope():
            classifier = initial_classifier(self.config, self.data)
            classifier.set_weights(self._frozen.with_head(classifier_of(trainer)).get_weights())
        return classifier

    def _train(self, trainer: keras.Model, state: State) -> Run:
        status: Status = "complete"
        try:
            while state.epochs_done < self.config.epochs and not self._stalled(state):
                trainer, state = self._before_epoch(trainer, state)
                with self._place.watched(self.out):
                    state = self._train_epoch(trainer, state)
        except KeyboardInterrupt:
            taken()
            # Wherever it came: the checkpoint says what was reached.
            status, state = "interrupted", read_state(self.work / CHECKPOINT)
        except OSError as error:
            raise InputError(
                f"Can't write {self.work}: {error.strerror or error}. Free some space, then "
                f"resume with: `resume={self.out}`"
            ) from error
        except DivergedError as error:
            advice = "Train again with a smaller `learning_rate`."
            if not state.epochs_done:
                shutil.rmtree(self.work)
                raise InputError(f"{error} Nothing was learned before. {advice}") from error
            self._finish("diverged", state)
            raise InputError(
                f"{error} The best model before that, of epoch {state.best_epoch}, is kept in "
                f"{self.out}. {advice[:-1]}, and another `out`."
            ) from error
        return self._finish(status, state)

    def _finish(self, status: Status, state: State) -> Run:
        publish(self.work, state)
        if status in ("complete", "diverged"):
            write_metrics(self.work, self.data)
        # Last, for it names what the others hold.
        write_info(self.work, self.config, self.data, status, state, self.adopted)
        self.work.replace(self.out)
        if status in ("complete", "diverged"):
            # Only now: a kill before this line leaves what can be resumed.
            shutil.rmtree(self.out / CHECKPOINT)
        return open_run(self.out)

    def _train_epoch(self, trainer: keras.Model, state: State) -> State:
        began, cpu_began = time.perf_counter(), time.process_time()
        epoch = state.epochs_done
        frozen = self._frozen if epoch < self.config.frozen_epochs else None
        data = frozen.data if frozen else self.data
        batches = self._batches(epoch, data)
        start_streams(trainer, self.config.seed, epoch)
        title = f"epoch {epoch + 1}/{self.config.epochs}"
        if self.config.schedule == "plateau":
            past = [getattr(row, f"validation_{self.config.monitor}") for row in state.history]
            trainer.optimizer.learning_rate = plateau_rate(self.config, past)
        with self._scope():
            loss = fit_epoch(trainer, batches, title, self.report)
        fitted_part = classifier_of(trainer)
        classifier = frozen.with_head(fitted_part) if frozen else self._deployed(fitted_part)
        if not frozen and remembers_too_long(classifier, len(batches)):
            settle_batch_norm(classifier, self.data.examples["train"], batches=8)
        if not all(np.isfinite(weight).all() for weight in classifier.get_weights()):
            raise DivergedError(f"A weight became infinite in {title}.")
        scores = score_of(frozen.head if frozen else classifier, data, "validation")
        row = EpochResult(
            epoch=epoch + 1,
            loss=loss,
            learning_rate=float(keras.ops.convert_to_numpy(trainer.optimizer.learning_rate)),
            validation_accuracy=scores.accuracy,
            validation_balanced_accuracy=scores.balanced_accuracy,
            seconds=time.perf_counter() - began,
            cpu_seconds=time.process_time() - cpu_began,
        )
        reached: dict[str, Any] = {"epochs_done": row.epoch, "history": [*state.history, row]}
        score = getattr(scores, self.config.monitor)
        if score > state.best_score:
            candidate = self.work / CHECKPOINT / CANDIDATE
            classifier.save(candidate)
            reached |= {
                "best_score": score,
                "best_epoch": row.epoch,
                "model_sha256": sha256_of(candidate),
            }
        state = state.model_copy(update=reached)
        save_checkpoint(self.work / CHECKPOINT, trainer, state)
        publish(self.work, state)
        result = f"balanced accuracy {scores.balanced_accuracy:.3f}"
        self.report(f"{title}, {result}, {row.seconds:.0f} s", 1, 1)
        return state

    def _stalled(self, state: State) -> bool:
        # While the backbone is frozen an epoch costs seconds.
        since = max(state.best_epoch or 0, self.config.frozen_epochs)
        return state.epochs_done - since >= self.config.patience

    def _batches(self, epoch: int, data: Prepared | None = None) -> Epoch:
        data = data or self.data
        classes = len(data.dataset.classes)
        train = data.examples["train"]
        return make_epoch(self.config, train, data.encoder, epoch, classes, self._place)

    @cached_property
    def _frozen(self) -> Frozen:
        # Whichever model is the best one so far, its backbone is the frozen one.
        model = load_keras(self.work / MODEL)
        return Frozen(
            model, self.config.own_topology, self.data, self.work / CHECKPOINT, self.report
        )

    def _scope(self) -> AbstractContextManager[Any]:
        """Where models for all of the devices are made and fitted."""
        return self._strategy.scope() if self._strategy else nullcontext()
