"""Images that show the same: copies of a file, and one lesion under two ids.

`images` lists them, `features` describes each by local features, `candidates` retrieves the pairs
worth a look, `verification` matches one pair geometrically, `pairs` judges it, `search` puts these
together and `results` writes what was found. This package alone imports OpenCV.
"""
