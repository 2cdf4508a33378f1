"""Haralick's features against scikit-image, and against their definitions written out with dictionaries."""

import math
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from skimage.feature import graycomatrix, graycoprops

from cadx.lesion.features import texture
from cadx.lesion.features.cooccurrence import cooccurrence
from cadx.lesion.features.region import LesionRegion, measure_region
from cadx.lesion.features.undefined import Undefined
from cadx.records import Mask

Pairs = dict[tuple[int, int], float]


@pytest.fixture(params=[0, 1, 2])
def lesion(
    request: pytest.FixtureRequest, make_gray: Callable[..., np.ndarray], make_shape: Callable[..., Mask]
) -> LesionRegion:
    mask = make_shape(lambda angle: (14, 25, 40)[request.param] * (1 + 0.2 * np.cos(3 * angle)))
    return measure_region(make_gray(mask, seed=request.param, noise=0.05), np.ones_like(mask), mask)


def pairs_of(region: LesionRegion) -> Pairs:
    """Count neighbors pixel by pixel, straight from the definition."""
    values = region.gray[region.mask].astype(float)
    low, high = values.min(), values.max()
    level = {
        (int(row), int(column)): min(int((float(region.gray[row, column]) - low) * (32 / (high - low))), 31) + 1
        for row, column in zip(*np.nonzero(region.mask), strict=True)
    }
    counts: defaultdict[tuple[int, int], float] = defaultdict(float)
    for (row, column), first in level.items():
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                second = level.get((row + down, column + right))
                if (down, right) != (0, 0) and second is not None:
                    counts[first, second] += 1
    total = sum(counts.values())
    return {pair: count / total for pair, count in counts.items()}


def entropy(values: object) -> float:
    return -sum(p * math.log2(p) for p in values if p > 0)  # type: ignore[attr-defined]


def definitions(p: Pairs) -> dict[str, float]:
    levels = sorted({i for i, _ in p})
    px = {i: sum(v for (a, _), v in p.items() if a == i) for i in levels}
    plus: defaultdict[int, float] = defaultdict(float)
    minus: defaultdict[int, float] = defaultdict(float)
    for (i, j), v in p.items():
        plus[i + j] += v
        minus[abs(i - j)] += v
    mu = sum(i * v for i, v in px.items())
    var = sum((i - mu) ** 2 * v for i, v in px.items())
    sum_average = sum(k * v for k, v in plus.items())
    difference_average = sum(k * v for k, v in minus.items())
    hx, hxy = entropy(px.values()), entropy(p.values())
    hxy1 = -sum(v * math.log2(px[i] * px[j]) for (i, j), v in p.items())
    hxy2 = -sum(px[i] * px[j] * math.log2(px[i] * px[j]) for i in levels for j in levels)
    q = np.array(
        [[sum(p.get((i, k), 0) * p.get((j, k), 0) / (px[i] * px[k]) for k in levels) for j in levels] for i in levels]
    )
    return {
        "energy": sum(v**2 for v in p.values()),
        "contrast": sum((i - j) ** 2 * v for (i, j), v in p.items()),
        "correlation": (sum(i * j * v for (i, j), v in p.items()) - mu**2) / var,
        "joint_variance": var,
        "inverse_difference_moment": sum(v / (1 + (i - j) ** 2) for (i, j), v in p.items()),
        "sum_average": sum_average,
        "sum_variance": sum((k - sum_average) ** 2 * v for k, v in plus.items()),
        "sum_entropy": entropy(plus.values()),
        "joint_entropy": hxy,
        "difference_variance": sum((k - difference_average) ** 2 * v for k, v in minus.items()),
        "difference_entropy": entropy(minus.values()),
        "information_correlation_1": (hxy - hxy1) / hx,
        "information_correlation_2": math.sqrt(1 - math.exp(-2 * (hxy2 - hxy))),
        "maximal_correlation": math.sqrt(sorted(np.linalg.eigvals(q).real)[-2]),
    }


def test_all_14_equal_their_definitions(lesion: LesionRegion) -> None:
    for name, value in definitions(pairs_of(lesion)).items():
        assert getattr(texture, name)(lesion) == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_scikit_image_agrees_where_it_has_the_feature(lesion: LesionRegion) -> None:
    # Level 0 stands for "outside the lesion"; its row and column are dropped.
    counts = graycomatrix(  # type: ignore[no-untyped-call]
        lesion.cooccurrence.levels, [1], [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4], levels=33, symmetric=True
    )[1:, 1:]
    # skimage takes the nearest pixel at distance 1 along a diagonal, which is the diagonal neighbor.
    merged = counts.sum(axis=3, keepdims=True).astype(float)
    np.testing.assert_allclose(merged[..., 0, 0] / merged.sum(), lesion.cooccurrence.matrix, atol=1e-12)
    for prop, name in (
        ("ASM", "energy"),
        ("contrast", "contrast"),
        ("correlation", "correlation"),
        ("homogeneity", "inverse_difference_moment"),
        ("variance", "joint_variance"),
    ):
        expected = float(graycoprops(merged / merged.sum(), prop)[0, 0])  # type: ignore[no-untyped-call]
        assert getattr(texture, name)(lesion) == pytest.approx(expected, rel=1e-9), prop


def test_coarseness_equals_its_definition(lesion: LesionRegion) -> None:
    levels = lesion.cooccurrence.levels
    inside = {(int(r), int(c)): int(levels[r, c]) for r, c in zip(*np.nonzero(levels), strict=True)}
    sums: defaultdict[int, float] = defaultdict(float)
    count: defaultdict[int, int] = defaultdict(int)
    for (row, column), level in inside.items():
        near = [
            inside[row + down, column + right]
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if (down, right) != (0, 0) and (row + down, column + right) in inside
        ]
        if near:
            sums[level] += abs(level - sum(near) / len(near))
            count[level] += 1
    total = sum(count.values())
    expected = 1 / sum(count[level] / total * sums[level] for level in sums)
    assert texture.coarseness(lesion) == pytest.approx(expected, rel=1e-9)


def test_a_chessboard_has_textbook_values() -> None:
    # Straight neighbors always differ by 31 levels, diagonal ones never: nearly half of all pairs each.
    gray = (np.indices((64, 64)).sum(axis=0) % 2).astype(np.float32)
    matrix = cooccurrence(gray, np.ones((64, 64), dtype=bool)).matrix
    straight, diagonal = 2 * 64 * 63, 2 * 63 * 63
    assert matrix[0, 31] + matrix[31, 0] == pytest.approx(straight / (straight + diagonal))
    assert matrix[0, 0] + matrix[31, 31] == pytest.approx(diagonal / (straight + diagonal))


def test_constant_gray_is_refused_with_the_reason() -> None:
    with pytest.raises(Undefined, match="constant"):
        cooccurrence(np.full((20, 20), 0.5, np.float32), np.ones((20, 20), dtype=bool))
