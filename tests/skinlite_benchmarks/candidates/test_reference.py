"""The reference's cache, with a stand-in for the conversion (the real one takes a minute)."""

import sys
from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite_benchmarks.candidates import reference
from skinlite_benchmarks.candidates.find import find_reference
from skinlite_benchmarks.candidates.reference import (
    ReferenceBuild,
    check_memory,
    record,
    reference_path,
)
from skinlite_export.convert.memory import available


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(reference, "check_memory", lambda: None)
    return tmp_path / "cache"


def run(script: str):
    """A command that runs ``script`` with the folder as its argument."""
    return lambda folder, _: [sys.executable, "-c", script, str(folder)]


WRITE = (
    "import sys, pathlib; f = pathlib.Path(sys.argv[1]); f.mkdir(parents=True);"
    "(f / 'model.tflite').write_bytes(b'model')"
)


def test_builds_once_and_then_takes_the_cached_one() -> None:
    with ReferenceBuild(run(WRITE)) as build:
        path = build.wait()
    assert path.read_bytes() == b"model"
    with ReferenceBuild(run("raise SystemExit('must not run')")) as build:
        assert not build.running
        assert build.wait() == path


def test_another_version_is_another_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reference_path()
    assert reference_path() == before
    monkeypatch.setattr(reference, "__version__", "99.0")
    assert reference_path() != before


def test_record_names_the_untrained_network() -> None:
    made_from = record()
    assert (made_from.backbone, made_from.image_size) == ("inception_resnet_v2", 299)
    assert (made_from.patient_width, made_from.trained) == (20, False)


def test_record_beside_the_model_names_it(cache: Path) -> None:
    path = reference_path()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"model")
    (path.parent / "reference.json").write_text(record().model_dump_json())
    found = find_reference(path).contestant
    assert (found.name, found.trained) == ("InceptionResNetV2 float32", False)


def test_failure_is_a_message_with_the_last_words() -> None:
    with (
        ReferenceBuild(run("raise SystemExit('no such layer')")) as build,
        pytest.raises(InputError, match=r"no such layer.*--reference none"),
    ):
        build.wait()


def test_death_by_the_kernel_is_explained() -> None:
    killed = run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with ReferenceBuild(killed) as build, pytest.raises(InputError, match="lack of memory"):
        build.wait()


def test_leaving_early_ends_the_conversion_and_leaves_nothing(cache: Path) -> None:
    with ReferenceBuild(run("import time; time.sleep(60)")) as build:
        assert build.running
    assert not build.running
    assert not list(cache.rglob("*.tflite"))


def test_too_little_memory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a container's memory, which may be less than the machine's."""
    meminfo, group = tmp_path / "meminfo", tmp_path
    monkeypatch.setattr(reference, "available", lambda: available(meminfo, group))
    meminfo.write_text("MemAvailable: 4000000 kB\n")
    with pytest.raises(InputError, match=r"4\.1 GB are available.*--reference none"):
        check_memory()
    meminfo.write_text("MemAvailable: 12000000 kB\n")
    check_memory()
    (group / "memory.max").write_text("6000000000\n")
    (group / "memory.current").write_text("1000000000\n")
    (group / "memory.stat").write_text("inactive_file 0\n")
    with pytest.raises(InputError, match=r"5\.0 GB are available"):
        check_memory()
    meminfo.unlink()  # not Linux: it is tried
    check_memory()
