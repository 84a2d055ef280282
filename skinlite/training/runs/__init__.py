"""The run folder: what a training or an adoption leaves, and how it is found and opened again."""
