"""One file a runtime, each with one class that is a `skinlite_export.runtime.runner.Runner`.

A new runtime is a file here, and its class in `skinlite_export.runtime.runner.RUNNERS`.
"""
