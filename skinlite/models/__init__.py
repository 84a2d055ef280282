"""Models: the backbones, Soft-Attention, and the classifier built of them."""
