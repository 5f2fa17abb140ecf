"""Transport laws: the current through a cell."""
