"""Prove: time bundles against the InceptionResNetV2 reference and report it."""
