"""The area under a proper binormal ROC curve.

Metz and Pan, "'Proper' binormal ROC curves", J. Math. Psychol. 43:1 (1999):
AUC = Phi(da / sqrt 2) + 2 BVN(-da / sqrt 2, 0; rho), rho = -(1 - c^2) / (1 + c^2), with BVN the bivariate standard
normal distribution function.
"""

import numpy as np
from scipy.special import ndtr, owens_t


def proper_binormal_auc(da: float, c: float) -> float:
    """Return the area under the proper binormal curve.

    Parameters
    ----------
    da
        Separation, at least 0.
    c
        Asymmetry, -1 < c < 1; 0 is the symmetric curve of equal variances.
    """
    h = -da / np.sqrt(2)
    # BVN(h, 0; rho) for h <= 0 by Owen's T, whose second argument rho / sqrt(1 - rho^2) is -(1 - c^2) / (2 |c|).
    slope = -(1 - c**2) / (2 * abs(c)) if c != 0 else -np.inf
    joint = 0.5 * ndtr(h) + owens_t(h, slope)
    return float(ndtr(-h) + 2 * joint)
