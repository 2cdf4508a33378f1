"""Images that requests name instead of sending: fetched from a PACS, or sent once and asked about many times."""
