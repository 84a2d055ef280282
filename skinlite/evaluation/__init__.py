"""Evaluation: probabilities to metrics, under their honest names."""
