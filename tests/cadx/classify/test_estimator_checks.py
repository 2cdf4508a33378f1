from collections.abc import Callable

from sklearn.utils.estimator_checks import parametrize_with_checks

from cadx.classify import LinearGrid, PolynomialGrid, PolynomialSvm

GRID = PolynomialGrid(a=(1.0,), c=(1.0,), d=(1, 3), C=(1.0,))
EXPECTED_FAILURES = {
    "check_class_weight_classifiers": "weights by label are not offered; calibration would undo their shift of predict",
}


# Two inner folds: several of the checks fit six to ten rows, too few for five folds that all hold both classes.
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [PolynomialSvm(GRID, inner_folds=2), PolynomialSvm(LinearGrid(C=(0.1,)), inner_folds=2)],
    expected_failed_checks=lambda _: EXPECTED_FAILURES,
)
def test_scikit_learn_estimator_checks(estimator: PolynomialSvm, check: Callable[[PolynomialSvm], None]) -> None:
    check(estimator)
