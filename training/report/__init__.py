"""The report of a study: the same content as one HTML file, as Markdown, and as figures for a manuscript."""
