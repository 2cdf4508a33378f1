"""From cases to feature tables, computed once and kept."""
