"""The plots of a study's report."""
