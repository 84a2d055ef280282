"""Figures of an evaluation, as PNG files."""
