"""How the report's tables write estimates and times."""

from training.analysis.wording import interval
from training.stats.roc.auc import AucEstimate


def estimate(found: AucEstimate) -> str:
    """Write an AUC with its limits."""
    return f"{found.auc:.3f} ({interval(found.low, found.high)})"


def duration(seconds: float) -> str:
    """Write a time in seconds or, from 90 s, in minutes."""
    return f"{seconds:.1f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
