from collections.abc import Callable

from sklearn.utils.estimator_checks import parametrize_with_checks

from cadx.classify import PolynomialSvm

EXPECTED_FAILURES = {
    "check_class_weight_classifiers": "weights by label are not offered; calibration would undo their shift of predict",
}


# Two inner folds: several of the checks fit six to ten rows, too few for five folds that all hold both classes.
@parametrize_with_checks([PolynomialSvm(inner_folds=2)], expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_scikit_learn_estimator_checks(estimator: PolynomialSvm, check: Callable[[PolynomialSvm], None]) -> None:
    check(estimator)
