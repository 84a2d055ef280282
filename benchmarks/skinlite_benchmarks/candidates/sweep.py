"""Sweep over image size and width: one network many times, from tiny to the paper's size.

A point is a run's model, or new weights: latency and size don't depend on them. Each is converted
once, in a process of its own (``python -m skinlite_benchmarks.candidates.sweep FOLDER JOB``), and
kept in the cache under a name that hashes everything it was made from.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from skinlite import __version__
from skinlite.api.data import dataset_of
from skinlite.data.cache import kept_folder
from skinlite.errors import InputError, told
from skinlite.files.read_write import made_once
from skinlite.files.scratch import own_temporary_folder
from skinlite.models.backbones import Topology
from skinlite.process.exit_status import how_it_ended
from skinlite.progress import Report
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.entry import Entry, contestant_of
from skinlite_benchmarks.candidates.peers.tool import STOCK
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.records import SweepPoint
from skinlite_benchmarks.results.results import Results
from skinlite_export.recipe import Recipe, Scheme

if TYPE_CHECKING:
    import keras

    from skinlite.training.input.prepare import Prepared

FILE = "model.tflite"
LESIONS, PICTURES = 60, 20
"""Synthetic lesions drawn to calibrate new weights, and how many of the images do."""


class Job(BaseModel):
    """One network to convert.

    Attributes:
        run: its folder; None for new weights.
        topology: ``adopted`` of a run alone: its network can't be built anew.
        slim: of a slim run, see `skinlite.training.runs.info.Network`.
        model_sha256: of the run's model.
        data: the run's data set, which calibrates int8.
        stock: as the stock converter has it: no rewrite, ranges from minimum to maximum.
    """

    model_config = ConfigDict(frozen=True)

    backbone: str
    image_size: int
    width: float
    topology: Topology | Literal["adopted"] = "paper"
    scheme: Scheme
    run: Path | None = None
    slim: float | None = None
    model_sha256: str | None = None
    data: Path | None = None
    stock: bool = False

    @property
    def name(self) -> str:
        """Of the contestant."""
        form = "float32" if self.scheme == "none" else self.scheme
        name = f"{naming.network(self.backbone, self.width, self.slim)} {self.image_size} px {form}"
        return f"{name} ({STOCK})" if self.stock else name

    def folder(self) -> Path:
        """Where it lies in the cache, or will."""
        # False is left out, so that what was converted before there was ``stock`` is still found.
        left_out = {"run", "data"} if self.stock else {"run", "data", "stock"}
        identity = self.model_dump_json(exclude=left_out)
        return kept_folder("sweep", f"{__version__}{identity}")


def job_of(run: Run, scheme: Scheme, data: Path | None) -> Job:
    """A run's model."""
    network = run.info.network
    return Job.model_validate(
        {
            "backbone": network.backbone,
            "image_size": network.image_size,
            "width": network.width,
            "topology": network.topology,
            "scheme": scheme,
            "run": run.path,
            "slim": network.slim,
            "model_sha256": run.model_sha256(),
            "data": data or Path(run.info.data),
        }
    )


def convert_all(jobs: Sequence[Job], report: Report) -> list[Entry]:
    """Convert what the cache lacks.

    Raises:
        InputError: a conversion failed; the message has its last words.
    """
    entries = []
    for number, job in enumerate(jobs):
        report(f"converting {job.name}", number, len(jobs) + 1)
        folder = job.folder()
        if not folder.is_dir():
            _convert_apart(folder, job)
        entries.append(_entry(folder / FILE, job))
    return entries


def _convert_apart(folder: Path, job: Job) -> None:
    command = [sys.executable, "-P", "-m", __name__, str(folder), job.model_dump_json()]
    environment = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "TF_USE_LEGACY_KERAS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        ended = how_it_ended(done.returncode, done.stderr)
        raise InputError(f"{job.name} can't be converted: {ended}")


def _entry(path: Path, job: Job) -> Entry:
    run = None if job.run is None else open_run(job.run)
    update = {
        "name": job.name,
        "file": f"sweep/{job.name}",
        "format": "float32" if job.scheme == "none" else job.scheme,
        "backbone": job.backbone,
        "width": job.width,
        "slim": job.slim,
        "peer": job.stock,
        "tool": STOCK if job.stock else "",
        "trained": run is not None and run.info.trained,
        "synthetic": run.info.synthetic if run else False,
        "network_proven": run.info.names_network if run else None,
    }
    contestant = contestant_of(path, "litert").model_copy(update=update)
    return Entry(path, contestant, run.encoder() if run else None, job.model_sha256)


def with_points(results: Results, jobs: Sequence[Job]) -> Results:
    """The results with the place of every contestant in the sweep."""
    threads = results.settings.threads[0]
    scores = {job.name: _scores(results, job.name, threads) for job in jobs}
    points = tuple(
        SweepPoint(
            contestant=job.name,
            backbone=job.backbone,
            image_size=job.image_size,
            width=job.width,
            slim=job.slim,
            pareto=None if scores[job.name] is None else _undominated(scores[job.name], scores),
        )
        for job in jobs
    )
    return results.model_copy(update={"sweep": points})


def _scores(results: Results, name: str, threads: int) -> tuple[float, float] | None:
    """Latency and balanced accuracy; None where one wasn't measured."""
    measured, accuracy = results.measurement(name, threads), results.contestant(name).accuracy
    if measured is None or accuracy is None:
        return None
    return measured.latency.p50, accuracy.balanced_accuracy.value


def _undominated(
    point: tuple[float, float] | None, scores: dict[str, tuple[float, float] | None]
) -> bool:
    """Whether nothing else is faster and no less accurate, or as fast and more accurate."""
    assert point is not None
    return not any(
        other is not None and other != point and other[0] <= point[0] and other[1] >= point[1]
        for other in scores.values()
    )


def convert_job(folder: Path, job: Job) -> None:
    """Build or open the network and convert it; the folder appears when it is complete."""
    from skinlite_export.convert.memory import check_memory
    from skinlite_export.pipeline import convert
    from skinlite_export.rewrites.registry import ALL

    with made_once(folder) as staging, tempfile.TemporaryDirectory() as drawn:
        if staging is None:
            return
        if job.run is None:
            model, data = _new_network(job, Path(drawn))
            recipe = Recipe(calibration_pictures=PICTURES, screening=None)
        else:
            model, data = _trained_network(job.run, job.data)
            recipe = Recipe()
        check_memory(model)
        how = {"rewrites": (), "ranges": "minmax"} if job.stock else {"rewrites": ALL}
        wanted = {"quantize": job.scheme, "gates": None, **how}
        content = convert(model, data, recipe.model_copy(update=wanted)).content
        (staging / FILE).write_bytes(content)


def _new_network(job: Job, folder: Path) -> "tuple[keras.Model, Prepared]":
    """New weights, and synthetic images to calibrate them."""
    import keras

    from skinlite.data.dataset import read_dataset
    from skinlite.data.synthetic.synthesize import write_synthetic
    from skinlite.models.classifier import build_classifier
    from skinlite.training.input.prepare import prepare

    assert job.topology != "adopted"
    write_synthetic(folder / "data", lesions=LESIONS, seed=0)
    data = prepare(read_dataset(folder / "data"), job.image_size, seed=0)
    keras.utils.set_random_seed(0)
    model = build_classifier(
        job.backbone,
        patient_width=len(data.encoder.columns),
        topology=job.topology,
        image_size=job.image_size,
        width=job.width,
    )
    return model, data


def _trained_network(run: Path, data: Path | None) -> "tuple[keras.Model, Prepared]":
    from skinlite.training.input.prepare import prepare_again

    opened = open_run(run)
    dataset = dataset_of(data, opened.info)
    return opened.load_model(), prepare_again(opened, dataset)


if __name__ == "__main__":
    own_temporary_folder()
    with told():
        convert_job(Path(sys.argv[1]), Job.model_validate_json(sys.argv[2]))
