"""Measuring: times in turns, worker processes, accuracy, the host."""
