"""Does the same file give the same numbers on a phone's processor? Answered by emulation.

Emulated times mean nothing, and none is reported.
"""
