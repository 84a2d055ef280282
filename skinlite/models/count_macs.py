"""Count a network's parameters, multiply-accumulates and depth, without making its weights."""

import math
from collections.abc import Iterator
from functools import cache

import keras
from keras import layers
from pydantic import BaseModel, ConfigDict

from skinlite.data.patient import PatientEncoder
from skinlite.models.backbones import Backbone, Topology
from skinlite.models.classifier import build_classifier
from skinlite.models.paper import Notebook, Stock, paper
from skinlite.models.soft_attention import SoftAttention
from skinlite.models.without_weights import without_weights

AUTHORS_WIDTH = 21
"""Patient columns of the notebooks: the age, and one-hot sex and site with a slot each for what
is in no vocabulary."""

AUTHORS_STATISTICS = 3
"""Mean, variance and count of the ages: weights of the notebooks' Normalization layer."""


class LayerCount(BaseModel):
    """One layer: its class in Keras, output without the batch, parameters, multiply-accumulates."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str
    output: tuple[int, ...]
    params: int
    macs: int


class Survey(BaseModel):
    """One backbone with Soft-Attention, and what the paper says of it.

    Attributes:
        feature_map: (h, w, c) that Soft-Attention is given.
        soft_attention_params: 9 c K + K, and gamma in topology ``paper``.
        total_params: of the whole classifier; in topology ``released`` as the notebooks count:
            with their 21 patient columns and their three statistics of the ages.
        macs: multiply-accumulates of convolutions and dense layers for one image.
        depth: layers that have weights, which is how Keras and the paper count.
        stock_params: of the backbone as Keras ships it, with its 1000 classes; so is stock_depth.
        paper_stock: table 4.
        notebooks: the authors' networks of this backbone; the first has the registry's cut.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    topology: Topology
    input_size: int
    cut: str
    feature_map: tuple[int, int, int]
    soft_attention_params: int
    total_params: int
    macs: int
    depth: int
    stock_params: int
    stock_depth: int
    paper_stock: Stock | None
    notebooks: tuple[Notebook, ...]

    @property
    def difference(self) -> int | None:
        """Parameters more than in the notebook; None where nothing can be compared."""
        if self.topology == "paper" or not self.notebooks:
            return None
        return self.total_params - self.notebooks[0].total_params


@cache
def survey(backbone: Backbone, topology: Topology = "paper") -> Survey:
    """Build a backbone's classifier at the paper's size, and count; once in a process.

    Raises:
        InputError: no such topology for this backbone.
    """
    released = topology == "released"
    stock_params, stock_depth = _stock(backbone)
    model = without_weights(lambda: build(backbone, topology))
    counted = list(count_layers(model))
    attention = model.get_layer("soft_attention")
    return Survey(
        name=backbone.name,
        title=backbone.title,
        topology=topology,
        input_size=backbone.input_size,
        cut=backbone.cut(topology).layer,
        feature_map=attention.output.shape[1:],
        soft_attention_params=attention.count_params(),
        total_params=model.count_params() + released * AUTHORS_STATISTICS,
        macs=sum(layer.macs for layer in counted),
        depth=sum(layer.params > 0 for layer in counted),
        stock_params=stock_params,
        stock_depth=stock_depth,
        paper_stock=paper().table4.get(backbone.name),
        notebooks=paper().notebooks.get(backbone.name, ()),
    )


@cache
def _stock(backbone: Backbone) -> tuple[int, int]:
    """Parameters and depth of a backbone as Keras ships it, which no topology changes."""
    shape = (backbone.input_size, backbone.input_size, 3)
    stock = without_weights(
        lambda: backbone.build(input_shape=shape, include_top=True, weights=None)
    )
    return stock.count_params(), sum(bool(layer.weights) for layer in stock.layers)


def build(backbone: Backbone, topology: Topology) -> keras.Model:
    """The classifier that is counted: of the paper's size, and in the authors' width if theirs."""
    ours = len(PatientEncoder(age_mean=0, age_std=1).columns)
    width = AUTHORS_WIDTH if topology == "released" else ours
    return build_classifier(backbone.name, patient_width=width, topology=topology)


def count_layers(model: keras.Model) -> Iterator[LayerCount]:
    """Every layer of a functional model and of the models in it, in their order."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from count_layers(layer)
        else:
            shape = layer.output.shape[1:]
            yield LayerCount(
                name=layer.name,
                kind=type(layer).__name__,
                output=shape,
                params=layer.count_params(),
                macs=_macs(layer, shape),
            )


def _macs(layer: keras.Layer, shape: tuple[int, ...]) -> int:
    """A kernel is used once at every position of the output; biases and the rest count nothing."""
    if isinstance(layer, SoftAttention):
        kernels = [layer.conv.kernel]
    elif isinstance(layer, layers.SeparableConv2D):
        kernels = [layer.depthwise_kernel, layer.pointwise_kernel]
    elif isinstance(layer, layers.DepthwiseConv2D | layers.Conv2D | layers.Dense):
        kernels = [layer.kernel]
    else:
        return 0
    return math.prod(shape[:-1]) * sum(math.prod(kernel.shape) for kernel in kernels)
