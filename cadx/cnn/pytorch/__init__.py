"""Building a backbone with PyTorch and exporting it; serving needs none of this."""
