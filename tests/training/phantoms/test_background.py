"""The spectrum of the texture is fitted, not believed."""

from itertools import pairwise

import numpy as np
import pytest

from cadx.records import FloatImage
from training.phantoms.background import EXPONENT_MEAN, EXPONENT_SD, power_law_texture, random_exponent


def fitted_exponent(image: FloatImage, spacing_mm: float, band: tuple[float, float]) -> float:
    """Slope of log power against log frequency within a band, in cycles per mm, of a windowed periodogram."""
    window = np.outer(np.hanning(image.shape[0]), np.hanning(image.shape[1]))
    power = np.abs(np.fft.fft2((image - image.mean()) * window)) ** 2
    frequency = np.hypot(
        np.fft.fftfreq(image.shape[0], spacing_mm)[:, None], np.fft.fftfreq(image.shape[1], spacing_mm)[None, :]
    )
    edges = np.geomspace(*band, 15)
    middles, levels = [], []
    for low, high in pairwise(edges):
        ring = (frequency >= low) & (frequency < high)
        middles.append(np.log(frequency[ring]).mean())
        levels.append(np.log(power[ring].mean()))
    return -float(np.polyfit(middles, levels, 1)[0])


@pytest.mark.parametrize("exponent", [2.5, 3.2, 3.9])
def test_spectrum_falls_with_the_wanted_exponent(exponent: float) -> None:
    texture = power_law_texture(np.random.default_rng(3), (640, 600), exponent)
    assert fitted_exponent(texture, 0.1, (0.1, 3.0)) == pytest.approx(exponent, abs=0.1)


def test_texture_is_normalized_and_has_the_wanted_shape_also_for_odd_sizes() -> None:
    texture = power_law_texture(np.random.default_rng(4), (301, 207), 3.0)
    assert texture.shape == (301, 207)
    assert texture.dtype == np.float32
    assert abs(float(texture.mean())) < 1e-4
    assert float(texture.std()) == pytest.approx(1.0, abs=1e-4)


def test_exponents_scatter_as_measured_in_mammograms() -> None:
    rng = np.random.default_rng(5)
    drawn = np.array([random_exponent(rng) for _ in range(2000)])
    assert drawn.mean() == pytest.approx(EXPONENT_MEAN, abs=4 * EXPONENT_SD / np.sqrt(2000))
    assert drawn.std() == pytest.approx(EXPONENT_SD, rel=0.1)
