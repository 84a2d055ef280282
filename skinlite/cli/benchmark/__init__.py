"""``skinlite benchmark`` and its sub-commands."""
