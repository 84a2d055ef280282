"""The .tflite file as such: read, edited, given its inputs and outputs."""
