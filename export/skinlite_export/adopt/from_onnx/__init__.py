"""An .onnx of PyTorch's exporter as a Keras network."""
