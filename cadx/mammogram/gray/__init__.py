"""From stored values to grays between 0 and 1, bright = dense."""
