"""Where the time of one inference goes: the operators of a contestant, one thread."""
