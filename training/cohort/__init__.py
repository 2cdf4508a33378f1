"""Cases: the manifest that lists them, and whether two cohorts share any."""
