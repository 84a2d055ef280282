"""Ship: rewrite, quantize, convert, verify and bundle a trained run.

Only the modules that convert import TensorFlow; manifest, bundle and runtime run without it.
"""

from typing import TYPE_CHECKING

from skinlite.process.lazy import lazily  # skinlite before any library: see its environment.py

if TYPE_CHECKING:
    from skinlite_export.api import export
    from skinlite_export.bundle.folder import Bundle, open_bundle
    from skinlite_export.recipe import FineTuning, Gates, Recipe

__all__ = ["Bundle", "FineTuning", "Gates", "Recipe", "export", "open_bundle"]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "export": "skinlite_export.api",
        "open_bundle": "skinlite_export.bundle.folder",
        "Bundle": "skinlite_export.bundle.folder",
        "Recipe": "skinlite_export.recipe",
        "Gates": "skinlite_export.recipe",
        "FineTuning": "skinlite_export.recipe",
    },
)
