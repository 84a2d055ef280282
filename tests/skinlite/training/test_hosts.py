"""A training of two processes is that of one, also where one of them was killed."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.errors import InputError
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.find import open_run, partial_folder

Job = Callable[[str], list[subprocess.CompletedProcess[str]]]


@pytest.fixture
def job(tiny_data: Path, tmp_path: Path, on_jax: dict[str, str]) -> Job:
    """Runs `one_of_two_hosts.py` in two processes, which write ``tmp_path/run``."""

    def run(do: str) -> list[subprocess.CompletedProcess[str]]:
        script = Path(__file__).with_name("one_of_two_hosts.py")
        line = [sys.executable, str(script), str(tiny_data), str(tmp_path / "run"), do]
        with socket.create_server(("localhost", 0)) as free:
            port = free.getsockname()[1]
        variables = on_jax | {
            "KERAS_DISTRIBUTION_JOB_ADDRESSES": f"localhost:{port}",
            "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
        }
        started = [
            subprocess.Popen(
                line,
                env=os.environ | variables | {"KERAS_DISTRIBUTION_PROCESS_ID": str(index)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for index in range(2)
        ]
        ended = []
        for process in started:
            out_text, error = process.communicate(timeout=600)
            ended.append(subprocess.CompletedProcess(line, process.returncode, out_text, error))
        return ended

    return run


@pytest.mark.slow
def test_two_processes_one_of_which_was_killed_have_the_loss_of_one(
    job: Job, curves: Callable[[str], Path], tmp_path: Path
) -> None:
    alone = open_run(curves("jax") / "alone")
    first, second = job("die")
    assert second.returncode == -signal.SIGKILL
    assert first.returncode == 2, first.stderr[-3000:]
    told = [line for line in first.stderr.splitlines() if line.startswith("InputError")]
    assert "Another of the 2 processes is gone" in told[0]
    assert f"`resume={tmp_path / 'run'}`" in told[0]
    assert not (tmp_path / "run").exists() and partial_folder(tmp_path / "run").exists()

    resumed = job("resume")
    assert [one.returncode for one in resumed] == [0, 0], resumed[0].stderr[-3000:]
    found = [json.loads(one.stdout.splitlines()[-1]) for one in resumed]
    losses = pd.read_csv(alone.path / "history.csv")["loss"].tolist()
    assert len(losses) == 2 and losses[1] < losses[0]
    for folder, curve in found:
        np.testing.assert_allclose(curve, losses, rtol=1e-4)
        # The first one's run is kept, the other's was temporary.
        assert Path(folder).exists() == (folder == str(tmp_path / "run"))
    one, two = (run.load_model() for run in (alone, open_run(tmp_path / "run")))
    for weights, others in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(others, weights, atol=1e-4)


def test_shares_of_a_batch_are_the_batch(conv_net: str, conv_prepared: Prepared) -> None:
    from skinlite.training.config import TrainConfig
    from skinlite.training.input.batches import make_epoch

    config = TrainConfig(backbone=conv_net, image_size=32, batch_size=16)
    train, encoder = conv_prepared.examples["train"], conv_prepared.encoder

    def batch(index: int, count: int) -> tuple[Any, ...]:
        inputs, labels, weights = make_epoch(config, train, encoder, 3, share=(index, count))[1]
        return inputs["image"], inputs["patient"], labels, weights

    whole = batch(0, 1)
    for count in (2, 4):
        shares = [batch(index, count) for index in range(count)]
        assert {len(share[0]) for share in shares} == {16 // count}
        for part, expected in zip(zip(*shares, strict=True), whole, strict=True):
            np.testing.assert_array_equal(np.concatenate(part), expected)


def test_tensorflow_has_one_host(training: Callable[..., Any], tmp_path: Path) -> None:
    import keras

    from skinlite.training.execution import Execution

    if keras.backend.backend() == "jax":
        pytest.skip("this is JAX")
    with pytest.raises(InputError, match=r"`hosts='all'` needs the backend jax: set KERAS_BACKEND"):
        training(tmp_path / "run", execution=Execution(hosts="all"))
    assert list(tmp_path.iterdir()) == []


def test_who_ends_alone_ends_at_once_and_a_lost_process_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skinlite.training import hosts

    left: list[int] = []
    monkeypatch.setattr(hosts.atexit, "register", lambda _, code: left.append(code))
    gone = ValueError("UNKNOWN: Gloo AllGather failed: Read error: Connection reset by peer\nmore")
    for place, error, expected in (
        (hosts.Place(0, 2), gone, InputError),
        (hosts.Place(0, 1), gone, ValueError),
        (hosts.Place(0, 2), KeyboardInterrupt(), KeyboardInterrupt),
        (hosts.Place(0, 1), KeyboardInterrupt(), KeyboardInterrupt),
        (hosts.Place(0, 2), OSError("full"), OSError),
        (hosts.Place(0, 2), ValueError("shapes don't fit"), ValueError),
    ):
        with pytest.raises(expected), place.watched(tmp_path / "run"):
            raise error
    assert left == [2, 130, 2]
