"""Which lesion is trained on and which is not, and what leaks between them."""
