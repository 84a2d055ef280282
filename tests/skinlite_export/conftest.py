"""Networks with random weights whose answers depend on what they are shown."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.data.examples import Examples
from skinlite.data.preprocessing import load_image
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import TFLITE, Bundle, open_bundle
from skinlite_export.bundle.golden import read_vectors
from skinlite_export.bundle.kits import KITS
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites.registry import ALL
from skinlite_export.runtime.model_inputs import pixels_for
from skinlite_export.serve.runtime import FILES

WIDTH = 20

POINTS = {"nv+bkl": 0.3, "mel": 0.9}
"""Of `exported`: the synthetic data set has too few melanomas, and enough others for so little."""


@pytest.fixture(scope="session")
def no_runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in for LiteRT.js: its files' names, empty. For tests without a browser."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.fixture(scope="session")
def exported(
    kept_run: Run, conv_prepared: Prepared, once: Callable[..., Path]
) -> Callable[..., Bundle]:
    """Exports `kept_run` in int8 with every kit and a recipe's options, once each. Read only."""

    @cache
    def build(**options: Any) -> Bundle:
        from skinlite_export.export_run import export_run

        recipe = Recipe(
            rewrites=ALL, calibration_pictures=20, gates=None, operating_points=POINTS, **options
        )
        name = "-".join(["exported", *(f"{key}={options[key]}" for key in sorted(options))])
        return open_bundle(
            once(name, lambda out: export_run(kept_run, conv_prepared, recipe, out, kits=KITS))
        )

    return build


@pytest.fixture
def images() -> Callable[[int], Examples]:
    """Makes 21 smooth random images of a size, with random patients, three of each class."""

    def make(size: int) -> Examples:
        random = np.random.default_rng(0)
        images = random.integers(0, 256, (21, 4, 4, 3), dtype=np.uint8)
        images = images.repeat(size // 4, axis=1).repeat(size // 4, axis=2)
        patients = random.normal(size=(21, WIDTH)).astype(np.float32)
        return Examples(images, np.arange(21), patients, np.arange(21) % 7)

    return make


@pytest.fixture
def random_classifier(images: Callable[[int], Examples]) -> Callable[[str, int], Any]:
    """Makes a classifier of a backbone and a size whose weights are all random, gamma included."""
    import keras

    from skinlite.models.classifier import build_classifier
    from skinlite.training.batch_norm import settle_batch_norm

    def make(backbone: str, size: int) -> Any:
        keras.utils.set_random_seed(0)
        model = build_classifier(backbone, patient_width=WIDTH, image_size=size)
        random = np.random.default_rng(0)
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.BatchNormalization):
                shape = layer.beta.shape
                if layer.scale:
                    layer.gamma.assign(random.uniform(0.6, 1.4, shape))
                layer.beta.assign(random.normal(0, 0.3, shape))
        settle_batch_norm(model, images(size))
        model.get_layer("soft_attention").gamma.assign(0.7)
        return model

    return make


@pytest.fixture
def classifier(random_classifier: Callable[[str, int], Any], conv_net: str) -> Any:
    """`conv_net`, 32 px."""
    return random_classifier(conv_net, 32)


@pytest.fixture
def few(images: Callable[[int], Examples]) -> Examples:
    """Images for `classifier`."""
    return images(32)


@pytest.fixture
def assert_ordered() -> Callable[[Graph], None]:
    """Asserts that names are unique, and nothing is used before it is there."""

    def check(graph: Graph) -> None:
        names = [node.name for node in graph.nodes]
        assert Counter(names).most_common(1)[0][1] == 1
        for position, node in enumerate(graph.nodes):
            assert set(node.inputs) <= set(names[:position])

    return check


@pytest.fixture
def right_outputs() -> Callable[[Bundle], dict[str, Any]]:
    """Makes phone.json's content as a right app has it, for a bundle's .tflite."""

    def make(bundle: Bundle) -> dict[str, Any]:
        runner, vectors = bundle.runner(), []
        for one in read_vectors(bundle).vectors:
            expected, image = one.models[TFLITE], runner.signature.image
            pixels = pixels_for(runner, load_image(bundle.path / "golden" / one.picture))
            vectors.append(
                {
                    "picture": one.picture,
                    "image": image.pack(pixels).ravel().tolist(),
                    "patient": dict(expected.patient),
                    "probabilities": expected.probabilities,
                }
            )
        return {"schema_version": 1, "vectors": vectors}

    return make
