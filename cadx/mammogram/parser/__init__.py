"""The bytes of a DICOM data set, up to the attributes that reading needs."""
