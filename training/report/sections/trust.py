"""Section on what may be believed of one answer: explanations, doubt, similar cases."""

from training.analysis.trust import Trust
from training.analysis.trust_wording import read_trust
from training.report.blocks import Section


def trust_section(trust: Trust) -> Section:
    """How far explanations, flags, sets and similar cases go on this cohort."""
    return Section("trust", "Why, and when not to believe it", read_trust(trust))
