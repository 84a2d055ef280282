"""Networks without their weights, for what is to be counted or compared by its shapes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import keras


def without_weights(make: Callable[[], keras.Model]) -> keras.Model:
    """Make a network whose weights have shapes and no values: NASNetLarge takes two seconds, and
    no memory.

    In a stateless scope Keras only notes the weights, and makes them all where its next scope ends,
    perhaps in a later training. It notes them by thread: with one of its own they are forgotten.
    """

    def made() -> keras.Model:
        with keras.StatelessScope(initialize_variables=False):
            return make()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(made).result()
