"""What the manifest says of a bundle's origin."""

import importlib.metadata
from pathlib import Path

import pandas as pd

from skinlite.classes import HAM10000, ClassList
from skinlite.data.splits.count_leaks import nameless
from skinlite.data.splits.split_by_lesion import SPLITS
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_export.manifest.manifest import About, Source
from skinlite_export.manifest.provenance import Data, Side
from skinlite_export.recipe import Recipe

NOT_STATED = "not stated"

NOTICE = (
    "Research software, not a medical device: its predictions are no diagnosis. A probability is "
    "the output of a network, not the risk of a disease."
)
PACKAGES = (
    "ai-edge-litert",
    "keras",
    "numpy",
    "onnx",
    "onnxruntime",
    "skinlite",
    "tensorflow",
    "tf-keras",
    "tf2onnx",
)


def source_of(run: Run, parameters: int) -> Source:
    """Where the model came from."""
    network = run.info.network
    return Source(
        backbone=network.backbone,
        topology=network.topology,
        width=network.width,
        slim=network.slim,
        image_size=network.image_size,
        adopted=run.info.adopted,
        trained=run.info.trained,
        synthetic=run.info.synthetic,
        epochs=run.info.best_epoch or 0,
        parameters=parameters,
        model_sha256=run.model_sha256(),
        network_proven=run.info.names_network,
    )


def data_of(prepared: Prepared) -> Data:
    """What the images were."""
    info, sides, codes = prepared.split_info, {}, prepared.dataset.classes.codes
    for name in SPLITS:
        rows = prepared.rows(name)
        confirmation = rows.get("dx_type", pd.Series(NOT_STATED, index=rows.index)).replace(
            "", NOT_STATED
        )
        sides[name] = Side(
            pictures=len(rows),
            lesions=rows["lesion_id"].nunique(),
            labels={dx: _counts(confirmation[rows["dx"] == dx]) for dx in codes},
            sexes=_counts(rows["sex"]),
            without_age=int(rows["age"].isna().sum()),
            lesions_unknown=nameless(rows),
        )
    # Where the user keeps the images is nobody's business.
    folder = info.test_data and Path(info.test_data).name
    every = prepared.dataset.select(prepared.split["image_id"]).frame
    return Data(
        sources=_counts(every["dataset"].replace("", NOT_STATED)),
        split=info.model_copy(update={"test_data": folder}),
        sides=sides,
        untold=prepared.encoder.untold,
        label_column=prepared.dataset.label_column,
        label_map=prepared.dataset.label_map and dict(prepared.dataset.label_map),
        metadata_columns=prepared.dataset.metadata_columns,
    )


def _counts(values: "pd.Series[str]") -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().sort_index().items()}


def about_of(
    source: Source, recipe: Recipe, classes: ClassList = HAM10000, *, metadata: bool = True
) -> About:
    """What the model is, in words; ``metadata``: whether it takes any."""
    known = classes == HAM10000
    # Other data sets have images of phones, too, and no table says which.
    images = "dermatoscopic images" if known else "images"
    images = "synthetic images" if source.synthetic else images
    kinds = f"{len(classes)} kinds of skin lesion"
    kinds += "" if known else f" ({', '.join(classes.codes)})"
    training = (
        f"trained on {images}" if source.trained else "untrained: its predictions mean nothing"
    )
    taken = " and the patient's metadata" if metadata else ""
    network = f"{kinds} from an image{taken}; {source.backbone} with Soft-Attention, {training}"
    if source.adopted:
        slim = "made slim by skinlite; the network that it was made of was " if source.slim else ""
        network = (
            f"{kinds} from an image; {source.backbone}, {slim}{source.adopted.known}; "
            f"tested on {images}"
        )
    bound = (
        ""
        if source.synthetic
        else "; the licence of the images may apply too"
        + (" (HAM10000: CC BY-NC 4.0)" if known else "")
    )
    author, license_ = stated_of(source, recipe)
    return About(
        name=source.name,
        version=source.model_sha256[:12],
        description=f"{network}. {NOTICE}",
        author=author or NOT_STATED,
        license=license_ or NOT_STATED + bound,
    )


def stated_of(source: Source, recipe: Recipe) -> tuple[str | None, str | None]:
    """Author and licence: the recipe's, or what was stated of an adopted network."""
    adopted = source.adopted
    return (
        recipe.author or (adopted.author if adopted else None),
        recipe.license or (adopted.license if adopted else None),
    )


def versions() -> dict[str, str]:
    """Of every package that had a part in the files."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}
