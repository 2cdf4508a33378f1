"""Results as DICOM objects, in plain pydicom: docs/decisions/dicom-objects.md tells why."""
