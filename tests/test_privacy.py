"""Nothing is sent and nothing is left: real processes, watched, in a home that is empty."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from skinlite.process import environment
from skinlite.training.runs.run import Run
from skinlite_benchmarks.measure.worker import Request
from skinlite_export.bundle.folder import Bundle

LOOKS_UP_S = 14
"""onnxruntime 1.32 looked its host up 9 s after it had made a session, on a busy machine."""

SENT = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg)\(.*\b(sin6?_addr|sin6?_port|\\0\\0\\1\\0)")

ASKS = {"ORT_DISABLE_TELEMETRY": "0"}
"""A user's setting to the contrary, which is not followed."""

IN_CI = re.compile(
    "CI|TF_BUILD|GITHUB_ACTIONS|GITLAB_CI|CIRCLECI|TRAVIS|JENKINS_URL|CODEBUILD_BUILD_ID|BUILDKITE"
    "|TEAMCITY_VERSION|APPVEYOR|BITBUCKET_BUILD_NUMBER"
)
"""Variables of CI services: where one is set onnxruntime 1.32 keeps quiet, so that nothing would be
seen (findings/onnxruntime-quiet-in-ci.sh)."""

MODELS = {"litert": "model.tflite", "compiled": "model.tflite", "onnxruntime": "model.onnx"}
if find_spec("openvino"):
    MODELS["openvino"] = "model.onnx"

Watch = Callable[..., "Watched"]


class Watched:
    """A process in an empty home, with an empty temporary folder."""

    def __init__(self, folder: Path, line: list[str], environ: Mapping[str, str]) -> None:
        self.home, self.temporary, self._trace = (folder / name for name in ("home", "tmp", "log"))
        for path in (self.home, self.temporary):
            path.mkdir(parents=True)
        ours = ("SKINLITE_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "KERAS_HOME")
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ours and not IN_CI.fullmatch(name)
        }
        strace = []
        if shutil.which("strace"):
            # seccomp: only what is printed is stopped for, which is twice as fast.
            strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=network"]
            strace += ["-o", str(self._trace)]
        self.process = subprocess.Popen(
            [*strace, *line],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**kept, "HOME": str(self.home), "TMPDIR": str(self.temporary), **environ},
        )

    def end(self, said: str = "") -> str:
        """Wait for its end; what it printed."""
        out, self.told = self.process.communicate(said, timeout=300)
        assert self.process.returncode == 0, self.told
        return out

    @property
    def written(self) -> list[str]:
        """Files outside of skinlite's cache that it left."""
        found = [
            path.relative_to(top).as_posix()
            for top in (self.home, self.temporary)
            for path in top.rglob("*")
            if path.is_file()
        ]
        return [name for name in found if not name.startswith(".cache/skinlite/")]

    @property
    def sent(self) -> list[str]:
        """What it did to reach another machine, a name server included."""
        need_strace()
        return [line for line in self._trace.read_text().splitlines() if SENT.search(line)]


def need_strace() -> None:
    if shutil.which("strace") is None:
        pytest.skip("there is no strace to watch with (apt-get install strace)")


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """Starts a Python process under strace; its arguments, and variables."""

    def start(name: str, *arguments: str | Path, **environ: str) -> Watched:
        return Watched(tmp_path / name, [sys.executable, *map(str, arguments)], environ)

    return start


def reports() -> bool:
    """Whether this onnxruntime does, by its own Privacy.md."""
    found = [path for path in files("onnxruntime") or () if path.name == "Privacy.md"]
    return any("ORT_DISABLE_TELEMETRY" in path.read_text() for path in found)


@pytest.mark.slow
def test_no_runner_sends_or_leaves_anything(
    watch: Watch, tiny_bundle: Bundle, kept_run: Run
) -> None:
    need_strace()
    models = {runner: tiny_bundle.path / name for runner, name in MODELS.items()}
    models["keras"] = kept_run.path
    worker = ("-P", "-m", "skinlite_benchmarks.measure.worker")
    workers = {
        runner: watch(runner, *worker, model, runner, "1", "0", **ASKS)
        for runner, model in models.items()
    }
    # What is seen of them would be seen of one that reports.
    alone = watch("alone", "-c", f"import onnxruntime, time; time.sleep({LOOKS_UP_S})", **ASKS)
    for one in workers.values():
        assert one.process.stdout and '"loaded"' in one.process.stdout.readline()
    time.sleep(LOOKS_UP_S)
    for runner, one in workers.items():
        assert '"turn"' in one.end(Request(timed=1, untimed=0).model_dump_json() + "\n")
        assert (one.sent, one.written) == ([], []), runner
    alone.end()
    assert bool(alone.written) == reports()


@pytest.mark.slow
def test_an_export_makes_the_same_bytes_as_another_and_sends_and_leaves_nothing(
    watch: Watch, skinlite: Callable[..., Any], kept_run: Run, tiny_data: Path, tmp_path: Path
) -> None:
    """Same run, recipe and versions: byte-identical files, whatever a process did before."""
    line = ("export", "--model", kept_run.path, "--data", tiny_data, "--onnx", "int8")
    line += ("--calibration-images", "20", "--gates", "off", "--out")
    code, _, err = skinlite(*line, tmp_path / "here")
    assert code == 0, err
    one = watch("export", "-m", "skinlite", *line, tmp_path / "there", **ASKS, PYTHONHASHSEED="1")
    assert f"Bundle: {tmp_path / 'there'}" in one.end()
    assert "Traceback" not in one.told and "WARNING" not in one.told
    for name in ("model.tflite", "model.onnx"):
        there, here = (tmp_path / place / name for place in ("there", "here"))
        assert there.read_bytes() == here.read_bytes(), name
    assert one.written == []
    assert one.sent == []


@pytest.mark.parametrize("package", ["skinlite", "skinlite_export", "skinlite_benchmarks"])
@pytest.mark.parametrize("value", ["", "0", None])
def test_an_import_switches_the_reports_off(package: str, value: str | None) -> None:
    """Library use, and whatever the variable said before."""
    code = f"""
import os, {package}
from importlib.util import find_spec
print(os.environ["ORT_DISABLE_TELEMETRY"])
try:
    import openvino_telemetry
except ImportError:
    print("refused")
print(find_spec("openvino_telemetry"))
"""
    environ = {name: text for name, text in os.environ.items() if name != environment.SWITCH}
    if value is not None:
        environ[environment.SWITCH] = value
    told = subprocess.check_output([sys.executable, "-W", "error", "-c", code], env=environ)
    assert told.decode().split() == ["1", "refused", "None"]


def test_an_onnxruntime_that_was_there_first_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", object())  # type: ignore[misc]
    monkeypatch.delenv(environment.SWITCH)
    with pytest.warns(UserWarning, match="imported before skinlite.*Import skinlite first"):
        environment.keep_private()
    environment.keep_private()


def test_the_libraries_folders_are_ours_unless_the_user_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folders() -> dict[str, Any]:
        for name in ("KERAS_HOME", "MPLCONFIGDIR"):
            monkeypatch.delenv(name, raising=False)
        environment.keep_private()
        return {name: os.environ.get(name) for name in ("KERAS_HOME", "MPLCONFIGDIR")}

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    cache = tmp_path / "cache"
    assert folders() == {
        "KERAS_HOME": str(cache / "keras"),
        "MPLCONFIGDIR": str(cache / "matplotlib"),
    }
    for name in (".keras", ".config/matplotlib", ".matplotlib"):
        (tmp_path / name).mkdir(parents=True)
    assert folders() == {"KERAS_HOME": None, "MPLCONFIGDIR": None}
