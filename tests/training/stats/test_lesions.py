import numpy as np
import pytest

from training.errors import LesionOfBothClasses
from training.stats.lesions import per_lesion


def test_a_lesion_has_the_mean_of_its_views() -> None:
    scores = per_lesion([1, 0, 1, 0], [0.9, 0.2, 0.5, 0.4], ["b", "a", "b", "c"])
    assert list(scores.lesions) == ["a", "b", "c"]
    np.testing.assert_allclose(scores.probabilities, [0.2, 0.7, 0.4])
    np.testing.assert_array_equal(scores.labels, [False, True, False])
    np.testing.assert_array_equal(scores.rows, [1, 2, 1])


def test_a_lesion_of_both_classes_is_refused() -> None:
    with pytest.raises(LesionOfBothClasses, match=r"1 lesion\(s\)"):
        per_lesion([1, 0, 0], [0.9, 0.2, 0.1], ["a", "a", "b"])
