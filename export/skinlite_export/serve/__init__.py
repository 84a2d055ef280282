"""A page that runs a bundle in any phone's browser, and the small server that hands it out.

``site`` says which paths there are, ``routes`` what is answered, ``connection`` speaks HTTP (by
h11), ``server`` listens. ``runtime`` installs LiteRT.js, ``address`` finds where a phone reaches
us, ``certificate`` makes one for https.
"""
