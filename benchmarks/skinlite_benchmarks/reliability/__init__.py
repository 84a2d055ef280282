"""Whether a disturbed or malformed run is handled: kills, full disks, two at once, fuzzed files.

Outside of the tests, since it takes an hour: ``python -m skinlite_benchmarks.reliability``.
"""
