import math

import numpy as np
import pytest
from scipy.stats import ttest_rel

from training.stats.inference.fold_tests import corrected_paired_t, paired_t

FIRST = (0.86, 0.85, 0.87, 0.86, 0.84)
SECOND = (0.81, 0.84, 0.80, 0.83, 0.82)


def test_the_paired_t_is_that_of_scipy() -> None:
    ours, theirs = paired_t(FIRST, SECOND), ttest_rel(FIRST, SECOND)
    assert ours.statistic == pytest.approx(theirs.statistic)
    assert ours.p_value == pytest.approx(theirs.pvalue)
    interval = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high))


def test_the_correction_widens_by_the_share_that_training_sets_have_in_common() -> None:
    plain, corrected = paired_t(FIRST, SECOND), corrected_paired_t(FIRST, SECOND, n_train=80, n_test=20)
    assert plain.statistic / corrected.statistic == pytest.approx(math.sqrt((1 / 5 + 1 / 4) / (1 / 5)))
    assert corrected.p_value > plain.p_value


def test_folds_that_all_differ_alike_have_no_spread_to_divide_by() -> None:
    none = paired_t(FIRST, FIRST)
    assert (none.statistic, none.p_value) == (0.0, 1.0)
    constant = paired_t(tuple(np.add(FIRST, 0.02)), FIRST)
    assert (constant.statistic, constant.p_value) == (0.0, 1.0)
    assert (constant.low, constant.high) == (-1.0, 1.0)
