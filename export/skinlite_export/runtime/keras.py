"""A run folder's float model on Keras, for context: what training tools give without an export."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skinlite.data.preprocessing import Shaping
from skinlite.errors import MissingExtraError
from skinlite.process.quiet import silenced
from skinlite.vocabulary import PROBABILITIES
from skinlite_export.runtime.read_signature import read_signature, read_tensor


class KerasRunner:
    """See `skinlite_export.runtime.runner.Runner`; one compiled call an image.

    ``threads`` is for the backend's own variables to say, which it reads when it is loaded
    (`skinlite_benchmarks.measure.process` sets them).

    Raises:
        InputError: not a run folder, or its model is damaged.
        MissingExtraError: Keras isn't installed.
    """

    runtime: ClassVar[str] = "keras"
    title: ClassVar[str] = "Keras"
    suffixes: ClassVar[tuple[str, ...]] = ()
    module: ClassVar[str] = "keras"
    partitions: ClassVar[None] = None

    def __init__(self, path: Path, threads: int = 1) -> None:
        from skinlite.training.runs.find import open_run  # pandas: the other runners go without

        run = open_run(path)
        self.shaping: Shaping = run.info.network.shaping
        try:
            with silenced():
                import keras

                self._model = run.load_model()
        except ModuleNotFoundError as error:
            raise MissingExtraError(error.name or "keras", "train") from error
        self._backend = f"Keras {keras.__version__} on {keras.backend.backend()}"
        self.signature = read_signature(
            path,
            {
                tensor.name: read_tensor(path, tensor.name, (1, *tensor.shape[1:]), tensor.dtype)
                for tensor in self._model.inputs
            },
            {
                PROBABILITIES: read_tensor(
                    path, PROBABILITIES, (1, *self._model.outputs[0].shape[1:]), "float32"
                )
            },
        )
        self._inputs: dict[str, NDArray[Any]] = {}
        self._output: NDArray[np.float32] | None = None

    def describe(self) -> str:
        """See `Runner`."""
        return f"{self._backend}, float32, predict_on_batch"

    def set_inputs(self, image: NDArray[Any], patient: NDArray[Any]) -> None:
        """See `Runner`."""
        self._inputs = self.signature.pack(image, patient)

    def invoke(self) -> None:
        """See `Runner`."""
        self._output = self._model.predict_on_batch(self._inputs)

    def probabilities(self) -> NDArray[np.float32]:
        """See `Runner`."""
        assert self._output is not None
        return self._output[0]

    def attention(self) -> None:
        """See `Runner`."""
