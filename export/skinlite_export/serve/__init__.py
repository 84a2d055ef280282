"""A page that runs a bundle in any phone's browser, and the small server that hands it out.

``site`` says which paths there are, ``server`` answers them, ``runtime`` installs LiteRT.js,
``address`` finds where a phone reaches us, ``certificate`` makes one for https.
"""
