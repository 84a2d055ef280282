"""Rungs between the baseline and skinlite's file, so that each gain of the ratio is measured.

The stock converter's int8 of the baseline, and of a run's network at the baseline's pixels: with
new weights, on which latency doesn't depend. The run's own pixels are among its peers.
"""

from collections.abc import Sequence
from pathlib import Path

from skinlite.errors import InputError
from skinlite.files.read_write import read_json
from skinlite.progress import Report
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.entry import Entry
from skinlite_benchmarks.candidates.reference import RECORD, ReferenceRecord
from skinlite_benchmarks.candidates.sweep import Job, convert_all


def make_rungs(
    baseline: Path, runs: Sequence[Run], report: Report
) -> tuple[list[Entry], list[str]]:
    """The rungs, and sentences on those that can't be had.

    Args:
        baseline: its file; one that isn't ours has no rungs.
        runs: whose networks stand against it.
        report: progress.
    """
    record = baseline.with_name(RECORD)
    if not record.is_file():
        return [], []
    entries, reasons = [], []
    for job in _jobs(read_json(ReferenceRecord, record), runs):
        try:
            entries += convert_all([job], report)
        except InputError as error:
            reasons.append(f"{job.name} takes no part: {error}")
    return entries, reasons


def _jobs(known: ReferenceRecord, runs: Sequence[Run]) -> list[Job]:
    """Each once; a slim or adopted network has no shape that new weights could be built in."""

    def job(backbone: str, topology: str, width: float) -> Job:
        return Job.model_validate(
            {
                "backbone": backbone,
                "image_size": known.image_size,
                "width": width,
                "topology": topology,
                "scheme": "int8",
                "stock": True,
            }
        )

    kinds = (run.info.network for run in runs)
    networks = [kind for kind in kinds if kind.slim is None and kind.topology != "adopted"]
    jobs = [job(known.backbone, known.topology, 1)]
    jobs += [
        job(one.backbone, one.topology, one.width)
        for one in networks
        if one.image_size != known.image_size
    ]
    return list(dict.fromkeys(jobs))
