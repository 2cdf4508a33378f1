"""From the science's records to the documents that are answered, one module an output format."""
