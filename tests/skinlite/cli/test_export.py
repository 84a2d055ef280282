"""``skinlite export``: the choices it lists, the runs it refuses, the gate that fails."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.models.backbones import BACKBONES
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import Bundle, open_bundle

Skinlite = Callable[..., Any]


def test_an_unknown_scheme_lists_the_choices(skinlite: Skinlite) -> None:
    code, _, err = skinlite("export", "--quantize", "int4")
    assert code == 2
    assert "--quantize 'int4'" in err
    for scheme in ("none", "float16", "dynamic", "int8"):
        assert f"'{scheme}'" in err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--rewrites", "magic"], "unfuse-hard-swish"),
        (["--gates", "strict"], "melanoma_recall_drop=0.05"),
        (["--screening", "0.5"], "--screening 0.5: "),
        (["--seed", "-1"], "--seed -1: "),
        (
            ["--kit", "web,windows"],
            "no kit 'windows'. --kit needs one or more of android, ios, react-native, web",
        ),
        (["--ranges", "guess"], "'mse' or 'minmax'"),
        (["--calibration-images", "0"], "--calibration-pictures"),
        (["--on-fail", "pray"], "'stop' or 'search'"),
        (["--quantize", "float16", "--keep-float", "conv"], "--keep-float is about int8"),
        (["--quantize", "none", "--explain-error"], "--explain-error is about int8"),
        (["--quantize", "dynamic", "--calibration", "clinic"], "--calibration is about int8"),
        (["--quantize", "none", "--screening", "3"], "--screening is about int8"),
        (["--quantize", "dynamic", "--ranges", "mse"], "--ranges is about int8"),
        (
            ["--quantize", "float16", "--calibration-images", "100"],
            "--calibration-images is about int8, and --quantize is float16",
        ),
        (["--gates", "off", "--on-fail", "search"], "needs gates. Leave it out"),
        (["--integer-only", "--keep-float", "conv"], "leaves nothing in float"),
    ],
)
def test_flags_that_are_wrong(skinlite: Skinlite, flags: list[str], told: str) -> None:
    code, _, err = skinlite("export", *flags)
    assert code == 2
    assert told in " ".join(err.split())


def test_no_run_to_export(
    skinlite: Skinlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = skinlite("export")
    assert code == 2
    assert "skinlite train" in err and "skinlite demo" in err and "--model RUN" in err


def test_a_run_of_a_killed_training(skinlite: Skinlite, run: Path) -> None:
    partial = run.rename(run.with_name("run.partial"))
    for path in (run, partial):
        code, _, err = skinlite("export", "--model", path)
        assert code == 2
        assert f"skinlite train --resume {run}" in err


def test_a_folder_that_is_no_run(skinlite: Skinlite, tmp_path: Path) -> None:
    code, _, err = skinlite("export", "--model", tmp_path)
    assert code == 2
    assert "not a run folder" in err


def test_a_keras_file_is_no_run(skinlite: Skinlite, run: Path) -> None:
    code, _, err = skinlite("export", "--model", run / "model.keras")
    assert code == 2
    assert "model.keras is a file" in err and "skinlite train" in err


def test_a_damaged_model(skinlite: Skinlite, run: Path, tmp_path: Path) -> None:
    (run / "model.keras").write_bytes(b"PK damaged")
    code, _, err = skinlite("export", "--model", run, "--out", tmp_path / "bundle")
    assert code == 2
    assert "is not the model of this run: it is a truncated or damaged zip" in err
    assert not (tmp_path / "bundle").exists()


def test_an_output_folder_that_cannot_be_made(
    skinlite: Skinlite, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    code, _, err = skinlite("export", "--model", run, "--out", tmp_path / "file" / "bundle")
    assert code == 2
    assert "Can't write" in err and "--out" in err


def test_a_data_set_that_is_another(skinlite: Skinlite, run: Path, data: Path) -> None:
    """The run's images are not all there."""
    table = data / "HAM10000_metadata.csv"
    table.write_text("\n".join(table.read_text().splitlines()[:-3]))
    code, _, err = skinlite("export", "--model", run, "--data", data, "--out", data / "bundle")
    assert code == 2
    assert "of the split's images" in err and "--data" in err


@pytest.fixture
def undecided(conv_run: Run, forget_hashes: Callable[[Path], Run]) -> Path:
    """A run whose network hardly tells two classes apart: int8 can't keep its answers.

    The kernel of nv is that of akiec and its bias a thousandth higher, so that float answers nv
    and int8, for which both are the same, the first of the two. With ``--rewrites none``, that is:
    float-head keeps them apart. The run is one of before runs named their networks.
    """
    run = conv_run
    model = run.load_model()
    kernel, bias = model.get_layer("probabilities").get_weights()
    kernel[:, 5] = kernel[:, 0]
    bias = np.full(7, -8.0, np.float32)
    bias[0], bias[5] = 1.0, 1.001
    model.get_layer("probabilities").set_weights([kernel, bias])
    model.save(run.path / "model.keras")
    forget_hashes(run.path)
    return run.path


@pytest.fixture
def slower_in_int8_onnx(conv_net: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of `conv_net` int8 is known to be slower in .onnx."""
    row = replace(BACKBONES[conv_net], int8_onnx_pays=False)
    monkeypatch.setitem(BACKBONES, conv_net, row)


@pytest.mark.usefixtures("slower_in_int8_onnx")
def test_a_gate_that_fails_is_exit_3_and_the_bundle_is_kept(
    skinlite: Skinlite, undecided: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bundle"
    code, told, err = skinlite(
        *("export", "--model", undecided, "--out", out, "--onnx", "int8"),
        *("--calibration-images", "20", "--rewrites", "none"),
    )
    assert code == 3, err
    assert "marked rejected" in err and "model.tflite: agreement" in err
    assert "fails model.tflite: agreement" in told and "holds model.onnx: agreement" in told
    assert "few calibration images: with fewer than 100" in told
    bundle = open_bundle(out)
    bundle.check_files()
    assert bundle.manifest.status == "rejected"
    assert bundle.manifest.recipe.onnx == "int8"  # as it was asked for
    assert "unknown whether config.json describes model.keras" in err
    assert not bundle.manifest.source.network_proven
    assert (out / "MODEL_CARD.md").read_text().count("UNKNOWN whether this is the network") >= 2

    code, told, err = skinlite("verify", out)
    assert code == 3
    assert "status: rejected" in told and "marked rejected" in err
    image = next((tmp_path / "bundle" / "golden").glob("mel.png"))
    code, _, err = skinlite("predict", out, image)
    assert code == 0
    assert "failed its gates" in err


@pytest.mark.usefixtures("slower_in_int8_onnx")
def test_a_search_finds_the_layer_that_has_to_stay_in_float(
    skinlite: Skinlite, undecided: Path, tmp_path: Path
) -> None:
    """The last layer: in float, a thousandth between two classes is enough. And the .onnx stays in
    float32 without ``--onnx``, where int8 is known to be slower."""
    out = tmp_path / "bundle"
    code, told, err = skinlite(
        *("export", "--model", undecided, "--out", out, "--calibration-images", "20"),
        *("--rewrites", "none", "--gates", "agreement=1", "--on-fail", "search"),
    )
    assert code == 0, err
    assert "searched on the validation split" in told and "gave up" not in told
    assert "int8 error of each layer" in told
    assert "The .onnx stays in float32" in err
    found = open_bundle(out).manifest
    assert found.recipe.onnx == "float32"
    assert found.status == "accepted"
    assert found.search is not None and found.search.kept[-1] == "probabilities"
    assert all("agreement" in step.failed for step in found.search.steps[:-1])
    assert found.search.steps[-1].failed == ()
    assert found.audit.float_operations["FULLY_CONNECTED"] == 1


def test_a_search_that_gave_up_is_a_gate_that_failed(tiny_bundle: Bundle) -> None:
    from skinlite.cli.tables import print_manifest
    from skinlite.errors import GateError
    from skinlite_export.manifest.measured import Search, SearchStep
    from skinlite_export.verify.gates import check_gates

    step = SearchStep(kept=("conv", "conv_1"), bytes=1, agreement=0.9, failed=("agreement",))
    path = Search(found=False, steps=(step.model_copy(update={"kept": ()}), step))
    assert path.kept == ()
    manifest = tiny_bundle.manifest.model_copy(update={"search": path})
    print_manifest(manifest)
    with pytest.raises(GateError, match=r"^2 layers in float aren't .*marked rejected"):
        check_gates(manifest, tiny_bundle.path)


def test_the_newest_run_is_taken_and_json_is_the_manifest(
    skinlite: Skinlite, undecided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(undecided, tmp_path / "runs" / "mine")
    code, told, err = skinlite("export", "--quantize", "float16", "--json", "--gates", "off")
    assert code == 0, err
    bundle = open_bundle(tmp_path / "bundles" / "mine-float16")
    assert json.loads(told) == json.loads(bundle.manifest.model_dump_json())
    assert bundle.manifest.status == "ungated"
