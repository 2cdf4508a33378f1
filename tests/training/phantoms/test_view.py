import numpy as np
import pytest

from training.phantoms import PhantomView, View, phantom_view, random_mass
from training.phantoms.view import HEIGHT_MM, WIDTH_MM


@pytest.fixture(scope="module")
def view() -> PhantomView:
    rng = np.random.default_rng(0)
    return phantom_view(rng, random_mass(rng, True, 14.0), View.MLO)


def test_image_is_a_breast_in_air(view: PhantomView) -> None:
    assert view.gray.shape == (round(HEIGHT_MM / 0.1), round(WIDTH_MM / 0.1))
    assert view.gray.dtype == np.float32
    assert view.gray.min() == 0.0
    assert view.gray.max() <= 1.0
    assert np.all(view.gray[:50, -50:] == 0)
    assert np.all(view.gray[400:500, :50] > 0)
    assert 0.1 < float((view.gray == 0).mean()) < 0.4


def test_mark_lies_on_the_mass_and_the_mass_is_brighter_than_what_surrounds_it(view: PhantomView) -> None:
    rows, columns = np.nonzero(view.mask)
    assert abs(view.center.x - columns.mean()) < 25
    assert abs(view.center.y - rows.mean()) < 25
    reach = int(1.5 * np.sqrt(view.mask.sum() / np.pi))
    y, x = int(view.center.y), int(view.center.x)
    patch = (slice(y - reach, y + reach), slice(x - reach, x + reach))
    assert view.gray[patch][view.mask[patch]].mean() > view.gray[patch][~view.mask[patch]].mean() + 0.05


def test_outline_has_about_the_size_of_the_mass() -> None:
    rng = np.random.default_rng(1)
    sizes = []
    for _ in range(6):
        mask = phantom_view(rng, random_mass(rng, False, 12.0)).mask
        sizes.append(2 * np.sqrt(mask.sum() / np.pi) * 0.1)
    assert np.mean(sizes) == pytest.approx(12.0, rel=0.08)


def test_right_breast_is_mirrored() -> None:
    left, right = (
        phantom_view(rng, random_mass(rng, True, 12.0), left=side)
        for rng, side in ((np.random.default_rng(2), True), (np.random.default_rng(2), False))
    )
    assert np.array_equal(left.gray, right.gray[:, ::-1])
    assert np.array_equal(left.mask, right.mask[:, ::-1])
    assert left.center.x + right.center.x == pytest.approx(left.gray.shape[1], abs=0.11)


def test_views_of_one_mass_differ_in_background_and_agree_in_size() -> None:
    rng = np.random.default_rng(3)
    mass = random_mass(rng, False, 16.0)
    first, second = (phantom_view(rng, mass, view) for view in (View.CC, View.MLO))
    inside = first.gray[300:600, 100:400], second.gray[300:600, 100:400]
    assert abs(np.corrcoef(inside[0].ravel(), inside[1].ravel())[0, 1]) < 0.9
    assert first.mask.sum() == pytest.approx(second.mask.sum(), rel=0.25)


def test_finer_pixels_show_the_same_scale() -> None:
    coarse, fine = (
        phantom_view(rng, random_mass(rng, False, 14.0), spacing_mm=spacing)
        for rng, spacing in ((np.random.default_rng(4), 0.2), (np.random.default_rng(4), 0.07))
    )
    assert fine.gray.shape == (round(HEIGHT_MM / 0.07), round(WIDTH_MM / 0.07))
    assert fine.mask.sum() * 0.07**2 == pytest.approx(coarse.mask.sum() * 0.2**2, rel=0.15)
    assert coarse.spacing_mm == 0.2
