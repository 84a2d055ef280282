"""Studies that made a figure in the docs, each a command of its own."""
