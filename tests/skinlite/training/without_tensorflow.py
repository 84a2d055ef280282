"""Makes a process one of an installation for JAX, which has no TensorFlow.

Where there is one, Keras imports it on JAX as well, to seed it and to save a model: that takes
longer than a training of these tests. It imports matplotlib, too, which no training needs.
"""

import sys


class Refused:
    """A finder that comes first."""

    def find_spec(self, name: str, *_: object) -> None:
        """Of a module."""
        if name in ("tensorflow", "matplotlib"):
            raise ModuleNotFoundError(name)
        return None


sys.meta_path.insert(0, Refused())  # type: ignore[arg-type]
