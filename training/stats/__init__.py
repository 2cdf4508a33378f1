"""The statistics of a study, one method a file, each with its assumptions and its source (docs/statistics.md)."""
