import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from cadx.classify import GridPoint, PolynomialGrid
from cadx.errors import UnusableSetting


def test_the_default_grid_has_54_points_each_once() -> None:
    grid = PolynomialGrid()
    points = list(grid.points())
    assert len(grid) == len(points) == len(set(points)) == 54
    assert points[0] == GridPoint(d=1, C=0.1, c=0.0, a=0.1)


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_the_kernel_is_that_of_scikit_learn(d: int) -> None:
    Z = np.random.default_rng(d).normal(size=(8, 20))
    ours = GridPoint(d=d, C=1.0, c=0.5, a=2.0).kernel(Z @ Z.T, 20)
    np.testing.assert_allclose(ours, polynomial_kernel(Z, degree=d, gamma=2.0 / 20, coef0=0.5), rtol=1e-12)


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        ("d", (0,)),
        ("d", (2, -1)),
        ("d", (1.5,)),
        ("a", (-1.0,)),
        ("a", (0.0,)),
        ("a", (math.nan,)),
        ("c", (-0.1,)),
        ("C", (0.0,)),
        ("C", (math.inf,)),
        ("a", ()),
    ],
)
def test_values_that_make_no_kernel_are_refused_by_name(parameter: str, values: tuple[Any, ...]) -> None:
    with pytest.raises(UnusableSetting, match=f"classifier's {parameter} must be") as raised:
        PolynomialGrid(**{parameter: values})
    assert raised.value.parameter == parameter
