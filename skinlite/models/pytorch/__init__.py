"""Weights of timm and torchvision, in the backbones of Keras."""
