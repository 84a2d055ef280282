"""The network as a graph of operators: read from Keras, rewritten, built again as Keras."""
