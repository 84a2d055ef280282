"""A classifier that another program trained becomes a run: what an app would do is in its graph."""
