"""Base of the runners whose outputs are tensors as the file stores them, read as real numbers."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite.data.preprocessing import Shaping
from skinlite.vocabulary import ATTENTION, PROBABILITIES
from skinlite_export.runtime.signature import Signature, Tensor


class StoredOutputs(ABC):
    """The outputs of a `Runner` that knows how to read a stored tensor."""

    signature: Signature
    shaping: Shaping = "crop"

    def probabilities(self) -> NDArray[np.float32]:
        """See `Runner`."""
        stored = self._output(PROBABILITIES)
        assert stored is not None
        return stored

    def attention(self) -> NDArray[np.float32] | None:
        """See `Runner`."""
        return self._output(ATTENTION)

    def _output(self, name: str) -> NDArray[np.float32] | None:
        for tensor in self.signature.outputs:
            if tensor.name == name:
                return tensor.unpack(self._stored(tensor)[0])
        return None

    @abstractmethod
    def _stored(self, tensor: Tensor) -> NDArray[Any]:
        """A tensor of the last invocation, in its shape."""
