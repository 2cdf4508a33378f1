"""From scored cases to every statistic of a study; pure."""
