"""Black is told from tissue: the same picture however what is no image comes, no cliff, and no dark fat lost."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from cadx.lesion import SegmentationMethod, describe_lesion
from cadx.mammogram import read_mammogram
from cadx.records import FloatImage, LesionCenter, Mammogram, Mask, PixelWindow, Roi, Spacing, SpacingSource
from cadx.roi import extract_roi
from cadx.tissue import tissue_mask
from training.phantoms import phantom_view, random_mass

SPACING = Spacing(0.1, 0.1, SpacingSource.CALLER)


def mammogram(gray: FloatImage, spacing: Spacing = SPACING, valid: Mask | None = None) -> Mammogram:
    seen = np.ones(gray.shape, dtype=np.bool_) if valid is None else valid
    shown = np.where(seen, gray, np.float32(0)).astype(np.float32)

    def window(*box: int) -> PixelWindow:
        part = np.s_[box[0] : box[1], box[2] : box[3]]
        return PixelWindow(shown[part].copy(), seen[part].copy())

    rows, columns = gray.shape
    return Mammogram(rows, columns, spacing, SimpleNamespace(window=window), "array")


def texture(seed: int = 0, side: int = 512) -> FloatImage:
    """Tissue of gray 0.2 to 0.8 with a lesion in the middle."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.normal(size=(side, side)), 3.0)
    away = np.hypot(*(np.indices((side, side)) - side / 2))
    gray = 0.4 + 0.05 * noise / noise.std() + 0.2 * np.exp(-((away / 60) ** 4)) + rng.normal(0, 0.01, (side, side))
    return np.asarray(np.clip(gray, 0.2, 0.8), dtype=np.float32)


def tissue(gray: FloatImage, valid: Mask | None = None) -> Mask:
    seen = np.ones(gray.shape, dtype=np.bool_) if valid is None else valid
    return tissue_mask(PixelWindow(gray, seen), SPACING)


def strip(gray: FloatImage, columns: slice, level: float, noise_sd: float = 0.0) -> FloatImage:
    covered = gray.copy()
    shape = covered[:, columns].shape
    covered[:, columns] = np.clip(np.random.default_rng(9).normal(level, noise_sd, shape), 0, 1)
    return covered


def presentations(gray: FloatImage, spacing: Spacing, center: LesionCenter, cut: int) -> Iterator[Roi]:
    """One picture without its columns before `cut`: blacked out, declared as padding, and not there."""
    beyond = np.zeros(gray.shape, dtype=np.bool_)
    beyond[:, :cut] = True
    yield extract_roi(mammogram(np.where(beyond, np.float32(0), gray), spacing), center)
    yield extract_roi(mammogram(gray, spacing, ~beyond), center)
    yield extract_roi(mammogram(gray[:, cut:], spacing), LesionCenter(center.x - cut, center.y))


def assert_same(first: Roi, other: Roi) -> None:
    np.testing.assert_array_equal(other.tissue, first.tissue)
    np.testing.assert_allclose(other.gray, first.gray, atol=1e-6)


@pytest.mark.parametrize("spacing_mm", [0.07, 0.1, 0.2])
def test_black_declared_padding_and_the_arrays_end_give_one_region(spacing_mm: float) -> None:
    side = round(70 / spacing_mm)
    spacing = Spacing(spacing_mm, spacing_mm, SpacingSource.CALLER)
    cut = round(20 / spacing_mm)
    black, declared, ended = presentations(texture(1, side), spacing, LesionCenter(side / 2, side / 2), cut)
    assert 0.1 < 1 - black.tissue_share < 0.25
    assert black.padded_share == 0.0
    assert declared.padded_share == pytest.approx(1 - declared.tissue_share)
    assert_same(declared, black)
    assert_same(declared, ended)
    assert [flag.code for flag in black.flags] == ["roi_not_tissue"]
    assert [flag.code for flag in declared.flags] == ["roi_padded"]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("away_mm", [3.0, 8.0])
def test_black_beside_a_phantom_changes_no_feature(number: int, away_mm: float) -> None:
    rng = np.random.default_rng([3, number])
    view = phantom_view(rng, random_mass(rng, malignant=number % 2 == 1, diameter_mm=10.0 + number))
    cut = int(view.center.x - away_mm * 10) // 4 * 4  # the segmentation's grid of 0.4 mm keeps its place
    black, declared, ended = (
        describe_lesion(roi, SegmentationMethod.DUAL_STAGE).features
        for roi in presentations(view.gray, SPACING, view.center, cut)
    )
    np.testing.assert_allclose(black, declared, rtol=1e-6)
    np.testing.assert_allclose(ended, declared, rtol=0.02)


@pytest.mark.parametrize("noise_sd", [0.0, 0.004, 0.01])
def test_the_gray_of_a_black_strip_is_no_cliff(noise_sd: float) -> None:
    plain = texture()
    for level in (0.0, 0.01, 0.015, 0.019, 0.021, 0.025, 0.03):
        found = tissue(strip(plain, np.s_[:150], level, noise_sd))
        assert np.count_nonzero(~found[:, :150]) >= 0.999 * 512 * 150, level
        assert found[:, 151:].all()


def test_a_dark_constant_strip_is_no_tissue_and_a_bright_or_noisy_one_is() -> None:
    assert not tissue(strip(texture(), np.s_[:150], 0.12))[:, :150].any()
    assert tissue(strip(texture(), np.s_[:150], 0.12, 0.02)).all()
    assert tissue(strip(texture(), np.s_[:150], 0.5)).all()


def test_black_spreads_through_what_is_dark_but_dark_alone_is_tissue() -> None:
    gray = strip(texture(), np.s_[:60], 0.055, 0.004)
    assert tissue(gray).all()
    assert not tissue(strip(gray, np.s_[:10], 0.0))[:, :60].any()


def test_dark_fat_inside_the_breast_is_tissue() -> None:
    away = np.hypot(*(np.indices((512, 512)) - np.array([150, 180])[:, None, None]))
    fat = np.where(away < 70, np.float32(0.02), texture())
    assert tissue(fat).all()
    rng = np.random.default_rng(0)
    assert tissue(np.clip(fat + rng.normal(0, 0.01, fat.shape), 0, 1).astype(np.float32)).all()


def test_blanked_out_text_is_no_tissue() -> None:
    gray = texture()
    gray[80:130, 60:260] = 0.0
    expected = np.ones(gray.shape, dtype=np.bool_)
    expected[80:130, 60:260] = False
    np.testing.assert_array_equal(tissue(gray), expected)


def test_a_dim_image_has_the_mask_of_a_bright_one() -> None:
    gray = strip(texture(), np.s_[:150], 0.01, 0.002)
    np.testing.assert_array_equal(tissue((0.1 * gray).astype(np.float32)), tissue(gray))


def test_black_that_hangs_on_padding_is_no_tissue() -> None:
    valid = np.ones((512, 512), dtype=np.bool_)
    valid[200:300, :100] = False
    gray = strip(np.where(valid, texture(), np.float32(0)).astype(np.float32), np.s_[100:160], 0.01, 0.002)
    found = tissue(gray, valid)
    assert not found[:, 100:160].any()
    assert not found[~valid].any()
    assert found[:190, :95].all()


def test_all_tissue_is_the_mask_of_valid_pixels_itself() -> None:
    valid = np.ones((512, 512), dtype=np.bool_)
    assert tissue_mask(PixelWindow(texture(), valid), SPACING) is valid


def film_lesions(folder: Path) -> Iterator[tuple[str, Mammogram, LesionCenter]]:
    for line in (folder / "Info.txt").read_text(errors="replace").splitlines():
        words = line.split()
        path = folder / f"{words[0]}.pgm" if words else folder
        if len(words) == 7 and words[0].startswith("mdb") and path.is_file():
            yield (
                words[0],
                read_mammogram(path, pixel_spacing_mm=0.2),
                LesionCenter(int(words[4]), 1024 - int(words[5])),
            )


def test_film_borders_and_air_are_found_and_films_give_the_same_features_however_they_end(shared: Path) -> None:
    shares: dict[str, float] = {}
    measured: list[tuple[np.ndarray, ...]] = []
    for number, (name, film, center) in enumerate(film_lesions(shared / "mini-mias")):
        shares[name] = 1 - extract_roi(film, center).tissue_share
        gray = film.pixels.window(0, film.rows, 0, film.columns).gray
        cut = max(1, int(center.x - (20, 30, 50)[number % 3]))
        rois = presentations(gray, film.spacing, center, cut)
        measured.append(tuple(describe_lesion(roi, SegmentationMethod.DUAL_STAGE).features for roi in rois))
    # The two films with the widest border, two cut by it, and films that show nothing but breast.
    assert shares["mdb072"] == pytest.approx(0.46, abs=0.02)
    assert shares["mdb312"] == pytest.approx(0.29, abs=0.02)
    assert shares["mdb104"] == pytest.approx(0.11, abs=0.02)
    assert all(shares[name] < 0.002 for name in ("mdb015", "mdb032", "mdb063", "mdb144", "mdb152", "mdb184", "mdb231"))
    table = np.array(measured)
    off = np.abs(table - table[:, 1:2]) / table[:, 1].std(axis=0)
    assert np.median(off) < 0.1
    assert np.percentile(off, 95) < 0.3
