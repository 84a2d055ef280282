"""Runtimes that users might pick in place of ours, for `skinlite benchmark`: the extra ``peers``.

Each refuses in a sentence where its package isn't installed. Files are float32 outside.
"""
