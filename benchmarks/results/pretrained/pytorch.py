"""Are features equal, those of timm and torchvision and those of Keras with the same weights?

    python benchmarks/results/pretrained/pytorch.py PYTHON [MODEL ...] [--size 128]

PYTHON is an interpreter that has torch, torchvision, timm and safetensors. There each network gets
random weights and random statistics, its features of an image are computed, and its weights are
saved; here they are read as `--weights` reads them. Prints for each network the largest difference
of its features, as a share of the largest feature, and what the same network differs by where its
kernels are not turned.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

MODELS = {
    "timm/tf_mobilenetv3_large_100": "mobilenet_v3_large",
    "timm/tf_mobilenetv3_small_100": "mobilenet_v3_small",
    "timm/tf_mobilenetv3_small_075": "mobilenet_v3_small",
    "timm/mobilenetv3_large_100": "mobilenet_v3_large",
    "timm/mobilenetv3_small_050": "mobilenet_v3_small",
    "timm/mobilenetv2_100": "mobilenet_v2",
    "timm/mobilenetv2_140": "mobilenet_v2",
    "timm/mobilenetv1_100": "mobilenet",
    "timm/densenet201": "densenet201",
    "timm/vgg16": "vgg16",
    "timm/inception_resnet_v2": "inception_resnet_v2",
    "torchvision/mobilenet_v2": "mobilenet_v2",
    "torchvision/mobilenet_v3_large": "mobilenet_v3_large",
    "torchvision/mobilenet_v3_small": "mobilenet_v3_small",
    "torchvision/densenet201": "densenet201",
    "torchvision/vgg16": "vgg16",
}


def in_pytorch(model: str, image: Path, out: Path) -> None:
    """Runs in the other interpreter: weights, config.json, and features of the image."""
    import torch
    from safetensors.torch import save_model

    torch.manual_seed(0)
    library, name = model.split("/")
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    if library == "timm":
        import timm

        net = timm.create_model(name)
        mean, std = net.pretrained_cfg["mean"], net.pretrained_cfg["std"]
        described = {"architecture": name, "pretrained_cfg": {"mean": mean, "std": std}}
        (out / "config.json").write_text(json.dumps(described))
        features = net.forward_features
    else:
        import torchvision

        net = getattr(torchvision.models, name)(weights=None)
        features = net.features
    _randomize(net, gamma=name != "inception_resnet_v2")
    net.eval()
    pixels = torch.tensor(np.load(image)).permute(2, 0, 1)[None] / 255
    values = (pixels - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    for turned, x in (("as-is", values), ("turned", values.flip(2, 3))):
        with torch.no_grad():
            y = features(x.float())
        if turned == "turned":
            y = y.flip(2, 3)
        # DenseNet's last ReLU is a function in one library and a layer in the other.
        y = torch.relu(y) if "densenet" in name else y
        np.save(out / f"{turned}.npy", y[0].permute(1, 2, 0).numpy())
    save_model(net, str(out / "model.safetensors"))


def _randomize(net: Any, gamma: bool) -> None:
    """Random weights, and statistics that belong to them: else features are all noise, or none.

    Channels differ in scale, so that a wrong epsilon would be seen.
    """
    import torch

    norms = [one for one in net.modules() if isinstance(one, torch.nn.BatchNorm2d)]
    for layer in net.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
            if norms:
                with torch.no_grad():
                    layer.weight *= 10 ** -torch.rand(len(layer.weight), 1, 1, 1)
            if layer.bias is not None:
                torch.nn.init.normal_(layer.bias, 0, 0.1)
    for norm in norms:
        norm.momentum = 1.0
        if gamma:  # Keras' InceptionResNetV2 has none; it is 1 in weights of TensorFlow
            torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, 0, 0.2)
    with torch.no_grad():
        net.train()
        net(torch.randn(8, 3, 112, 112))
        for norm in norms:
            norm.running_mean += 0.1 * torch.randn_like(norm.running_mean) * norm.running_var**0.5
            norm.running_var *= 0.5 + torch.rand_like(norm.running_var)


def compare(model: str, python: str, size: int) -> str:
    """A row of the table."""
    import keras

    from skinlite.models.backbones import find_backbone
    from skinlite.models.features import rescale, take_pixels
    from skinlite.models.pytorch.convert import open_pytorch

    row = find_backbone(MODELS[model])
    width = model.rpartition("_")[2]
    alpha = {"alpha": int(width) / 100} if width in ("050", "075", "140") else {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        image = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
        np.save(out / "image.npy", image)
        command = [python, __file__, "in-pytorch", model, str(out / "image.npy"), folder]
        subprocess.run(command, check=True)
        theirs = open_pytorch(row.name, out / "model.safetensors")
        wanted = np.load(out / ("turned.npy" if theirs.source.turned else "as-is.npy"))
        as_is = np.load(out / "as-is.npy")

    def features(weights: Any) -> Any:
        whole = row.build(input_shape=(size, size, 3), include_top=False, weights=None, **alpha)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            weights.fill(whole)
        given = keras.Input((size, size, 3))
        network = keras.Model(given, whole(rescale(row, given)))
        take_pixels(network, weights)
        return network.predict(image[None].astype("float32"), verbose=0)[0]

    most = np.abs(wanted).max()
    share = np.abs(features(theirs) - wanted).max() / most
    row_of = f"| {model} | {row.name} | {most:.3g} | {share:.1e} |"
    if not theirs.source.turned:
        return f"{row_of} |"
    plain = dataclasses.replace(theirs, source=dataclasses.replace(theirs.source, turned=False))
    return f"{row_of} {np.abs(features(plain) - as_is).max() / most:.2f} |"


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["in-pytorch"]:
        model, image, out = sys.argv[2:]
        return in_pytorch(model, Path(image), Path(out))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python")
    parser.add_argument("models", nargs="*", default=list(MODELS))
    parser.add_argument("--size", type=int, default=128)
    asked = parser.parse_args()
    print("| network | backbone | largest feature | difference | kernels not turned |")
    print("| --- | --- | ---: | ---: | ---: |")
    for model in asked.models:
        print(compare(model, asked.python, asked.size), flush=True)


if __name__ == "__main__":
    main()
