"""Learning from a run besides the labels."""
