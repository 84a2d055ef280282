"""`need`: import what only some installations have."""

import importlib
import importlib.util

from skinlite.errors import MissingExtraError
from skinlite.process.quiet import silenced


def need(module: str, extra: str) -> None:
    """Import an optional part of the installation, without its start-up chatter.

    Raises:
        MissingExtraError: names the ``pip install`` line.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingExtraError(module, extra)
    with silenced():
        importlib.import_module(module)
