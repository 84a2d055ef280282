"""Run a model file: one file a runtime, each with one class that is a `runner.Runner`.

A new runtime is a file here, and its class in `runner.RUNNERS`.
"""
