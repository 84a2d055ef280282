"""An .onnx of PyTorch's kind is adopted: its feed is found by its own runtime."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skinlite.data.preprocessing import load_image, shape
from skinlite.errors import InputError
from skinlite.vocabulary import CLASSES, IMAGE
from skinlite_export.inspect.feeds import Hypothesis

Made = Callable[..., Path]


def test_it_becomes_a_run(onnx_file: Made, coloured: Made, tmp_path: Path) -> None:
    from skinlite_export.adopt.adopt import adopt

    data = coloured()
    file = onnx_file(Hypothesis("0-1", "BGR"), [*reversed(CLASSES)], layout="NCHW", logits=True)
    run = adopt(file, data, tmp_path / "run", images=70)
    adopted = run.info.adopted
    assert adopted and (adopted.pixels, adopted.channels, adopted.logits) == ("0-1", "BGR", True)
    assert adopted.classes == tuple(reversed(CLASSES)) and adopted.made_by == "colours"
    paths = sorted(data.glob("*/*.png"))
    images = np.stack([shape(load_image(path), 16, 16, run.info.network.shaping) for path in paths])
    found = run.load_model().predict_on_batch({IMAGE: images.astype(np.float32)})
    names = np.array(CLASSES)[found.argmax(1)]
    assert np.mean(names == [path.parent.name for path in paths]) > 0.9


def test_what_is_refused(onnx_file: Made, coloured: Made, tmp_path: Path) -> None:
    from skinlite_export.adopt.adopt import adopt

    for way, layout, told in (
        (Hypothesis("0-1", "RGB"), "NHWC", "takes its image as NHWC"),
        (Hypothesis("-1..1", "RGB"), "NCHW", r"\(Clip\) doesn't cut off at 0"),
    ):
        with pytest.raises(InputError, match=told):
            adopt(onnx_file(way, layout=layout), coloured(), tmp_path / "run", images=70)
        assert not (tmp_path / "run").exists()
