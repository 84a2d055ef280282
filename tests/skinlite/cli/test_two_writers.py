"""Two commands, one place: who comes second is told, and neither loses anything."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from skinlite.files.locks import Claim
from skinlite.training.runs.find import partial_folder, reopen_run
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import Bundle, open_bundle

Skinlite = Callable[..., Any]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")


@contextmanager
def claimed(place: Path) -> Iterator[None]:
    """Another thread writes to a place, which is as good as another process."""
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with Claim(place):
            begun.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert begun.wait(10)
    yield
    done.set()
    thread.join()


def start(*arguments: str | Path, cwd: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "skinlite", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    )


@pytest.mark.parametrize(
    "line",
    [
        ("train", "--data", "{data}", "--out", "{out}"),
        ("train", "--data", "{data}", "--resume", "{out}"),
        ("export", "--model", "{run}", "--out", "{out}"),
        ("kit", "{bundle}", "--kit", "web", "--out", "{out}"),
        ("evaluate", "{run}", "--figures", "{out}"),
        ("benchmark", "{bundle}", "--reference", "none", "--out", "{out}"),
        ("demo", "--out", "{out}"),
        ("data", "synthesize", "--out", "{out}", "--replace"),
    ],
    ids=" ".join,
)
def test_a_place_that_is_being_written_is_refused_at_once(
    skinlite: Skinlite,
    tiny_data: Path,
    tiny_run: Run,
    tiny_bundle: Bundle,
    tmp_path: Path,
    line: tuple[str, ...],
) -> None:
    out = tmp_path / "out"
    places = {"data": tiny_data, "run": tiny_run.path, "bundle": tiny_bundle.path, "out": out}
    with claimed(out):
        code, told, err = skinlite(*(argument.format_map(places) for argument in line))
        assert not out.exists() and not partial_folder(out).exists()
    assert (code, told) == (2, "")
    assert f"Another skinlite is writing {out}" in err and "Wait until it is finished" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line",
    [
        ("predict", "{bundle}", "{images}", "--isic-csv", "{out}.csv"),
        ("predict", "{bundle}", "{image}", "--attention", "{out}.png"),
        ("evaluate", "{run}", "--isic-csv", "{out}.csv"),
        ("report", "paper", "{run}", "--out", "{out}.md"),
    ],
    ids=" ".join,
)
def test_a_file_that_is_being_written_is_refused_at_once(
    skinlite: Skinlite,
    tiny_data: Path,
    tiny_run: Run,
    tiny_bundle: Bundle,
    tmp_path: Path,
    line: tuple[str, ...],
) -> None:
    image = min(tiny_data.glob("*/*.jpg"))
    places = {"run": tiny_run.path, "bundle": tiny_bundle.path, "out": tmp_path / "out"}
    words = [word.format(**places, image=image, images=image.parent) for word in line]
    out = Path(words[-1])
    with claimed(out):
        code, told, err = skinlite(*words)
    assert (code, told) == (2, "")
    assert f"Another skinlite is writing {out}" in err and "Wait until it is finished" in err
    assert list(tmp_path.iterdir()) == []
    os.mkfifo(out)  # and nothing that isn't a file is replaced by one
    code, told, err = skinlite(*words)
    assert (code, told) == (2, "") and f"{out} is a pipe: give a file" in err
    assert list(tmp_path.iterdir()) == [out]


def test_of_two_tables_at_once_each_success_was_put_in_place(
    bundle: Bundle, image: Path, tmp_path: Path
) -> None:
    line = ("predict", bundle.path, image.parent, "--isic-csv", "out.csv")
    both = [start(*line, cwd=tmp_path) for _ in range(2)]
    told = [process.communicate(timeout=120)[1] for process in both]
    codes = [process.returncode for process in both]
    assert 0 in codes and set(codes) <= {0, 2}, told
    for code, err in zip(codes, told, strict=True):
        assert ("Another skinlite is writing out.csv" if code else "out.csv: ") in err
    rows = (tmp_path / "out.csv").read_text().splitlines()
    assert len(rows) == 1 + len(list(image.parent.iterdir()))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "out.csv"]


def test_no_signature_goes_into_a_bundle_that_gets_a_kit(
    skinlite: Skinlite, bundle: Bundle, tmp_path: Path
) -> None:
    """It would be gone with the old folder."""
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    made = Ed25519PrivateKey.generate()
    key = tmp_path / "key.pem"
    key.write_bytes(
        made.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    )
    with claimed(bundle.path):
        code, _, err = skinlite("sign", bundle.path, "--key", key)
    assert code == 2 and f"Another skinlite is writing {bundle.path}" in err
    assert not bundle.signed


def test_a_folder_that_is_chosen_for_the_user_is_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skinlite.cli import shared

    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundles" / "net-2").mkdir(parents=True)
    with claimed(tmp_path / "bundles" / "net"), shared.held:
        assert shared.output_folder(None, "bundles", "net") == Path("bundles/net-3")
    assert [path.name for path in (tmp_path / "bundles").iterdir()] == ["net-2"]


def test_two_at_once_leave_one_success_and_one_refusal(tmp_path: Path) -> None:
    line = ("data", "synthesize", "--lesions", "120", "--out", "set")
    both = [start(*line, "--seed", str(seed), cwd=tmp_path) for seed in (1, 2)]
    told = [process.communicate(timeout=120) for process in both]
    codes = [process.returncode for process in both]
    assert sorted(codes) == [0, 2], told
    seed = 1 + codes.index(0)
    assert f"seed {seed}" in " ".join((tmp_path / "set" / "README.txt").read_text().split())
    assert "set" in told[codes.index(2)][1] and "Traceback" not in told[codes.index(2)][1]
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_every_kit_that_is_told_to_be_there_is(bundle: Bundle, tmp_path: Path) -> None:
    kits = ("android", "ios", "web")
    all_of_them = {kit: start("kit", bundle.path, "--kit", kit, cwd=tmp_path) for kit in kits}
    told = {kit: process.communicate(timeout=120) for kit, process in all_of_them.items()}
    made = {kit for kit, process in all_of_them.items() if process.returncode == 0}
    found = open_bundle(bundle.path)
    found.check_files()
    assert (
        made and {Path(name).parts[1] for name in found.manifest.files if "kits/" in name} == made
    )
    for kit in set(kits) - made:
        assert all_of_them[kit].returncode == 2 and "Another skinlite is writing" in told[kit][1]
    assert list(bundle.path.parent.iterdir()) == [bundle.path]


def test_a_run_that_is_being_trained_is_not_taken_up(run: Path, skinlite: Skinlite) -> None:
    run.replace(partial_folder(run))
    with claimed(run):
        for path in (run, partial_folder(run)):
            code, _, err = skinlite("train", "--resume", path)
            assert code == 2 and f"Another skinlite is writing {run}" in err
    with claimed(run), pytest.raises(Exception, match="Another skinlite is writing"):
        reopen_run(run)
