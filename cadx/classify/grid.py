"""The grid that the search walks: a, c, d of the polynomial kernel and the SVM's C."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cadx.errors import UnusableSetting


class PolynomialKernel(NamedTuple):
    """K(x, y) = (gamma x.y + coef0)^degree, in scikit-learn's names."""

    gamma: float
    coef0: float
    degree: int

    def __call__(self, products: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the kernel of a matrix of inner products x.y."""
        base = products * self.gamma
        base += self.coef0
        result = base
        for _ in range(self.degree - 1):
            result = result * base
        return result


class GridPoint(NamedTuple):
    """One setting of the SVM with kernel K(x, y) = (a x.y / n_features + c)^d.

    Attributes
    ----------
    d
        Degree, a whole number of at least 1.
    C
        Penalty of the margin's violations, positive.
    c
        Constant of the kernel (scikit-learn's ``coef0``), at least 0.
    a
        Slope of the kernel (scikit-learn's ``gamma``) in units of 1 / n_features, positive.
    """

    d: int
    C: float
    c: float
    a: float

    def polynomial(self, n_features: int) -> PolynomialKernel:
        """Return the kernel over so many features."""
        return PolynomialKernel(gamma=self.a / n_features, coef0=self.c, degree=self.d)

    def kernel(self, products: NDArray[np.float64], n_features: int) -> NDArray[np.float64]:
        """Return (a x.y / n_features + c)^d for a matrix of inner products x.y."""
        return self.polynomial(n_features)(products)


@dataclass(frozen=True, slots=True)
class PolynomialGrid:
    """Values to search; their product is the grid, 54 points by default.

    The paper searches a, c and d (Huynh 2016) and does not print its values: these are ours. `a` counts in units of
    1 / n_features, the number of columns that vary in the training rows, so that a grid means the same for 40 lesion
    features and for 86,400 CNN features (the mean of x.x / n_features over standardized rows is 1).

    Attributes
    ----------
    a, c, d, C
        See `GridPoint`. Points come in the order of `points`: lowest degree first, then lowest C, c and a when the
        values ascend; of points with equal scores, the search takes the first.

    Raises
    ------
    UnusableSetting
        For an empty list, a degree that is not a whole number of at least 1, a or C not positive, c negative,
        or a value that is not finite.
    """

    a: tuple[float, ...] = (0.1, 1.0, 10.0)
    c: tuple[float, ...] = (0.0, 1.0)
    d: tuple[int, ...] = (1, 2, 3)
    C: tuple[float, ...] = (0.1, 1.0, 10.0)

    def __post_init__(self) -> None:
        """Refuse what cannot be a kernel."""
        for field in fields(self):
            _check(field.name, getattr(self, field.name))

    def __len__(self) -> int:
        return len(self.a) * len(self.c) * len(self.d) * len(self.C)

    def points(self) -> Iterator[GridPoint]:
        """Yield every point; a varies fastest, then c, C and d."""
        for d, C, c, a in product(self.d, self.C, self.c, self.a):
            yield GridPoint(d=int(d), C=float(C), c=float(c), a=float(a))


@dataclass(frozen=True, slots=True)
class LinearGrid:
    """Values of C to search for a linear SVM with squared hinge loss (`cadx.classify.linear`), for very many rows.

    Attributes
    ----------
    C
        Penalty of the margin's violations; ascending, so that of equally good ones the lowest wins.

    Raises
    ------
    UnusableSetting
        For an empty list, or a C that is not positive and finite.
    """

    C: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1)

    def __post_init__(self) -> None:
        """Refuse what cannot be a penalty."""
        _check("C", self.C)

    def __len__(self) -> int:
        return len(self.C)

    def points(self) -> Iterator[GridPoint]:
        """Yield every point, as the polynomial kernel of degree 1 without a constant."""
        for C in self.C:
            yield GridPoint(d=1, C=float(C), c=0.0, a=1.0)


Grid = PolynomialGrid | LinearGrid

_RULES = {
    "a": "must be positive",
    "c": "must be at least 0",
    "d": "must be a whole number of at least 1",
    "C": "must be positive",
}


def _check(parameter: str, values: Sequence[float]) -> None:
    """Refuse an empty list, and a value that the parameter may not have."""
    if not values:
        raise UnusableSetting(parameter=parameter, value="no value at all", rule=_RULES[parameter])
    for value in values:
        if not _allowed(parameter, value):
            raise UnusableSetting(parameter=parameter, value=str(value), rule=_RULES[parameter])


def _allowed(parameter: str, value: float) -> bool:
    if not math.isfinite(value):
        return False
    if parameter == "d":
        return value >= 1 and value == int(value)
    return value >= 0 if parameter == "c" else value > 0
