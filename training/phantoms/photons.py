"""Quantum noise: how many photons reach a pixel."""

import numpy as np

from cadx.records import FloatImage


def photon_amplitude(rng: np.random.Generator, expected: FloatImage) -> FloatImage:
    """Draw square roots of photon counts.

    The square root of a Poisson number is nearly normal with a standard deviation of 1/2 (Anscombe, Biometrika
    1948;35:246), and drawn several times faster than the number itself. The count is the amplitude squared less 1/4:
    its mean is Poisson's, and its variance is too large by 1/8 whatever the mean, which is nothing against the 1000
    photons and more of a phantom's pixel.

    Parameters
    ----------
    rng
        Source of randomness.
    expected
        Square root of the expected count of each pixel.

    Returns
    -------
    ndarray
        float32, amplitudes, at least 1.
    """
    amplitude = rng.standard_normal(expected.shape, dtype=np.float32)
    amplitude *= 0.5
    amplitude += expected
    return np.maximum(amplitude, 1.0, out=amplitude)
