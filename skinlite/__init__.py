"""skinlite: learn a skin-lesion classifier, ship it to a phone, prove that nothing was lost.

This package is the first stage (data, models, training, evaluation) and the command line;
``skinlite_export`` ships and ``skinlite_benchmarks`` proves. Importing it imports nothing heavy,
and keeps the libraries that are imported after it from reporting anything.
"""

import os
from typing import TYPE_CHECKING

from skinlite.process.environment import keep_private
from skinlite.process.lazy import lazily

if TYPE_CHECKING:
    from skinlite.api.evaluate import evaluate
    from skinlite.api.slim import slim
    from skinlite.api.train import TrainingInterruptedError, resume, train
    from skinlite.data.dataset import Dataset, read_dataset
    from skinlite.evaluation.evaluation import Evaluation
    from skinlite.training.config import TrainConfig
    from skinlite.training.runs.run import Run

__version__ = "0.1.0"

__all__ = [
    "Dataset",
    "Evaluation",
    "Run",
    "TrainConfig",
    "TrainingInterruptedError",
    "evaluate",
    "read_dataset",
    "resume",
    "slim",
    "train",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "train": "skinlite.api.train",
        "resume": "skinlite.api.train",
        "slim": "skinlite.api.slim",
        "evaluate": "skinlite.api.evaluate",
        "read_dataset": "skinlite.data.dataset",
        "Dataset": "skinlite.data.dataset",
        "TrainConfig": "skinlite.training.config",
        "TrainingInterruptedError": "skinlite.api.train",
        "Run": "skinlite.training.runs.run",
        "Evaluation": "skinlite.evaluation.evaluation",
    },
)

keep_private()

# skinlite_export converts with tf_keras. This has to be set before TensorFlow is first imported,
# which a training may do; ``import keras`` stays Keras 3.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
