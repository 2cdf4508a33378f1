"""The polynomial-kernel SVM of both branches, searched, calibrated and cut down to its support vectors."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from cadx.classify.folds import Columns, Rows, Split, grouped_folds
from cadx.classify.frozen_svm import FrozenSvm, refuse_not_finite
from cadx.classify.gram import Matrix, Standardization, fit_standardization, standardized_gram
from cadx.classify.grid import Grid, GridPoint, LinearGrid, PolynomialGrid
from cadx.classify.linear import fit_linear, search_linear
from cadx.classify.platt import PlattSigmoid, calibrate
from cadx.classify.search import ClassWeight, Search, best_search, fit_svc, search
from cadx.errors import MoreThanTwoClasses, OneClassOnly, UnusableSetting

ALL_COLUMNS: Final = "all"


class PolynomialSvm(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """SVM with kernel K(x, y) = (a x.y + c)^d on standardized features (Huynh 2016, section 2.4).

    `fit` drops the columns that do not vary, scales the others to zero mean and unit variance, chooses a, c, d and C
    by a grid search over grouped folds, fits the sigmoid of Platt to the winner's held-out decision values, and refits
    the winner on all rows. Dropping and scaling are learnt inside each fold, and no fold splits a group. A probability
    never falls while the decision value rises; where the winner ranks held-out rows no better than chance, every
    probability is the prevalence (`cadx.classify.platt.calibrate`). Otherwise the result is that of scikit-learn's
    ``CalibratedClassifierCV(svc, method="sigmoid", cv=folds, ensemble=False)`` about the best pipeline of a
    ``GridSearchCV``, at a fraction of the time (docs/decisions/polynomial-svm.md).

    The score of the search is the mean over the folds of the AUC; the paper says only "grid search with five folds".

    Parameters
    ----------
    grid
        Values to search; none: `PolynomialGrid()`, 54 points. A `LinearGrid` makes it a linear SVM in its primal form,
        whose time grows with the number of rows instead of its square; its one support vector is the weights.
    inner_folds
        Number of folds of search and calibration.
    class_weight
        None as in the paper, or ``"balanced"``: C weighed by the inverse share of each class.
    seed
        Decides the folds.
    n_jobs
        Threads for the search; none: one, or what `joblib.parallel_config` says. No effect on the result.
    candidates
        Sets of columns by name, to choose among as one more axis of the grid; of equally good ones, the first. None:
        all columns.

    Attributes
    ----------
    classes_
        The two labels, sorted; probabilities are in this order.
    best_params_
        The winner's a (in units of 1 / n_features), c, d and C.
    search_scores_
        (points, folds) AUC of every grid point, in the order of `PolynomialGrid.points`; candidate after candidate.
    candidate_
        Name of the chosen set of columns; ``all`` where there was no choice.
    standardization_
        Columns kept, their mean and scale.
    support_vectors_
        float64, (vectors, kept columns), standardized.
    dual_coef_, intercept_
        The SVM's own decision value is K(x, support_vectors_) @ dual_coef_ + intercept_.
    sigmoid_
        Platt's slope and intercept; slope 0 where nothing was learnt (``sigmoid_.informative``).
    converged_
        Whether the solver met its tolerance for the winner, on all folds and on all rows.
    out_of_fold_decisions_
        (n,) the winner's held-out decision values, to which the sigmoid was fitted.
    n_features_in_
        Columns of X.
    """

    classes_: NDArray[np.generic]
    best_params_: dict[str, float]
    search_scores_: Matrix
    candidate_: str
    standardization_: Standardization
    support_vectors_: Matrix
    dual_coef_: Matrix
    intercept_: float
    sigmoid_: PlattSigmoid
    converged_: bool
    out_of_fold_decisions_: Matrix
    n_features_in_: int

    def __init__(
        self,
        grid: Grid | None = None,
        inner_folds: int = 5,
        class_weight: ClassWeight = None,
        seed: int = 0,
        n_jobs: int | None = None,
        candidates: Mapping[str, Columns] | None = None,
    ) -> None:
        self.grid = grid
        self.inner_folds = inner_folds
        self.class_weight = class_weight
        self.seed = seed
        self.n_jobs = n_jobs
        self.candidates = candidates

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Search, calibrate and fit.

        Parameters
        ----------
        X
            (n, columns) features, float32 or float64, finite.
        y
            (n,) labels of two classes.
        groups
            (n,) lesion or patient of each row, never split between folds; none: every row stands alone.

        Raises
        ------
        ClassifierError
            `FeaturesNotFinite`, `OneClassOnly`, `MoreThanTwoClasses`, `TooFewGroups`, `NoVaryingFeature`,
            `UnusableSetting`.
        """
        features, labels = validate_data(self, X, y, dtype=(np.float64, np.float32), ensure_all_finite=False)
        refuse_not_finite(features)
        self.classes_, positive = _two_classes(labels)
        if self.class_weight not in (None, "balanced"):
            raise UnusableSetting(parameter="class_weight", value=str(self.class_weight), rule="is none or 'balanced'")
        if groups is not None:
            check_consistent_length(features, groups)
        grid = PolynomialGrid() if self.grid is None else self.grid
        candidates = self._candidates(features.shape[1])
        folds = grouped_folds(positive, groups, self.inner_folds, self.seed)
        with warnings.catch_warnings():
            # What did not converge is kept in `converged_`, not announced point by point.
            warnings.simplefilter("ignore", ConvergenceWarning)
            searches = {
                name: self._search(grid, _part(features, columns), positive, folds)
                for name, columns in candidates.items()
            }
            name = best_search(searches)
            self.candidate_ = name
            self.search_scores_ = np.vstack([found.aucs for found in searches.values()])
            learn = self._learn_linear if isinstance(grid, LinearGrid) else self._learn_polynomial
            self._keep(searches[name], positive, [fold.test for fold in folds])
            learn(features, candidates[name], positive, searches[name])
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the calibrated log-odds of ``classes_[1]``, (n,): Platt's line over the SVM's decision value."""
        features = self._validated(X)
        return self.sigmoid_.log_odds(self.freeze().svm_decisions(features))

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities, (n, 2), in the order of `classes_`."""
        log_odds = self.decision_function(X)
        return np.column_stack([expit(-log_odds), expit(log_odds)])

    def predict(self, X: ArrayLike) -> NDArray[np.generic]:
        """Return the more probable label, (n,)."""
        second = self.decision_function(X) > 0
        return np.asarray(self.classes_[second.astype(np.intp)])

    def freeze(self) -> FrozenSvm:
        """Return what prediction needs, as arrays and numbers: a bundle keeps this, and it needs no scikit-learn."""
        check_is_fitted(self)
        best = self.best_params_
        winner = GridPoint(d=int(best["d"]), C=best["C"], c=best["c"], a=best["a"])
        first, second = self.classes_.tolist()
        return FrozenSvm(
            classes=(first, second),
            n_features_in=self.n_features_in_,
            standardization=self.standardization_,
            kernel=winner.polynomial(self.standardization_.n_features),
            C=winner.C,
            support_vectors=self.support_vectors_,
            dual_coef=self.dual_coef_,
            intercept=self.intercept_,
            sigmoid=self.sigmoid_,
        )

    def __sklearn_tags__(self) -> Tags:
        """Say that two classes are the limit."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _validated(self, X: ArrayLike) -> NDArray[np.floating]:
        check_is_fitted(self)
        features: NDArray[np.floating] = validate_data(
            self, X, dtype=(np.float64, np.float32), ensure_all_finite=False, reset=False
        )
        refuse_not_finite(features)
        return features

    def _candidates(self, width: int) -> Mapping[str, Columns]:
        """Give the sets of columns to choose among, each checked against the width of X."""
        candidates = {ALL_COLUMNS: range(width)} if self.candidates is None else self.candidates
        for name, columns in candidates.items():
            if not (len(columns) and columns[0] >= 0 and columns[-1] < width and (np.diff(columns) > 0).all()):
                rule = f"must be ascending numbers of the {width} columns"
                raise UnusableSetting(parameter="candidates", value=name, rule=rule)
        if not candidates:
            raise UnusableSetting(parameter="candidates", value="no value at all", rule="must name a set of columns")
        return candidates

    def _search(
        self, grid: Grid, X: NDArray[np.floating], positive: NDArray[np.bool_], folds: Sequence[Split]
    ) -> Search:
        if isinstance(grid, LinearGrid):
            return search_linear(X, positive, folds, grid, self.class_weight, self.n_jobs)
        return search(X, positive, folds, tuple(grid.points()), self.class_weight, self.n_jobs)

    def _keep(self, found: Search, positive: NDArray[np.bool_], held_out: list[Rows]) -> None:
        """Keep the search's winner, and the sigmoid of its held-out decision values."""
        self.best_params_ = found.points[found.winner]._asdict()
        self.out_of_fold_decisions_ = found.decisions[found.winner].copy()
        self.sigmoid_ = calibrate(self.out_of_fold_decisions_, positive, held_out)

    def _learn_polynomial(
        self, X: NDArray[np.floating], columns: Columns, positive: NDArray[np.bool_], found: Search
    ) -> None:
        """Refit the search's winner on all rows and keep what prediction needs."""
        winner = found.points[found.winner]
        learnt, gram = standardized_gram(_part(X, columns), np.arange(len(X)))
        self.standardization_ = _among_all(learnt, columns)
        kernel = winner.kernel(gram, self.standardization_.n_features)
        solution = fit_svc(kernel, positive, winner.C, self.class_weight)
        self.converged_ = bool(found.converged[found.winner]) and solution.converged
        self.dual_coef_, self.intercept_ = solution.coefficients, solution.intercept
        self.support_vectors_ = self.standardization_.apply(X[solution.support])

    def _learn_linear(
        self, X: NDArray[np.floating], columns: Columns, positive: NDArray[np.bool_], found: Search
    ) -> None:
        """Do the same in the primal form: K(x, w) = x.w / n_features, so that n_features of it are x.w."""
        self.standardization_ = _among_all(fit_standardization(_part(X, columns)), columns)
        C = found.points[found.winner].C
        solution = fit_linear(self.standardization_.apply(X), positive, C, self.class_weight)
        self.converged_ = bool(found.converged[found.winner]) and solution.converged
        self.dual_coef_, self.intercept_ = np.array([float(self.standardization_.n_features)]), solution.intercept
        self.support_vectors_ = solution.weights[None, :]


def _among_all(learnt: Standardization, columns: Columns) -> Standardization:
    """Number the columns of a standardization as X does."""
    return replace(learnt, columns=np.asarray(columns, dtype=np.intp)[learnt.columns])


def _part(X: NDArray[np.floating], columns: Columns) -> NDArray[np.floating]:
    """Return these columns; X itself, uncopied, where they are all that it has."""
    return X if len(columns) == X.shape[1] else X[:, columns]


def _two_classes(y: NDArray[np.generic]) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Return the two labels, sorted, and whether each row is of the second."""
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) > 2:
        raise MoreThanTwoClasses(target=type_of_target(y), classes=len(classes))
    if len(classes) < 2:
        raise OneClassOnly(label=str(classes[0]), rows=len(y))
    return classes, y == classes[1]
