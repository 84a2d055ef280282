"""Prove: time bundles against the InceptionResNetV2 reference and report it."""

import skinlite  # noqa: F401  before any library: see skinlite.process.environment
