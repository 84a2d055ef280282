"""Training: configuration, batches, augmentation, the loop, and the run folder it leaves."""
