import pytest

from training.cohort.cases import Label
from training.errors import ImportSettingInvalid
from training.importers.birads import BiradsRule, birads_rule, parse_category


@pytest.mark.parametrize(
    ("text", "category"), [("4", 4), ("4a", 4), ("4C", 4), ("BI-RADS 5", 5), ("BIRADS 0", 0), ("", None), ("7", None)]
)
def test_categories_are_read_in_the_ways_they_are_written(text: str, category: int | None) -> None:
    assert parse_category(text) == category


def test_default_rule_labels_three_as_benign_and_leaves_out_zero() -> None:
    rule = BiradsRule()
    labels = [rule.label(category) for category in range(7)]
    assert labels == [None, *[Label.BENIGN] * 3, *[Label.MALIGNANT] * 3]


def test_rule_can_leave_out_the_doubtful_categories() -> None:
    rule = birads_rule("1, 2", "5,6")
    assert rule.label(3) is None
    assert rule.label(4) is None
    assert rule.in_words() == "BI-RADS 1, 2 = benign, 5, 6 = malignant, others left out."


@pytest.mark.parametrize(("benign", "malignant"), [("1,2,9", "4"), ("", "4"), ("1,2,3", "3,4"), ("1", "4a")])
def test_rules_without_meaning_are_refused(benign: str, malignant: str) -> None:
    with pytest.raises(ImportSettingInvalid):
        birads_rule(benign, malignant)
