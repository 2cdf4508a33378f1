"""One module a group of paths; no science here."""
