"""From a reader's BI-RADS category to a label, where a data set has no pathology."""

import re
from dataclasses import dataclass

from training.cohort.cases import Label
from training.errors import ImportSettingInvalid

NOT_PATHOLOGY = "Labels come from BI-RADS, a reader's suspicion: they are not pathology."
_CATEGORY = re.compile(r"(?:BI-?RADS\s*)?([0-6])[ABC]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BiradsRule:
    """Which categories count as benign and which as malignant; all others are left out.

    Attributes
    ----------
    benign, malignant
        BI-RADS assessment categories 0 to 6; 4a, 4b and 4c count as 4.
    """

    benign: frozenset[int] = frozenset({1, 2, 3})
    malignant: frozenset[int] = frozenset({4, 5, 6})

    def label(self, category: int) -> Label | None:
        """Label of a category; None when the rule leaves it out."""
        if category in self.malignant:
            return Label.MALIGNANT
        return Label.BENIGN if category in self.benign else None

    def in_words(self) -> str:
        """The rule as a sentence, for reports."""
        return f"BI-RADS {_listed(self.benign)} = benign, {_listed(self.malignant)} = malignant, others left out."


def parse_category(text: str) -> int | None:
    """Read a category such as ``4``, ``4a`` or ``BI-RADS 4``; None when it is none."""
    match = _CATEGORY.fullmatch(text.strip())
    return int(match[1]) if match else None


def birads_rule(benign: str, malignant: str) -> BiradsRule:
    """Make a rule from two comma-separated lists.

    Raises
    ------
    ImportSettingInvalid
        When a list holds something else than categories 0 to 6, or a category is in both.
    """
    rule = BiradsRule(_categories("benign", benign), _categories("malignant", malignant))
    both = rule.benign & rule.malignant
    if both:
        raise ImportSettingInvalid("malignant", malignant, f"disjoint from benign: {_listed(both)} is in both")
    return rule


def _categories(setting: str, text: str) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part in "0123456" and len(part) == 1 for part in parts):
        raise ImportSettingInvalid(setting, text, "a list of BI-RADS categories such as 1,2,3")
    return frozenset(int(part) for part in parts)


def _listed(categories: frozenset[int]) -> str:
    return ", ".join(str(category) for category in sorted(categories))
