"""What a model file says of itself, for apps that have the file alone."""
