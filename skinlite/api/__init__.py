"""What `skinlite` offers to Python callers, and what its commands are built on.

Beside ``skinlite/cli/`` this folder alone may import `skinlite_export`, inside a function.
"""
