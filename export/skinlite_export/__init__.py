"""Ship: rewrite, quantize, convert, verify and bundle a trained run.

Only the modules that convert import TensorFlow; manifest, bundle and runtime run without it.
"""

import os

import skinlite  # noqa: F401  before any library: see skinlite.process.environment

# tensorflow-model-optimization takes tf_keras models alone; this has to be set before TensorFlow
# is first imported. ``import keras`` stays Keras 3.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
