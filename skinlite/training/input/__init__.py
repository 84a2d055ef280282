"""What a training is fed: examples, batches, augmentation."""
