"""The manifest: what a bundle is, what was measured, what it was made of."""
