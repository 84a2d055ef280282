"""Is the file's diagnosis that of the network, and does a bundle contradict itself?"""
