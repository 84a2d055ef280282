"""One training on several hosts."""
