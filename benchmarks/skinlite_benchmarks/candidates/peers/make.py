"""`make_peers`: every peer of a run, converted once, tried, or with the reason why it can't be."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from skinlite import __version__
from skinlite.data.cache import kept_folder
from skinlite.errors import InputError
from skinlite.files.read_write import made_once
from skinlite.process.exit_status import how_it_ended
from skinlite.process.optional_packages import installed_version
from skinlite.progress import Report
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.entry import Entry, contestant_of
from skinlite_benchmarks.candidates.peers import litert_quantizer, mnn, ncnn, openvino, stock
from skinlite_benchmarks.candidates.peers.tool import (
    CALIBRATION,
    FLOAT_ONNX,
    FLOAT_TFLITE,
    Peer,
    Sources,
    Tool,
)
from skinlite_benchmarks.measure.process import ContestantProcess
from skinlite_benchmarks.results import naming

TOOLS = (openvino.TOOL, litert_quantizer.TOOL, mnn.TOOL, ncnn.TOOL)
"""Besides the stock converters; a new one is a module here and its row."""


class Peers(NamedTuple):
    """Who takes part, and sentences on who doesn't."""

    entries: list[Entry]
    reasons: list[str]


def make_peers(run: Run, data: Prepared, runtimes: Sequence[str], report: Report) -> Peers:
    """The peers of a run's model.

    Args:
        run: whose model is converted.
        data: its data set under its split, which calibrates.
        runtimes: that skinlite's files run on: a stock file on another one takes no part. Other
            tools' files run where they are made for.
        report: progress.

    Raises:
        InputError: the run is damaged, calibration is impossible, or the memory won't do.
    """
    identity = _identity(run, data)
    folder = kept_folder("peers", "\n".join((identity, *map(str, stock.PEERS), *_stock_versions())))
    with made_once(folder) as staging:
        if staging:
            stock.convert_all(run, data, staging, report)
    entries = [_entry(run, data, folder, peer) for peer in stock.PEERS if peer.runtime in runtimes]
    reasons, missing = [], []
    for number, tool in enumerate(TOOLS):
        report(f"converting with {tool.title}", number, len(TOOLS) + 1)
        versions = _versions(tool)
        if None in versions:
            missing.append(tool.title)
            continue
        try:
            theirs = _made_by(tool, "\n".join((identity, *map(str, versions))), folder, data)
        except InputError as error:
            reasons.append(f"{tool.title} takes no part: {error}")
            continue
        for entry in (_entry(run, data, theirs, peer) for peer in tool.peers):
            if reason := _refusal(entry):
                reasons.append(f"{entry.contestant.name} takes no part: {reason}")
            else:
                entries.append(entry)
    if missing:
        reasons.append(
            f"Not installed, so not measured: {', '.join(missing)}. Install with: pip install "
            "'skinlite[peers]' (ncnn also needs pip install --no-deps pnnx)"
        )
    return Peers(entries, reasons)


def _refusal(entry: Entry) -> str:
    """Why it can't be run; empty if it can. Asked alone, since in the race it would end that."""
    try:
        with ContestantProcess(entry.path, entry.contestant.runtime, 1, seed=0):
            return ""
    except InputError as error:
        return str(error)


def _made_by(tool: Tool, identity: str, stock_folder: Path, data: Prepared) -> Path:
    """The folder with a tool's files.

    Raises:
        InputError: the tool failed; the message has its last words.
    """
    folder = kept_folder("peers", f"{tool.title}\n{tool.peers}\n{identity}")
    with made_once(folder) as staging, tempfile.TemporaryDirectory() as scratch:
        if staging is None:
            return folder
        calibration = Path(scratch, CALIBRATION)
        rows = list(stock.calibration_samples(data))
        given = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        np.savez(calibration, allow_pickle=False, **given)
        sources = Sources(stock_folder / FLOAT_TFLITE, stock_folder / FLOAT_ONNX, calibration)
        command = [sys.executable, "-P", "-m", __package__, tool.convert.__module__]
        done = subprocess.run(
            [*command, *map(str, sources), str(staging)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        )
        absent = [peer.file for peer in tool.peers if not (staging / peer.file).is_file()]
        if done.returncode or absent:
            raise InputError(f"{how_it_ended(done.returncode, done.stderr)}.")
    return folder


def _entry(run: Run, data: Prepared, folder: Path, peer: Peer) -> Entry:
    path, config = folder / peer.file, run.info.network
    network = naming.network(config.backbone, config.width, config.slim)
    update = {
        "name": f"{network} {peer.format} ({peer.tool})",
        "file": f"peers/{peer.file}",
        "format": peer.format,
        "backbone": config.backbone,
        "width": config.width,
        "slim": config.slim,
        "peer": True,
        "tool": peer.tool,
        "trained": run.info.trained,
        "synthetic": run.info.synthetic,
        "network_proven": run.info.names_network,
    }
    contestant = contestant_of(path, peer.runtime).model_copy(update=update)
    return Entry(path, contestant, data.encoder, run.model_sha256(), shaping=data.shaping)


def _identity(run: Run, data: Prepared) -> str:
    """What every peer is made from."""
    train = data.split.loc[data.split["split"] == "train", "image_id"]
    return "\n".join((__version__, run.model_sha256(), *sorted(train)))


def _stock_versions() -> Iterator[str]:
    from skinlite_export.manifest.origin import versions

    return map(str, sorted(versions().items()))


def _versions(tool: Tool) -> list[str | None]:
    """Of a tool's packages; None for one that isn't installed."""
    return [installed_version(package) for package in tool.packages]
