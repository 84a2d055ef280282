"""Peers: a run's model as other tools convert and run it, for its bundle to stand beside.

`stock` are the converters that skinlite builds on, without its rewrites. The others start from
their float32 files, one short module each, and need the extra ``peers``. What was converted is kept
in the cache under a name that hashes what it was made from.
"""
