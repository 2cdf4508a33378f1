from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray


class Cohort(NamedTuple):
    X: NDArray[np.float64]
    y: NDArray[np.int64]
    lesion: NDArray[np.int64]


@pytest.fixture(scope="session")
def cohort() -> Cohort:
    """60 lesions of one to four ROIs, 30 columns that tell a little and 5 that never vary."""
    rng = np.random.default_rng(20)
    lesion = np.repeat(np.arange(60), rng.integers(1, 5, 60))
    y = (np.arange(60) % 2)[lesion]
    X = rng.normal(size=(60, 30))[lesion] + 0.5 * rng.normal(size=(len(lesion), 30))
    X[:, :4] += 0.7 * y[:, None]
    X[:, 7] *= 1e4
    X[:, 25:] = 3.0
    return Cohort(X=X, y=y, lesion=lesion)
