"""From the graph to .tflite and .onnx, and the ranges of their 8-bit integers."""
