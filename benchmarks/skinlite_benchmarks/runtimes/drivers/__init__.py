"""Scripts that run where a runtime is, by its own Python: nothing of ours is imported there.

Each is ``python DRIVER MODEL INPUTS.npz OUTPUT.npy [OPTION]``. The inputs hold ``image`` and
``patient`` as the file stores them, the first axis counting images; the output gets the
probabilities (N, classes), real numbers. Python 3.9 is the oldest that they meet.
"""
