#!/bin/sh
# Keras 3.15.1, `keras.activations.sparsemax`: where more than one class has a share, the result doesn't sum to 1; mostly it is 0.
#
# "The sparsemax activation function maps each row of inputs into its probability simplex" is what its paper promises
# (Martins and Astudillo, ICML 2016): logits 0.1, 0.2, 0.3 become 0.2333, 0.3333, 0.4333. Keras gives 0, 0.0667, 0.1667, and
# three equal logits of 5 become 0, 0, 0. Its threshold adds up the running sums of the sorted logits over all supported
# places, where the last of these running sums is meant; only where one class takes all, or the sums are 0, both are the same.
# TensorFlow, JAX and NumPy as backends agree. A head that ends in it trains towards outputs that are no probabilities.
#
# Seen (Python 3.11.7, numpy 2.4): sums of 6 rows: 0 of 6 are 1; [0.1, 0.2, 0.3] -> [0.0, 0.0667, 0.1667]
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q keras==3.15.1 jax==0.10.2 || exit 2
cat > sparse.py <<'P'
import keras
import numpy as np

logits = 3 * np.random.default_rng(1).normal(size=(6, 10)).astype("float32")
sums = np.asarray(keras.activations.sparsemax(logits)).sum(axis=-1)
few = np.asarray(keras.activations.sparsemax(np.array([[0.1, 0.2, 0.3]], "float32")))[0]
right = int(np.isclose(sums, 1, atol=1e-3).sum())
print(f"sums of 6 rows: {right} of 6 are 1; [0.1, 0.2, 0.3] -> {[round(float(one), 4) for one in few]}")
P
told=$(KERAS_BACKEND=jax env/bin/python sparse.py 2>/dev/null)
echo "$told"
seen='sums of 6 rows: 0 of 6 are 1; [0.1, 0.2, 0.3] -> [0.0, 0.0667, 0.1667]'
if [ "$told" = "$seen" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
