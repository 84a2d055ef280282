"""``skinlite benchmark THEIR.tflite``: rows beside ours, and what isn't known of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import numpy_helper

from skinlite.errors import InputError
from skinlite_benchmarks import BenchmarkSettings, benchmark
from skinlite_benchmarks.candidates.feeds import Declared
from skinlite_benchmarks.candidates.find import find_contestants
from skinlite_benchmarks.measure.stored_inputs import Takes
from skinlite_benchmarks.results.results import Contestant, read_results
from skinlite_export.inspect.feeding.how_to_feed import find_feed
from skinlite_export.inspect.feeds import Hypothesis
from skinlite_export.inspect.open_model import open_model
from skinlite_export.inspect.record import Feed
from skinlite_export.runtime.runner import FILES

from ..conftest import write_bundle
from .conftest import CLASSES, LIKE

Made = Callable[..., Path]
Benchmarked = Callable[..., tuple[Any, dict[str, Any]]]
TRAINED = "the evaluation set may have trained it"


def test_nothing_but_the_file_is_needed_for_its_latency(
    tflite_file: Made, onnx_file: Made, benchmarked: Benchmarked
) -> None:
    made = {
        "tflite": tflite_file(dtype="UINT8"),
        "no scale": tflite_file(dtype="INT8", scale=False),
        "onnx": onnx_file(layout="NCHW", batch="batch", outputs=2, besides="age more"),
    }
    told, found = benchmarked(*made.values(), "--runtimes", "litert,compiled,onnxruntime")
    assert told.code == 0
    assert [one["theirs"] for one in found["contestants"]] == [True] * 5
    assert {one["image_shape"] == [16, 16, 3] for one in found["measurements"]} == {True}
    assert all(one["latency"]["p50"] > 0 for one in found["measurements"])
    assert found["measurements"][0]["partitions"] is not None
    notes = " ".join(found["notices"])
    assert "somebody else's file" in notes and "was timed with random numbers" in notes
    assert "2 outputs: 'softmax', 'other_1'" in notes and "has no fixed batch" in notes
    assert "'pixels' is int8 without quantization parameters" in notes
    assert notes.count("'pixels' is int8 without") == 1  # of two runtimes
    assert "model (theirs), " in told.out and "accuracy not measured" in told.out


def test_theirs_stand_beside_ours_with_the_feed_that_inspect_wrote(
    skinlite: Callable[..., Any], benchmarked: Benchmarked, dataset: Path,
    coloured: Made, models: Path, tflite_file: Made, tmp_path: Path,
) -> None:  # fmt: skip
    bundle = write_bundle(tmp_path / "bundle", models)
    feed, file = tmp_path / "feed.json", tflite_file()
    names = sorted(CLASSES.split(","), reverse=True)
    shuffled = tflite_file(names)
    assert skinlite("inspect", shuffled, "--data", coloured(), "--feed", feed).code == 0
    told, found = benchmarked(
        bundle, shuffled, file, "--feed", feed, "--data", dataset,
        "--runtimes", "litert,compiled,onnxruntime",
    )  # fmt: skip
    assert told.code == 0
    theirs = found[f"{shuffled.stem} (theirs)"]
    accuracy = theirs["accuracy"]
    assert theirs["theirs"] and theirs["feed"]["classes"] == names
    assert accuracy["exported"]["accuracy"] > 0.9 and accuracy["pictures"] == "unknown"
    assert accuracy["leaks"]["state"] == "unknown" and TRAINED in accuracy["leaks"]["reason"]
    again = found[f"{shuffled.stem} (theirs) CompiledModel"]["accuracy"]
    assert again["exported"]["confusion"] == accuracy["exported"]["confusion"]
    # A file whose feed nobody gave isn't judged, and ours are as ever.
    assert found[f"{file.stem} (theirs)"]["accuracy"] is None
    assert not found["tiny_net int8"]["theirs"] and found["tiny_net int8"]["accuracy"]
    said = " ".join(found["notices"])
    assert TRAINED in said and f"{file.stem} (theirs) was not tested for accuracy" in said
    assert told.out.startswith("tiny_net ")  # the sentence is about ours
    assert told.out.count(TRAINED) == 2
    for name in ("report.html", "report.md"):
        page = (found["out"] / name).read_text()
        assert "(theirs)" in page and "may have trained it" in page and TRAINED in page
    assert 'class="theirs"' in (found["out"] / "report.html").read_text()
    read = read_results(found["out"])
    assert read.contestant(theirs["name"]).feed == Feed.model_validate_json(feed.read_text())


def test_flags_say_the_same_as_a_feed(
    benchmarked: Benchmarked, dataset: Path, onnx_file: Made
) -> None:
    """NCHW, logits, Caffe's BGR: with another range the predictions are wrong."""
    file = onnx_file(Hypothesis("caffe", "BGR"), layout="NCHW", logits=True, batch="N")
    flags = ("--classes", CLASSES, "--channels", "bgr", "--geometry", "stretch", "--data", dataset)
    told, found = benchmarked(file, *flags, "--pixels", "caffe", "--antialias")
    accuracy, feed = (found["model (theirs)"][name] for name in ("accuracy", "feed"))
    assert accuracy["exported"]["accuracy"] > 0.9 and feed["logits"] and feed["antialias"]
    assert TRAINED in told.out and "--model RUN" not in " ".join(found["notices"])
    _, wrong = benchmarked(file, *flags, "--pixels", "0..1")
    assert wrong["model (theirs)"]["accuracy"]["exported"]["accuracy"] < 0.5


def test_a_baseline_of_theirs(
    benchmarked: Benchmarked, dataset: Path, onnx_file: Made, tflite_file: Made,
    models: Path, tmp_path: Path,
) -> None:  # fmt: skip
    """Theirs agree with it; ours with their own float model."""
    baseline, other = onnx_file(), tflite_file(dtype="UINT8")
    paths = {}
    for file, pixels in ((baseline, "0-255"), (other, "-1..1")):
        mean, std = (0, 1) if pixels == "0-255" else (127.5, 127.5)
        found = open_model(file).inspection
        feed = Feed(
            pixels=pixels, mean=(mean,) * 3, std=(std,) * 3, channels="RGB", layout="NHWC",
            geometry="crop", antialias=False, height=16, width=16, logits=False,
            classes=tuple(CLASSES.split(",")), sha256=found.sha256,
        )  # fmt: skip
        paths[file] = tmp_path / f"{file.stem}.json"
        paths[file].write_text(feed.model_dump_json())
    given = [part for path in paths.values() for part in ("--feed", path)]
    bundle = write_bundle(tmp_path / "bundle", models)
    told, found = benchmarked(bundle, other, *given, "--data", dataset, reference=baseline)
    assert told.code == 0 and found["reference"] == "model (theirs)"
    ratios = {one["contestant"]: one["ratio"] for one in found["measurements"]}
    assert ratios["tiny_net int8"]["median"] > 0 and ratios["model (theirs)"] is None
    accuracy = found[f"{other.stem} (theirs)"]["accuracy"]
    assert accuracy["agreement_with"] == "model (theirs)" and accuracy["agreement"]["value"] > 0.8
    assert accuracy["keras"] is None
    assert found["tiny_net int8"]["accuracy"]["agreement_with"] is None
    assert "(with model (theirs))" in (found["out"] / "report.md").read_text()


def test_a_feed_that_names_no_file(
    benchmarked: Benchmarked, onnx_file: Made, tflite_file: Made, dataset: Path, coloured: Made,
    tmp_path: Path,
) -> None:  # fmt: skip
    """As inspect wrote it at first: that of the only file that has none."""
    file, feed = onnx_file(), tmp_path / "feed.json"
    found = find_feed(open_model(file), coloured()).feed
    assert found.sha256 == open_model(file).inspection.sha256
    feed.write_text(json.dumps(found.model_dump(exclude={"sha256"})))
    told, results = benchmarked(file, "--feed", feed, "--data", dataset)
    assert told.code == 0 and results["model (theirs)"]["accuracy"]["exported"]["accuracy"] > 0.9
    told, _ = benchmarked(file, tflite_file(), "--feed", feed)
    assert told.code == 2 and "could be meant" in told.err


def test_the_images_of_a_declared_feed(onnx_file: Made, tflite_file: Made) -> None:
    random = np.random.default_rng(0)
    (drawn,) = Takes(tensors=open_model(tflite_file(dtype="UINT8")).inspection.inputs).draw(random)
    assert drawn.dtype == np.uint8 and drawn.shape == (1, 16, 16, 3) and drawn.max() > 200
    inputs = open_model(onnx_file(layout="NCHW", batch="batch", besides="age")).inspection.inputs
    image, age = Takes(tensors=inputs).draw(random)
    assert image.shape == (1, 3, 16, 16) and 0.9 < image.max() <= 1 and age.shape == (1, 2)


def test_any_file_on_any_of_its_runtimes(tflite_file: Made) -> None:
    file, image = tflite_file(), np.full((1, 16, 16, 3), 0.25, np.float32)
    outputs = []
    for runtime in ("litert", "compiled"):
        loaded = FILES[runtime](file, threads=1)
        loaded.set_tensors([image])
        loaded.invoke()
        (scores,) = loaded.tensors()
        outputs.append(scores)
    assert outputs[0].shape == (1, 7) and outputs[0].sum() == pytest.approx(1)
    assert np.allclose(*outputs, atol=1e-6)


def test_a_file_of_ours_is_no_file_of_theirs(models: Path) -> None:
    for name in ("tiny.tflite", "tiny.onnx"):
        (entry,) = find_contestants([models / name])
        assert not entry.contestant.theirs and entry.takes is None
    before = {"name": "a", "file": "a", "bytes": 1, "sha256": "a", "runtime": "litert"}
    assert Contestant.model_validate(before).theirs is False


def test_what_trained_it_is_known(
    benchmarked: Benchmarked, dataset: Path, onnx_file: Made, tmp_path: Path
) -> None:
    file, table = onnx_file(), pd.read_csv(dataset / "HAM10000_metadata.csv")
    flags = ("--classes", CLASSES, "--pixels", "0-255", *LIKE, "--data", dataset)
    table = table.assign(lesion_id="L" + table["image_id"])
    table.to_csv(dataset / "HAM10000_metadata.csv", index=False)
    sides = np.where(table.groupby("dx").cumcount() < 6, "train", "test")
    table.assign(split=sides)[["image_id", "split"]].to_csv(tmp_path / "split.csv", index=False)
    told, found = benchmarked(file, *flags, "--split", tmp_path / "split.csv")
    accuracy = found["model (theirs)"]["accuracy"]
    assert (accuracy["pictures"], accuracy["exported"]["images"]) == ("test", 28)
    assert accuracy["leaks"]["state"] == "none found" and TRAINED not in told.out
    assert "28 held-out images" in told.out
    assert any("28 of 70 images judge: those that split.csv" in one for one in found["notices"])
    table.assign(split="train")[["image_id", "split"]].to_csv(tmp_path / "all.csv", index=False)
    for reason, *others in (
        ("none of the 70 images that judge", *flags, "--split", tmp_path / "all.csv"),
        ("nowhere.csv", *flags, "--split", tmp_path / "nowhere.csv"),
        ("none that has a feed takes part", "--data", dataset, "--split", tmp_path / "all.csv"),
        ("give them with --data", "--split", tmp_path / "all.csv"),
    ):
        told, _ = benchmarked(file, *others)
        assert told.code == 2 and reason in " ".join(told.err.split()), told.err
    table["lesion_id"] = "L" + table["dx"]
    table.to_csv(dataset / "HAM10000_metadata.csv", index=False)
    _, found = benchmarked(file, *flags, "--split", tmp_path / "split.csv")
    assert found["model (theirs)"]["accuracy"]["leaks"]["state"] == "found"


@pytest.mark.parametrize("case", ["twice", "count", "other classes", "half", "pixels", "z-score"])
def test_wrong_flags(
    case: str, benchmarked: Benchmarked, dataset: Path, tflite_file: Made
) -> None:  # fmt: skip
    wrong, reason = {
        "twice": ((CLASSES.replace("nv", "mel"), "0-1"), "name mel twice"),
        "count": (("nv,mel", "0-1"), "has 7 outputs, and 2 classes are named (nv, mel)"),
        "other classes": ((CLASSES.replace("nv", "scc"), "0-1"), "has the classes akiec, bcc"),
        "half": ((CLASSES, ""), "needs --pixels too"),
        "pixels": ((CLASSES, "0-256"), "--pixels '0-256': choose from 0-255, 0-1, -1..1"),
        "z-score": ((CLASSES, "z-score-data"), "--pixels 'z-score-data': choose from"),
    }[case]
    flags = ("--classes", wrong[0], "--pixels", wrong[1], *LIKE, "--data", dataset)
    told, _ = benchmarked(tflite_file(), *flags)
    assert told.code == 2 and reason in " ".join(told.err.split())


def test_files_that_cant_be_judged_or_timed(
    benchmarked: Benchmarked, models: Path, onnx_file: Made, tflite_file: Made, tmp_path: Path
) -> None:
    flags = ("--classes", CLASSES, "--pixels", "0-1", *LIKE)

    def refused(reason: str, *arguments: Any, reference: Any = "none") -> None:
        told, _ = benchmarked(*arguments, reference=reference)
        assert told.code == 2 and reason in " ".join(told.err.split()), told.err

    text = tmp_path / "text.tflite"
    text.write_bytes(b"hello")
    refused("There is no", tmp_path / "none.tflite")
    (tmp_path / "saved").mkdir()
    for keras in (tmp_path / "theirs.h5", tmp_path / "saved" / "saved_model.pb"):
        keras.write_bytes(b"")
    refused("Make a run of it with skinlite adopt", tmp_path / "theirs.h5")
    refused("Make a run of it with skinlite adopt", tmp_path / "saved")
    refused("There is no", models / "tiny.tflite", reference=tmp_path / "none.onnx")
    refused("is no .tflite", text)
    refused("Mine", tflite_file(custom="Mine"))
    whole, apart = onnx.load(onnx_file()), tmp_path / "apart.onnx"
    for one in whole.graph.initializer:
        one.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(one), one.name))
    where = {"save_as_external_data": True, "location": "apart.data", "size_threshold": 0}
    onnx.save(whole, apart, **where)
    (tmp_path / "apart.data").unlink()
    refused("'apart.data', which isn't beside it", apart)
    refused("takes batches of 8", onnx_file(batch=8))
    refused("2 of its outputs ('softmax', 'other_1')", onnx_file(outputs=2), *flags)
    refused("without a scale", tflite_file(dtype="INT8", scale=False), *flags)
    refused("could be meant", tflite_file(), tflite_file(dtype="UINT8"), *flags)
    refused("no file here could be meant", models / "tiny.tflite", *flags)


def test_what_goes_wrong_with_the_images_leaves_the_times(
    benchmarked: Benchmarked, dataset: Path, onnx_file: Made, tmp_path: Path
) -> None:
    model = onnx.load(onnx_file())
    (bias,) = (one for one in model.graph.initializer if one.name == "kernel")
    # Numbers of an image in -1..1, none of one in 0-255: what gives none of any image is refused.
    bias.CopyFrom(numpy_helper.from_array(np.full((3, 7), 1e37, np.float32), "kernel"))
    onnx.save(model, tmp_path / "broken.onnx")
    flags = ("--classes", CLASSES, "--pixels", "0-255", *LIKE, "--data", dataset)
    told, found = benchmarked(tmp_path / "broken.onnx", *flags)
    assert told.code == 0 and found["measurements"] and "accuracy not measured" in told.out
    assert found["broken (theirs)"]["accuracy"] is None
    assert any("70 of 70 images with NaN" in one for one in found["notices"])


def test_from_python(onnx_file: Made, dataset: Path, coloured: Made, tmp_path: Path) -> None:
    file, feed = onnx_file(), tmp_path / "feed.json"
    feed.write_text(find_feed(open_model(file), coloured()).feed.model_dump_json())
    quick = BenchmarkSettings(threads=(1,), rounds=1, details=False)
    results = benchmark(file, feeds=[feed], data=dataset, settings=quick)
    (theirs,) = results.contestants
    assert theirs.accuracy and theirs.accuracy.exported.accuracy > 0.9
    with pytest.raises(InputError, match="`pixels`, `channels`, `geometry` too"):
        benchmark(file, declared=Declared(classes=("mel", "nv")), settings=quick)


def test_feeds_of_other_files(
    benchmarked: Benchmarked, models: Path, onnx_file: Made, tflite_file: Made, coloured: Made,
    tmp_path: Path,
) -> None:  # fmt: skip
    file = onnx_file()
    feed = find_feed(open_model(file), coloured()).feed
    path = tmp_path / "feed.json"

    def refused(reason: str, *files: Path, **changes: Any) -> None:
        path.write_text(feed.model_copy(update=changes).model_dump_json())
        told, _ = benchmarked(*files, "--feed", path)
        assert told.code == 2 and reason in " ".join(told.err.split()), told.err

    refused("is the feed of another file, of SHA-256", tflite_file())
    refused("is the feed of another file", file, sha256="0" * 64)
    refused("takes NHWC images of 16x16 px, and its feed is NHWC of 32x16", file, height=32)
    refused("that no image can have", file, std=(0.0, 1.0, 1.0))
    refused("7 outputs, and 3 classes are named", file, classes=("a", "b", "c"))
    ours = find_contestants([models / "tiny.tflite"])[0].contestant.sha256
    refused("which skinlite made", models / "tiny.tflite", sha256=ours)
    path.write_text(feed.model_dump_json())
    told, _ = benchmarked(file, "--feed", path, "--feed", path)
    assert told.code == 2 and "is a second feed of" in told.err
    path.write_text("{}")
    told, _ = benchmarked(file, "--feed", path)
    assert told.code == 2 and "damaged or of another version" in told.err
