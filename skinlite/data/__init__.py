"""Data: find and check a HAM10000-style folder, split by lesion, encode patients, cache pixels."""
