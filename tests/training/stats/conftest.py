from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray


class Clustered(NamedTuple):
    labels: NDArray[np.bool_]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    lesion: NDArray[np.intp]


def clustered_data(
    rng: np.random.Generator, lesions: int = 60, shift: tuple[float, float] = (1.0, 1.0), within: float = 0.7
) -> Clustered:
    """Return two scores of one to five rows a lesion; `within` is the share of variance that a lesion's rows share."""
    lesion = np.repeat(np.arange(lesions), rng.integers(1, 6, lesions))
    labels = (np.arange(lesions) % 5 < 3)[lesion]
    common = rng.normal(size=(lesions, 3))[lesion]
    noise = rng.normal(size=(len(lesion), 2))
    scores = [
        shift[k] * labels
        + np.sqrt(within) * (common[:, 0] + common[:, k + 1]) / np.sqrt(2)
        + np.sqrt(1 - within) * noise[:, k]
        for k in range(2)
    ]
    return Clustered(labels, scores[0], scores[1], lesion)


@pytest.fixture(scope="session")
def clustered() -> Clustered:
    return clustered_data(np.random.default_rng(3))
