"""8-bit integers: calibration images, ranges, rounding, layers that stay in float."""
