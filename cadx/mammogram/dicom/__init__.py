"""DICOM mammograms: which are admitted, and what their headers say of grays and size."""
