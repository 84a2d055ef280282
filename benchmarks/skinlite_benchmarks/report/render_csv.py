"""The report as CSV: one row a measurement, for a spreadsheet; empty where not measured."""

import csv
import io

from skinlite_benchmarks.results.records import Share
from skinlite_benchmarks.results.results import Contestant, Measurement, Results


def render_csv(results: Results) -> str:
    """Milliseconds, bytes, MB of 10^6 bytes, and shares (0-1)."""
    rows = [
        _row(results, results.contestant(measured.contestant), measured)
        for measured in results.measurements
    ]
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _row(results: Results, contestant: Contestant, measured: Measurement) -> dict[str, object]:
    accuracy, cost = contestant.accuracy, contestant.cost
    limit, ratio = measured.limit, measured.ratio
    height, width = measured.image_shape[:2] or (None, None)
    row: dict[str, object] = {
        "model": _plain(contestant.name),
        "reference": contestant.name == results.reference,
        "runtime": contestant.runtime,
        "format": contestant.format,
        "backbone": contestant.backbone,
        "peer": contestant.peer,
        "theirs": contestant.theirs,
        "trained": contestant.trained,
        "synthetic": contestant.synthetic,
        "sha256": contestant.sha256,
        "bytes": contestant.bytes,
        "threads": measured.threads,
        "height": height,
        "width": width,
        **measured.latency.model_dump(),
        "rounds": measured.rounds,
        "invocations": measured.invocations,
        "load_ms": measured.load_ms,
        "first_ms": measured.first_ms,
        "memory_mb": measured.memory_mb,
        "partitions": measured.partitions,
        "times_faster": ratio and ratio.median,
        "times_faster_low": ratio and ratio.low,
        "times_faster_high": ratio and ratio.high,
        "macs": cost and cost.macs,
        "parameters": cost and cost.parameters,
        "limit_ms": limit and limit.ms,
        "limit_share": limit and limit.share,
        "cpu": results.host.cpu,
        "leaky": accuracy and accuracy.leaky,
        "leaks": accuracy and accuracy.leaks.state,
    }
    for name in (
        "accuracy",
        "balanced_accuracy",
        "melanoma_recall",
        "agreement",
        "critical_recall",
    ):
        share: Share | None = getattr(accuracy, name, None)
        row |= {
            name: share and share.value,
            f"{name}_low": share and share.low,
            f"{name}_high": share and share.high,
        }
    row["agreement_with"] = accuracy and accuracy.agreement_with and _plain(accuracy.agreement_with)
    row["error"] = accuracy and accuracy.error
    return row | {"critical": accuracy and accuracy.exported.critical}


def _plain(text: str) -> str:
    """A file's name is no formula, whatever a spreadsheet takes it for."""
    return f"'{text}" if text[:1] in "=+-@" else text
