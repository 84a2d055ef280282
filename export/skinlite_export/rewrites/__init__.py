"""Rewrites: each makes the network cheaper for the phone's kernels, none changes its answers."""
