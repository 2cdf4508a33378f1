from sklearn.utils.estimator_checks import parametrize_with_checks

from cadx.classify import PolynomialSvm

# Two inner folds: several of the checks fit six or ten rows, too few lesions for five folds of both classes.


@parametrize_with_checks([PolynomialSvm(inner_folds=2)])
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)
