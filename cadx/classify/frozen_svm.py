"""A fitted SVM as numbers alone: what a bundle keeps and a service computes with. numpy and scipy are all it needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from cadx.classify.gram import Matrix, Standardization, cross_products
from cadx.classify.grid import PolynomialKernel
from cadx.classify.platt import PlattSigmoid
from cadx.errors import FeaturesNotFinite

Label = int | float | str


@dataclass(frozen=True, slots=True)
class FrozenSvm:
    """The decision and the calibration of a fitted `PolynomialSvm`, without scikit-learn.

    `PolynomialSvm` predicts by its own frozen form, so both give the same bits.

    Attributes
    ----------
    classes
        The two labels; probabilities are in this order.
    n_features_in
        Columns of X.
    standardization
        Columns kept, their mean and scale.
    kernel
        The polynomial and its parameters.
    C
        Penalty that the SVM was fitted with; for the record, no prediction needs it.
    support_vectors
        float64, (vectors, kept columns), standardized.
    dual_coef
        float64, (vectors,): label times Lagrange multiplier.
    intercept
        The SVM's own decision value is kernel(x, support_vectors) @ dual_coef + intercept.
    sigmoid
        From decision values to probabilities.
    """

    classes: tuple[Label, Label]
    n_features_in: int
    standardization: Standardization
    kernel: PolynomialKernel
    C: float
    support_vectors: Matrix
    dual_coef: Matrix
    intercept: float
    sigmoid: PlattSigmoid

    def svm_decisions(self, X: NDArray[np.floating]) -> Matrix:
        """Return the SVM's own decision values, (n,), of features that were checked."""
        products = cross_products(self.standardization, X, self.support_vectors)
        return np.asarray(self.kernel(products) @ self.dual_coef + self.intercept)

    def decision_function(self, X: ArrayLike) -> Matrix:
        """Return the calibrated log-odds of ``classes[1]``, (n,): Platt's line over the SVM's decision value."""
        return self.sigmoid.log_odds(self.svm_decisions(self._checked(X)))

    def predict_proba(self, X: ArrayLike) -> Matrix:
        """Return calibrated probabilities, (n, 2), in the order of `classes`.

        Parameters
        ----------
        X
            (n, n_features_in) features, finite.

        Raises
        ------
        FeaturesNotFinite
            When a value is NaN or infinite.
        ValueError
            When X has another number of columns.
        """
        log_odds = self.decision_function(X)
        return np.column_stack([expit(-log_odds), expit(log_odds)])

    def _checked(self, X: ArrayLike) -> NDArray[np.floating]:
        features: NDArray[np.floating] = np.asarray(X)
        if features.ndim != 2 or features.shape[1] != self.n_features_in:
            raise ValueError(f"features of shape {features.shape}, where (n, {self.n_features_in}) is expected")
        refuse_not_finite(features)
        return features


def refuse_not_finite(X: NDArray[np.floating]) -> None:
    """Refuse NaN and infinity, saying where the first one is."""
    wrong = ~np.isfinite(X)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise FeaturesNotFinite(values=int(wrong.sum()), row=row, column=column)
