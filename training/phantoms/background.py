"""Breast-like background: noise with the power spectrum of mammographic texture.

The spectrum of mammograms follows P(f) ~ 1 / f^b with b of 3.17 (SD 0.23) in CC and 3.30 (SD 0.24) in MLO views
(docs/methods.md, section 7; first measured by Burgess, Jacobson & Judy, Med. Phys. 2001;28:419).
"""

import math

import numpy as np
import scipy.fft

from cadx.records import FloatImage

EXPONENT_MEAN = 3.2
EXPONENT_SD = 0.23


def random_exponent(rng: np.random.Generator) -> float:
    """Draw the exponent b of one image's spectrum."""
    return float(rng.normal(EXPONENT_MEAN, EXPONENT_SD))


def power_law_texture(rng: np.random.Generator, shape: tuple[int, int], exponent: float) -> FloatImage:
    """Make Gaussian noise whose power spectrum falls as 1 / f^exponent.

    Parameters
    ----------
    rng
        Source of randomness.
    shape
        Rows and columns to make.
    exponent
        The b of P(f) ~ 1 / f^b, f being the radial spatial frequency.

    Returns
    -------
    ndarray
        float32, `shape`, mean 0 and standard deviation 1 over the image.
    """
    rows, columns = (scipy.fft.next_fast_len(length, real=True) for length in shape)
    noise = rng.standard_normal((rows, columns), dtype=np.float32)
    spectrum = scipy.fft.rfft2(noise)
    frequency_squared = (scipy.fft.fftfreq(rows)[:, None] ** 2 + scipy.fft.rfftfreq(columns)[None, :] ** 2).astype(
        np.float32
    )
    frequency_squared[0, 0] = math.inf
    spectrum *= frequency_squared ** np.float32(-exponent / 4)
    texture: FloatImage = scipy.fft.irfft2(spectrum, s=(rows, columns))[: shape[0], : shape[1]]
    texture -= texture.mean()
    texture /= texture.std()
    return texture
