"""What one inference has to do, and the least time that takes here: "how far from the limit"."""
