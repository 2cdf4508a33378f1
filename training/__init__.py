"""Offline work: cases to features to evaluated, serialized models."""
