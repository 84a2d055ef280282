"""The model card of a bundle, by the points of CLEAR Derm."""
