"""From probabilities to a decision: operating points, sets of classes, familiarity."""
