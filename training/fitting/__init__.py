"""Fitting the three classifiers and writing them as a bundle."""
