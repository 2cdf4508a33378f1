"""Archives and cohorts through a frozen bundle: one row a lesion and view, in Parquet."""
