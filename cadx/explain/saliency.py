"""Where in the region Method A's decision comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy import ndimage

from cadx.classify import FrozenSvm
from cadx.cnn import Backbone, BackboneSpec
from cadx.explain.shapley import baseline
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, FloatImage

Matrix = NDArray[np.float64]
TILES = 8
"""Occlusion hides one tile of 8 x 8 after another: 64 passes through the CNN."""
BLUR_MM = 3.0
CELL_PARTS = 4
"""Parts along a side of a cell of the largest square where several are shown: the cells of one half as wide have 2."""


class MapKind(StrEnum):
    """How a map was made."""

    CLASS_ACTIVATION = "class_activation"
    OCCLUSION = "occlusion"


MEANING = {
    MapKind.CLASS_ACTIVATION: (
        "Each cell is its exact share of Method A's decision value less that of the cohort's mean; the cells add up to "
        "it. A cell sees more of the picture than its own square, and a share is not a cause: the map does not outline "
        "the lesion, and says nothing of whether the decision is right."
    ),
    MapKind.OCCLUSION: (
        "Each cell is by how much Method A's decision value falls when its square is blurred. Cells do not add up, "
        "a blurred square is like nothing in the cohort, and what two squares show twice is seen in neither: the map "
        "does not outline the lesion, and says nothing of whether the decision is right."
    ),
}
"""What must be said with a map of either kind."""


@dataclass(frozen=True, slots=True)
class SaliencyMap:
    """A map of the region, in units of Method A's decision value; above 0 speaks for malignancy.

    Attributes
    ----------
    values
        (rows, columns); cells of equal size that tile the region.
    decision_value, baseline
        Of the region, and of the cohort's mean features.
    passes
        Images that went through the CNN for it.
    """

    kind: MapKind
    values: Matrix
    decision_value: float
    baseline: float
    passes: int


def saliency_map(backbone: Backbone, svm: FrozenSvm, gray: FloatImage) -> SaliencyMap:
    """Map Method A's decision on one region.

    By class activation where the features are pooled maps and the backbone gives them: one pass of each image that the
    CNN sees of a region. Else by occlusion.

    Parameters
    ----------
    gray
        (512, 512), as the CNN saw it.
    """
    maps = backbone.maps(gray[None])
    if maps is None:
        return _occlusion(backbone, svm, gray)
    weights, places = average_gradient(svm, backbone.features(gray[None])[0]), maps[0].astype(np.float64)
    return _class_activation(backbone.spec, svm, places, weights)


def average_gradient(svm: FrozenSvm, features: NDArray[np.floating]) -> Matrix:
    """Return the mean gradient of the decision value on the straight way from the cohort's mean to the lesion.

    Times the standardized features it sums to decision value less baseline (integrated gradients: Sundararajan, Taly &
    Yan, ICML 2017; Aumann & Shapley 1974). For the kernel (gamma x.y + c)^d the integrand is a polynomial of degree
    d - 1 in the way's length, for which ceil(d / 2) Gauss-Legendre nodes are exact; at degree 1 it is the SVM's weight
    vector.

    Returns
    -------
    ndarray
        (columns kept,).
    """
    kernel = svm.kernel
    products = kernel.gamma * (svm.support_vectors @ svm.standardization.apply(features[None, :])[0])
    nodes, weights = leggauss(ceil(kernel.degree / 2))
    slopes = sum(
        weight / 2 * (products * (node + 1) / 2 + kernel.coef0) ** (kernel.degree - 1)
        for node, weight in zip(nodes, weights, strict=True)
    )
    return np.asarray(kernel.gamma * kernel.degree * ((svm.dual_coef * slopes) @ svm.support_vectors))


def _class_activation(spec: BackboneSpec, svm: FrozenSvm, places: Matrix, weights: Matrix) -> SaliencyMap:
    """Spread each channel's share over the places that made its value (after Zhou et al., CVPR 2016).

    Mean pooling: every place has an equal part in the mean. Maximum: the place of the maximum has it all. Turns: each
    has an equal part. The cells of a smaller square are smaller; the map then has the finest that all divide into.

    Parameters
    ----------
    places
        (scales, turns, channels, rows, columns): what was pooled.
    weights
        (columns kept,): what the decision value gains with one deviation of a feature.
    """
    learnt, channels = svm.standardization, places.shape[2]
    slopes, means = np.zeros(svm.n_features_in), np.zeros(svm.n_features_in)
    slopes[learnt.columns], means[learnt.columns] = weights / learnt.scale, learnt.mean
    of_blocks = zip(slopes.reshape(-1, channels), means.reshape(-1, channels), strict=True)
    shares = [
        np.sum([_spread(pooling, turned, *next(of_blocks)) for pooling in spec.poolings], axis=0) for turned in places
    ]
    values = shares[0] if len(shares) == 1 else _overlaid(shares, spec.scales_mm)
    start = baseline(svm)
    return SaliencyMap(MapKind.CLASS_ACTIVATION, values, start + float(values.sum()), start, passes=spec.passes)


def _spread(pooling: str, maps: Matrix, slopes: Matrix, means: Matrix) -> Matrix:
    """Give the shares of the places, (rows, columns), in what maps (turns, channels, rows, columns) were pooled to."""
    turns, channels, rows, columns = maps.shape
    if pooling == "mean":
        return np.asarray(np.tensordot(slopes, maps.mean(axis=0) - means[:, None, None], 1) / (rows * columns))
    flat = maps.reshape(turns, channels, -1)
    shares = np.zeros(rows * columns)
    np.add.at(shares, flat.argmax(axis=2), slopes * (flat.max(axis=2) - means) / turns)
    return shares.reshape(rows, columns)


def _overlaid(shares: Sequence[Matrix], scales_mm: Sequence[float]) -> Matrix:
    """Add maps of concentric squares: each cell is parted so finely that the cells of all lie on one grid."""
    whole = np.zeros(tuple(length * CELL_PARTS for length in shares[0].shape))
    for share, scale in zip(shares, scales_mm, strict=True):
        parts = round(CELL_PARTS * scale / scales_mm[0])
        fine = np.repeat(np.repeat(share / parts**2, parts, axis=0), parts, axis=1)
        top, left = ((outer - inner) // 2 for outer, inner in zip(whole.shape, fine.shape, strict=True))
        whole[top : top + fine.shape[0], left : left + fine.shape[1]] += fine
    return whole


def _occlusion(backbone: Backbone, svm: FrozenSvm, gray: FloatImage) -> SaliencyMap:
    """Blur one tile after another and see what the decision value loses (Zeiler & Fergus, ECCV 2014)."""
    side = ROI_SIZE_PX // TILES
    blurred = ndimage.gaussian_filter(gray, BLUR_MM / ROI_SPACING_MM, mode="nearest").clip(0, 1)
    decision = float(svm.svm_decisions(backbone.features(gray[None]))[0])
    values = np.empty((TILES, TILES))
    for row in range(TILES):
        hidden = np.repeat(gray[None], TILES, axis=0)
        for column in range(TILES):
            tile = np.s_[row * side : (row + 1) * side, column * side : (column + 1) * side]
            hidden[column][tile] = blurred[tile]
        values[row] = decision - svm.svm_decisions(backbone.features(hidden))
    return SaliencyMap(MapKind.OCCLUSION, values, decision, baseline(svm), passes=(1 + TILES**2) * backbone.spec.passes)
