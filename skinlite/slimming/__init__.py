"""Makes a network narrower: which channels go, what they cost, and how the diagnosis comes back."""
