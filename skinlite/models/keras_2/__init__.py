"""What Keras 2 wrote into its files and Keras 3 doesn't read."""
