"""What a model file of anybody's is, and how it wants to be fed."""
