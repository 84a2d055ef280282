"""Synthetic images and patients, for a demo and tests."""
