"""Intervals and tests: clustered, resampled, over folds, corrected for their number."""
