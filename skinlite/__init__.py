"""skinlite: learn a skin-lesion classifier, ship it to a phone, prove that nothing was lost.

This package is the first stage (data, models, training, evaluation) and the command line;
``skinlite_export`` ships and ``skinlite_benchmarks`` proves. Importing it imports nothing heavy,
and keeps the libraries that are imported after it from reporting anything.
"""

from skinlite.process.environment import keep_private

__version__ = "0.1.0"

keep_private()
