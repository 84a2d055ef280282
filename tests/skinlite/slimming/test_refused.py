"""What ``skinlite slim`` refuses, before hours of work, and the commands that it tells."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skinlite.api.slim import slim
from skinlite.api.train import TrainingInterruptedError, train
from skinlite.errors import InputError
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run

Made = Callable[..., Any]

SHARE = 0.3
"""Of its cycles `kept_run` can have 0.6, and 0.42 at least."""

pytestmark = pytest.mark.usefixtures("untraced", "conv_net")

PLAIN: dict[str, Any] = {"backbone": "conv_net", "image_size": 32, "epochs": 2, "batch_size": 16}


def stop(what: str, done: int, total: int) -> None:
    """Ctrl-C in the second epoch."""
    if (what, done) == ("epoch 2/2", 1):
        raise KeyboardInterrupt


def test_each_kind_of_training_goes_on_as_what_it_is(
    kept_run: Run, tiny_data: Path, skinlite: Made, tmp_path: Path
) -> None:
    plain, narrow = tmp_path / "a plain run", tmp_path / "narrow"
    with pytest.raises(TrainingInterruptedError):
        train(tiny_data, out=plain, report=stop, **PLAIN)
    refused = skinlite("slim", "--resume", plain)
    assert refused.code == 2
    told = f"is no slim run. Go on with: skinlite train --resume '{plain}'"
    assert told in " ".join(refused.err.split())
    assert open_run(plain).info.status == "interrupted"  # nothing was done

    with pytest.raises(TrainingInterruptedError):
        slim(kept_run, out=narrow, data=tiny_data, cycles=0.9, steps=2, epochs=2, report=stop)
    done = skinlite("train", "--resume", narrow)
    assert done.code == 0, done.err
    slimming = open_run(narrow).info.settings.slimming
    assert slimming and slimming.after <= 0.9 * slimming.before


def test_a_share_that_can_not_be_reached_is_told_before_any_work(
    kept_run: Run, tiny_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its first step can be."""
    from skinlite.api import slim as api
    from skinlite.slimming import choose

    told: list[str] = []

    def report(what: str, done: int, total: int) -> None:
        told.append(what)

    given: dict[str, Any] = {"data": tiny_data, "steps": 2, "epochs": 2, "report": report}
    given["importance"] = "random"
    with pytest.raises(InputError, match=r"can't be reached.*trained with a smaller image size"):
        slim(kept_run, out=tmp_path / "run", cycles=SHARE, **given)
    monkeypatch.setattr(api, "FRONT", (SHARE,))
    with pytest.raises(InputError, match=f"`cycles={SHARE}` can't be reached"):
        api.front(kept_run, out=tmp_path / "front", **given)
    assert not told and not list(tmp_path.iterdir())

    # Where it is found at a later step only, nothing stays that can't go on.
    monkeypatch.setattr(choose, "check_reachable", lambda channels, share: None)
    with pytest.raises(InputError, match="can't be reached"):
        slim(kept_run, out=tmp_path / "run", cycles=SHARE, **given)
    assert any(what.startswith("epoch 1/2, ") for what in told) and not list(tmp_path.iterdir())


def test_advice_is_left_out_where_nothing_can_be_cut() -> None:
    from skinlite.slimming.choose import unreachable

    assert "left. Use `cycles=0.31` or more, or slim" in str(unreachable(0.25, 0.3))
    assert "left. Slim a run" in str(unreachable(0.25, 1.0))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            ("slim", "my run", "--front", "--out", "a dir", "--seed", "0", "--data", "my data"),
            "slim 'my run' --front --out 'a dir' --seed 0 --importance auto --steps 3 "
            "--data 'my data'",
        ),
        (("slim", "my run", "--out", "a dir"), "slim --resume 'a dir/0.7'"),
        (("train", "--data", "my data", "--out", "a dir"), "train --resume 'a dir'"),
    ],
)
def test_what_goes_on_can_be_pasted(
    given: tuple[str, ...],
    told: str,
    skinlite: Made,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from skinlite.api import slim as slimming
    from skinlite.api import train as training

    def interrupted(*arguments: Any, **settings: Any) -> None:
        info = SimpleNamespace(epochs_done=1, settings=SimpleNamespace(epochs=12))
        run: Any = SimpleNamespace(path=Path("a dir/0.7"), info=info)
        raise TrainingInterruptedError(run)

    for module, name in ((slimming, "front"), (slimming, "slim"), (training, "train")):
        monkeypatch.setattr(module, name, interrupted)
    monkeypatch.chdir(tmp_path)
    done = skinlite(*given)
    assert done.code == 130 and done.err.strip().endswith(f"with: skinlite {told}")
