"""How the report's tables write estimates and times."""

from training.stats.auc import AucEstimate
from training.study.reading import interval


def estimate(found: AucEstimate) -> str:
    """Write an AUC with its limits."""
    return f"{found.auc:.3f} ({interval(found.low, found.high)})"


def duration(seconds: float) -> str:
    """Write a time in seconds or, from 90 s, in minutes."""
    return f"{seconds:.1f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
