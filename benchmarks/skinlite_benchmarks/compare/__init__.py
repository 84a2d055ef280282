"""Two reports: what changed, and gates on it."""
