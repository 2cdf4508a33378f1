import numpy as np
import pytest
from scipy import stats

from training.phantoms.photons import photon_amplitude


@pytest.mark.parametrize("expected", [600.0, 2500.0])
def test_counts_are_distributed_as_poisson_numbers(expected: float) -> None:
    amplitude = photon_amplitude(np.random.default_rng(0), np.full(400_000, np.sqrt(expected), dtype=np.float32))
    counts = amplitude.astype(np.float64) ** 2 - 0.25
    assert counts.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / counts.size))
    assert counts.var() == pytest.approx(expected, rel=0.01)
    wanted = stats.poisson(expected).ppf([0.01, 0.25, 0.75, 0.99])
    assert np.abs(np.quantile(counts, [0.01, 0.25, 0.75, 0.99]) - wanted).max() < 0.03 * np.sqrt(expected) + 1
