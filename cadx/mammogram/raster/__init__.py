"""PNG, TIFF and binary PGM, read as they are stored: every bit, unturned. None tells a believable pixel spacing."""
