"""Commands that train a network and say what it is worth."""
