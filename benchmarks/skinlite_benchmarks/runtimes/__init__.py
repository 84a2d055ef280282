"""What other runtimes, older ones and other processors answer to a bundle's files.

    python -m skinlite_benchmarks.runtimes BUNDLE --out FOLDER

installs each runtime of `trials.TRIALS` from its public package into a virtual environment of
its own below a temporary folder, hands the same inputs to it and to the runtime that proved the
bundle, and writes ``runtimes.json`` and a Markdown table. What can't be had is "not tried", with
the reason. Nothing is installed where skinlite is.
"""
