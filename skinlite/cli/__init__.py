"""The command line: one thin file a command; nothing heavy is imported before it is needed."""
