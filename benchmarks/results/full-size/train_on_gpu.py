"""Train several networks side by side on one GPU, as long as a given time allows.

    python train_on_gpu.py DATA OUT --seconds 560 --weights mobilenet_v2.keras

Each network is a process of its own, so that the GPU computes while another one compiles. First
all of them run some steps together; from their times follows how many epochs fit, and with these
they are trained as ``skinlite train`` does. A network that would get fewer than MINIMUM epochs
leaves its time to the others.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

MINIMUM = 10
PROBE_IMAGES = 1024
COMPILED_BY_S = 115
"""Seconds from the beginning after which nobody waits any longer for a network to compile."""

NETWORKS: dict[str, dict[str, Any]] = {
    "mobilenet_v2": {"backbone": "mobilenet_v2", "learning_rate": 7e-4, "epochs": 30},
    "inception_resnet_v2": {
        "backbone": "inception_resnet_v2",
        "precision": "mixed_bfloat16",
        "learning_rate": 1e-3,
        "epochs": 40,
    },
    "mobilenet_v3_large": {"backbone": "mobilenet_v3_large", "epochs": 45},
    "nasnet_mobile": {"backbone": "nasnet_mobile", "epochs": 40},
    "mobilenet_v2-slow": {"backbone": "mobilenet_v2", "learning_rate": 2.5e-4, "epochs": 30},
}
"""What is trained, the most important first."""


def main() -> None:
    """Begin the networks, or be the one of them that `--only` names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=560)
    parser.add_argument("--weights", type=Path, required=True, help="of MobileNetV2")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--only", help="the network of this process")
    parser.add_argument("--deadline", type=float)
    given = parser.parse_args()
    given.deadline = given.deadline or time.time() + given.seconds
    given.out.mkdir(parents=True, exist_ok=True)
    if given.only:
        train_one(given)
    else:
        train_all(given)


def train_all(given: argparse.Namespace) -> None:
    """Start a process for each network, divide the time, and end what takes longer."""
    began = given.deadline - given.seconds
    prepared(given)  # decodes the images once for all
    say(began, "images are ready")
    names = given.networks.split(",")
    rest = [*sys.argv[1:], "--deadline", str(given.deadline), "--only"]
    processes = {}
    for name in names:
        with (given.out / f"{name}.log").open("w") as log:
            processes[name] = subprocess.Popen(
                [sys.executable, __file__, *rest, name], stdout=log, stderr=subprocess.STDOUT
            )
    while (
        time.time() < began + COMPILED_BY_S
        and len(reports(given.out)) < len(names)
        and any(process.poll() is None for process in processes.values())
    ):
        time.sleep(0.5)
    say(began, "measuring")
    time.sleep(12)
    plan = divide(reports(given.out), names, given.deadline - time.time())
    say(began, f"epochs: {plan}, from {reports(given.out)}")
    (given.out / "plan.tmp").write_text(json.dumps(plan))
    (given.out / "plan.tmp").replace(given.out / "plan.json")
    while any(process.poll() is None for process in processes.values()):
        time.sleep(0.5)
        if time.time() > given.deadline:
            for process in processes.values():
                process.send_signal(signal.SIGINT)
            break
    for name, process in processes.items():
        try:
            left = max(1, given.deadline + 20 - time.time())
            say(began, f"{name} ended with {process.wait(left)}")
        except subprocess.TimeoutExpired:
            process.kill()
            say(began, f"{name} was killed")


def divide(measured: dict[str, Any], names: list[str], seconds: float) -> dict[str, int]:
    """Epochs of each network, 0 for one that is left out.

    The step times were taken with all of them at work: with fewer at work, each has more.
    """
    slowest = max((report["epoch_s"] for report in measured.values()), default=60.0)
    kept = list(names)
    while True:
        plan = {}
        for name in names:
            report = measured.get(name, {"epoch_s": slowest, "compile_s": 150.0})
            # A sixth is for validation, which takes a fifth of the images, forwards only.
            epoch = report["epoch_s"] * 1.17 * len(kept) / len(names)
            fits = int((seconds - 1.1 * report["compile_s"] - 15) / epoch)
            plan[name] = min(NETWORKS[name]["epochs"], fits) if name in kept else 0
        if len(kept) == 1 or min(plan[name] for name in kept) >= MINIMUM:
            return plan
        kept.pop()


def reports(out: Path) -> dict[str, Any]:
    """What the networks measured, by name."""
    return {
        path.name.removesuffix(".probe.json"): json.loads(path.read_text())
        for path in out.glob("*.probe.json")
    }


def train_one(given: argparse.Namespace) -> None:
    """Measure until the plan is there, then follow it."""
    began = time.time()
    from skinlite.training.config import TrainConfig
    from skinlite.training.execution import Execution
    from skinlite.training.fit import Training
    from skinlite.training.input.batches import make_epoch
    from skinlite.training.network import initial_classifier
    from skinlite.training.trainer import make_trainer

    name, execution = given.only, Execution()
    data = prepared(given)
    settings = {"image_size": given.image_size, "patience": 1000} | NETWORKS[name]
    if name.startswith("mobilenet_v2"):
        settings["weights"] = str(given.weights)
    config = TrainConfig(**settings)
    steps = len(data.examples["train"]) // config.batch_size
    trainer = make_trainer(initial_classifier(config, data), config, config.epochs * steps)
    execution.apply(trainer)
    probe = config.model_copy(update={"epoch_pictures": PROBE_IMAGES})
    batches = make_epoch(probe, data.examples["train"], data.encoder, 0)
    trainer.fit(batches, verbose=0, shuffle=False)
    compile_s, report = time.time() - began, {}
    plan = given.out / "plan.json"
    while not plan.exists() and time.time() < given.deadline:
        round_began = time.time()
        trainer.fit(batches, verbose=0, shuffle=False)
        epoch_s = (time.time() - round_began) / len(batches) * steps
        report = {"epoch_s": epoch_s, "compile_s": compile_s}
        temporary = given.out / f"{name}.tmp"
        temporary.write_text(json.dumps(report))
        temporary.replace(given.out / f"{name}.probe.json")
    epochs = json.loads(plan.read_text())[name]
    print(name, report, epochs, flush=True)
    if not epochs:
        return
    del trainer
    run = Training(
        given.out / name,
        TrainConfig(**(settings | {"epochs": epochs})),
        data,
        lambda text, done, total: print(text, flush=True) if done == total else None,
        execution,
    ).start()
    print(run.path, time.time() - began, flush=True)


def prepared(given: argparse.Namespace) -> Any:
    """The data set, split by lesion with seed 0."""
    from skinlite import read_dataset
    from skinlite.training.input.prepare import prepare

    return prepare(read_dataset(given.data), given.image_size, 0)


def say(began: float, text: str) -> None:
    """Print a line with the seconds since the beginning."""
    print(f"{time.time() - began:6.1f} s  {text}", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    os.environ.setdefault("XLA_FLAGS", "--xla_gpu_autotune_level=2")
    main()
