"""`Execution`: how a training is laid on the machine. It changes the time, not the result."""

import os
from typing import Any, Literal

import keras
from pydantic import BaseModel, ConfigDict, Field

from skinlite.errors import InputError
from skinlite.training.hosts import Place, join

STEPS_ON_ACCELERATOR = 16
"""Batches between two returns to Python, which a GPU would wait for. A CPU has nothing to gain."""


CLUSTERS = ("TF_CONFIG", "JAX_COORDINATOR_ADDRESS", "KERAS_DISTRIBUTION_JOB_ADDRESSES")
"""Variables by which TensorFlow, JAX and Keras are told of other hosts."""


class Execution(BaseModel):
    """Compiler, devices, hosts, and how often Python is asked.

    ``auto`` compiles with XLA on a GPU and not on a CPU, where it trains depthwise networks about
    ten times slower. With ``hosts="all"`` a training uses all devices of all hosts of its job.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    xla: Literal["auto", "on", "off"] = "auto"
    steps_per_execution: int | None = Field(None, ge=1)
    devices: Literal["all"] | int = 1
    hosts: Literal["one", "all"] = "one"

    def join(self) -> "Place":
        """Meet the other processes of this job; see `skinlite.training.hosts`.

        It has to come before anything is computed.

        Raises:
            InputError: another backend than JAX, no job, or it can't be reached.
        """
        return join() if self.hosts == "all" else Place()

    def strategy(self) -> Any:
        """What shares each batch among devices and averages their gradients; ``None`` for one.

        Its ``scope()`` is where a model is built and fitted.
        """
        devices = self.chosen_devices()
        if len(devices) == 1 and self.hosts == "one":
            return None
        if keras.backend.backend() == "jax":
            return keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
        import tensorflow as tf

        return tf.distribute.MirroredStrategy(devices)

    def check(self, batch_size: int) -> None:
        """Refuse what this machine or backend can't do.

        Raises:
            InputError: other hosts, no such devices, they can't share a batch, or no such setting
                of the compiler.
        """
        cluster = next((name for name in CLUSTERS if os.environ.get(name)), None)
        if cluster and self.devices != 1 and self.hosts == "one":
            raise InputError(
                f"`devices={self.devices!r}` uses the devices of one host, but {cluster} describes "
                "several hosts, and each would train alone. Unset it to train on this host, or "
                "train on all of them with `hosts='all'`."
            )
        count = len(self.chosen_devices())
        if batch_size % count:
            raise InputError(
                f"{count} devices can't share batches of {batch_size} equally. Use "
                f"`batch_size={max(1, batch_size // count) * count}`."
            )
        if self.xla == "off" and keras.backend.backend() == "jax":
            raise InputError("JAX always compiles with XLA: leave out `xla='off'`.")

    def apply(self, trainer: keras.Model) -> None:
        """Set up a compiled trainer."""
        accelerated = not keras.distribution.list_devices()[0].startswith("cpu")
        wanted = accelerated if self.xla == "auto" else self.xla == "on"
        trainer.jit_compile = wanted or keras.backend.backend() == "jax"
        default = STEPS_ON_ACCELERATOR if accelerated else 1
        trainer.steps_per_execution = self.steps_per_execution or default

    def chosen_devices(self) -> list[str]:
        """Names of the devices to train on.

        Raises:
            InputError: more than there are, or a backend that can't.
        """
        if self.devices == 1 and self.hosts == "one":
            return ["default"]
        if keras.backend.backend() not in ("jax", "tensorflow"):
            raise InputError(f"`devices={self.devices!r}` needs the backend tensorflow or jax.")
        present: list[str] = keras.distribution.list_devices()
        if self.hosts == "all":
            return present
        count = len(present) if self.devices == "all" else self.devices
        if not 1 <= count <= len(present):
            raise InputError(
                f"`devices={self.devices!r}`: there are {len(present)} ({', '.join(present)})."
            )
        return present[:count]
