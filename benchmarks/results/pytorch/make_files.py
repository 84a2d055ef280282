"""Networks of torchvision and timm as .onnx files, by both of PyTorch's exporters.

    python make_files.py OUT [NAME ...]        # needs torch, torchvision, timm, onnxscript

Weights are random (seed 1), the scales of the batch norms between 0.6 and 1.4, their statistics
those of a batch of noise, so that the answers of a network depend on its image. Names:
``tv.resnet18``, ``timm.ghostnet_100``.
"""

import sys
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision

# fmt: off
TORCHVISION = [
    "mobilenet_v3_large", "mobilenet_v3_small", "mobilenet_v2", "resnet18", "resnext50_32x4d",
    "efficientnet_b0", "efficientnet_v2_s", "densenet121", "shufflenet_v2_x1_0",
    "squeezenet1_1", "mnasnet1_0", "regnet_y_400mf", "googlenet", "inception_v3", "vgg11_bn",
    "convnext_tiny", "vit_b_32", "swin_t",
]
TIMM = [
    "tf_mobilenetv3_large_100", "mobilenetv3_large_100", "mobilenetv4_conv_small",
    "tf_efficientnet_lite0", "efficientnet_b0", "resnet18d", "resnetv2_50", "seresnet18",
    "mobileone_s0", "repvgg_a0", "ghostnet_100", "tinynet_e", "mixnet_s", "hardcorenas_a",
    "fbnetc_100", "lcnet_050", "semnasnet_075", "rexnet_100", "dla34", "hrnet_w18_small",
    "darknet53", "cspresnet50", "xception41", "nasnetalarge", "fastvit_t8", "mobilevit_s",
    "edgenext_xx_small", "convnextv2_atto", "efficientformerv2_s0", "poolformer_s12",
    "deit_tiny_patch16_224", "levit_128s",
]
# fmt: on
ATTENTION = ("vit", "swin", "deit", "levit", "efficientformer")


def build(name: str) -> Any:
    """A network for seven classes, ready to be exported."""
    torch.manual_seed(1)
    source, kind = name.split(".", 1)
    if source == "timm":
        return timm.create_model(kind, pretrained=False, num_classes=7)
    inception = kind in ("googlenet", "inception_v3")
    options = {"init_weights": False, "aux_logits": False} if inception else {}
    return torchvision.models.get_model(kind, weights=None, num_classes=7, **options)


def pixels(name: str) -> int:
    """Height and width: what it was made for where it needs that."""
    if "inception" in name:
        return 160
    needed = (*ATTENTION, "shufflenet", "vgg")
    return 224 if any(word in name for word in needed) else 128


def write(name: str, dynamo: bool, path: Path) -> None:
    """Export one, with a batch of any size where the exporter takes names for axes."""
    model, size = build(name), pixels(name)
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
            if layer.affine:  # timm begins with 0 at the end of a block, which would do nothing
                torch.nn.init.uniform_(layer.weight, 0.6, 1.4)
    model.train()
    with torch.no_grad():
        model(torch.randn(4, 3, size, size))
    axes = {"input": {0: "batch"}, "output": {0: "batch"}}
    how = {"external_data": False, "verbose": False} if dynamo else {"dynamic_axes": axes}
    torch.onnx.export(
        model.eval(),
        (torch.randn(1, 3, size, size),),
        str(path),
        dynamo=dynamo,
        input_names=["input"],
        output_names=["output"],
        **how,
    )


def main(out: Path, names: list[str]) -> None:
    """Write what isn't there yet."""
    out.mkdir(exist_ok=True)
    for name in names or [f"tv.{one}" for one in TORCHVISION] + [f"timm.{one}" for one in TIMM]:
        for dynamo in (False, True):
            path = out / f"{name}.{'dynamo' if dynamo else 'script'}.onnx"
            if not path.exists():
                try:
                    write(name, dynamo, path)
                except Exception as error:  # the exporters raise whatever they like
                    print(f"{path.name}: not exported, {type(error).__name__}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
