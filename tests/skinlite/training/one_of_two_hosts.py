"""Run by `test_hosts`, once for each process of a job of two.

``one_of_two_hosts.py DATA OUT DO`` trains (DO is ``die``: the second process ends itself by SIGKILL
within its second epoch) or goes on with what was left (``resume``). Prints the run's folder and its
losses.
"""

import json
import os
import runpy
import signal
import sys
from pathlib import Path

import pandas as pd
import pytest
import without_tensorflow  # noqa: F401

from skinlite.api.train import resume, train
from skinlite.errors import InputError
from skinlite.training import fit
from skinlite.training.execution import Execution

data, out, do = sys.argv[1:]
tests = Path(__file__).parents[2]
backbone = runpy.run_path(str(tests / "conftest.py"))["add_conv_net"](pytest.MonkeyPatch())
execution = Execution(hosts="all")
second = os.environ.get("KERAS_DISTRIBUTION_PROCESS_ID") == "1"
start = fit.start_streams


def die(*settings: object) -> None:
    start(*settings)
    if settings[2] == 1:
        os.kill(os.getpid(), signal.SIGKILL)


if do == "die" and second:
    fit.start_streams = die
try:
    if do == "resume":
        run = resume(out, execution=execution)
    else:
        run = train(
            data,
            out=out,
            backbone=backbone,
            image_size=32,
            batch_size=16,
            epochs=2,
            execution=execution,
        )
except InputError as error:
    sys.exit(f"InputError: {error}")
print(json.dumps([str(run.path), pd.read_csv(run.path / "history.csv")["loss"].tolist()]))
