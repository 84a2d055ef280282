"""How a file wants to be fed, found by labelled images."""
