"""What phones post: taken in, kept, read back, and shown in a report."""

import json
from pathlib import Path
from typing import Any

import pytest

from skinlite.errors import InputError
from skinlite_benchmarks.phones.browser import Inbox, read_devices
from skinlite_benchmarks.report.html.render_html import render_html
from skinlite_benchmarks.report.render_markdown import render_markdown
from skinlite_benchmarks.report.view import view_of
from skinlite_benchmarks.results.results import Results

MODEL = "a" * 64


def posted(**changes: Any) -> dict[str, Any]:
    """A report as a page sends it: 50 inferences of 1 to 50 ms."""
    passed = {"passed": True, "worst": 0.0}
    timing = {"threads": 1, "load_ms": 9, "first_ms": 8, "timer_ms": 0.1}
    return {
        "schema_version": 1,
        "model_sha256": MODEL,
        "name": "A <b>phone</b>",
        "user_agent": "Mozilla/5.0",
        "cores": 8,
        "runtime": "LiteRT.js",
        "image_shape": [16, 16, 3],
        "check": {"vectors": 7, "pixels": passed, "encoding": passed, "probabilities": passed},
        "timings": [{**timing, "samples_ms": list(range(1, 51))}],
    } | changes


def body(**changes: Any) -> bytes:
    return json.dumps(posted(**changes)).encode()


def test_a_report_is_kept_with_its_percentiles(tmp_path: Path, results: Results) -> None:
    folder = tmp_path / "new" / "devices"
    kept = Inbox(folder, MODEL).receive(body())
    assert kept.latencies[0].p50 == pytest.approx(25.5)
    assert kept.latencies[0].p90 == pytest.approx(45.1)
    (path,) = folder.iterdir()
    assert path.suffix == ".json"
    (one, *_) = results.contestants
    assert read_devices(folder, [one]) == ()
    assert read_devices(folder, [one.model_copy(update={"sha256": MODEL})]) == (kept,)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"name": "x" * 401}, "name"),
        ({"user_agent": "\x1b[2J"}, "user_agent"),
        ({"model_sha256": "../../etc"}, "model_sha256"),
        ({"model_sha256": "b" * 64}, "model_sha256"),
        ({"path": "/etc/passwd"}, "path"),
        ({"timings": []}, "timings"),
        ({"timings": [{**posted()["timings"][0], "samples_ms": [1.0] * 49}]}, "samples_ms"),
        (
            {"timings": [{**posted()["timings"][0], "samples_ms": [float("nan")] * 50}]},
            "samples_ms",
        ),
        ({"timings": [{**posted()["timings"][0], "samples_ms": [-1.0] * 50}]}, "samples_ms"),
    ],
)
def test_a_report_that_is_refused(tmp_path: Path, changes: dict[str, Any], where: str) -> None:
    with pytest.raises(ValueError, match=where):
        Inbox(tmp_path / "devices", MODEL).receive(body(**changes))
    assert not (tmp_path / "devices").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"a": 1'])
def test_a_body_that_is_no_report(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError):
        Inbox(tmp_path / "devices", MODEL).receive(content)
    assert not (tmp_path / "devices").exists()


def test_every_report_is_a_file_of_its_own(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, MODEL)
    for _ in range(5):
        inbox.receive(body())
    assert len(list(tmp_path.iterdir())) == 5


def test_a_folder_that_can_not_be_read(tmp_path: Path, results: Results) -> None:
    with pytest.raises(InputError, match="skinlite serve"):
        read_devices(tmp_path / "absent", results.contestants)
    (tmp_path / "half.json").write_text('{"received":')
    with pytest.raises(InputError, match=r"half\.json"):
        read_devices(tmp_path, results.contestants)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file"):
        Inbox(tmp_path / "file" / "devices", MODEL).receive(body())


def test_a_report_shows_the_phone_escaped(tmp_path: Path, results: Results) -> None:
    failed = posted()["check"] | {"pixels": {"passed": False, "worst": 7}}
    phone = Inbox(tmp_path, MODEL).receive(body(check=failed))
    first, *others = results.contestants
    shown = results.model_copy(
        update={
            "devices": (phone,),
            "contestants": (first.model_copy(update={"sha256": MODEL}), *others),
        }
    )
    shown = Results.model_validate_json(shown.model_dump_json())
    page, text = render_html(view_of(shown)), render_markdown(view_of(shown))
    assert "A &lt;b&gt;phone&lt;/b&gt;" in page and "<b>phone" not in page
    assert "failed: pixels" in page and "failed: pixels" in text
    assert "Latency on phones" in page and "Latency on phones" in text
    assert "Latency on phones" not in render_html(view_of(results))
