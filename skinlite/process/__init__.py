"""The process: signals, threads, what libraries are told, the processor it runs on."""
