"""Phones' own measurements: take one in from `skinlite serve`, keep it, read them for a report."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from skinlite.errors import InputError
from skinlite.files.read_write import read_json, write_atomically, writing
from skinlite_benchmarks.measure.statistics import percentiles
from skinlite_benchmarks.results.device_records import Device, DeviceReport
from skinlite_benchmarks.results.results import Contestant


@dataclass(frozen=True)
class Inbox:
    """A folder that takes in reports on one model, each in a new file with a name of ours.

    Attributes:
        folder: made when the first report comes.
        model_sha256: of the only model that reports may be about.
    """

    folder: Path
    model_sha256: str

    def receive(self, body: bytes) -> Device:
        """Validate and keep one posted report.

        Raises:
            ValueError: not a report, or about another model; says where.
            InputError: the folder can't be written to, or the disk is full.
        """
        try:
            report = DeviceReport.model_validate_json(body)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the report"
            raise ValueError(f"{place}: {first['msg']}") from error
        if report.model_sha256 != self.model_sha256:
            raise ValueError("model_sha256: another model than the one that is served")
        device = Device(
            received=datetime.now(UTC),
            report=report,
            latencies=tuple(percentiles(np.array(timing.samples_ms)) for timing in report.timings),
        )
        name = f"{device.received:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.json"
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / name, device.model_dump_json(indent=1) + "\n")
        return device


def read_devices(folder: Path, contestants: Iterable[Contestant]) -> tuple[Device, ...]:
    """The devices that ran one of the contestants' files, oldest first.

    Raises:
        InputError: no such folder, or a record in it is damaged.
    """
    if not folder.is_dir():
        raise InputError(
            f"There is no folder {folder} with devices' records. Make one with: skinlite serve"
        )
    hashes = {contestant.sha256 for contestant in contestants}
    devices = [read_json(Device, path) for path in sorted(folder.glob("*.json"))]
    return tuple(
        sorted(
            (device for device in devices if device.report.model_sha256 in hashes),
            key=lambda device: device.received,
        )
    )
