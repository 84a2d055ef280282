"""Commands that make, check and use a bundle."""
