"""The compiled kernels against the numpy reference: to the bit, on masks made to be awkward too."""

import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from cadx.lesion import FEATURES, SegmentationMethod, describe_lesion, kernels
from cadx.lesion.disc import disc_reach
from cadx.lesion.kernels import reference
from cadx.mammogram import read_mammogram
from cadx.records import FloatImage, LesionCenter, Mask, Roi
from cadx.roi import extract_roi

LEVELS = 20


@pytest.fixture(scope="module")
def compiled() -> Any:
    """Skips where no compiler was; `test_they_are_in_use_where_a_compiler_is` says when that must not be."""
    return pytest.importorskip("cadx.lesion.kernels.compiled")


def assert_equal(name: str, compiled: Any, *arguments: Any) -> None:
    """Both give the same bits, of the same types."""
    for one, other in zip(
        _several(getattr(compiled, name)(*arguments)), _several(getattr(reference, name)(*arguments)), strict=True
    ):
        assert type(one) is type(other), name
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other, err_msg=name)
        else:
            assert one == other, name


def _several(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


sides = st.integers(2, 40)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    """Empty and full masks, single pixels, checkerboards, combs, spirals, rings in rings, noise, smooth blobs."""
    rows, columns = draw(sides), draw(sides)
    y, x = np.indices((rows, columns))
    rng = np.random.default_rng(draw(seeds))
    kind = draw(
        st.sampled_from(["any", "empty", "full", "pixel", "checks", "comb", "spiral", "rings", "noise", "blobs"])
    )
    made: dict[str, Callable[[], Any]] = {
        "any": lambda: draw(arrays.arrays(np.bool_, (rows, columns))),
        "empty": lambda: np.zeros((rows, columns)),
        "full": lambda: np.ones((rows, columns)),
        "pixel": lambda: (y == rng.integers(rows)) & (x == rng.integers(columns)),
        "checks": lambda: (x + y) % 2,
        "comb": lambda: (x % 2 == 0) | (y == 0),
        "spiral": lambda: spiral(rows, columns),
        "rings": lambda: np.maximum(abs(y - rows // 2), abs(x - columns // 2)) % 2,
        "noise": lambda: rng.random((rows, columns)) < rng.random(),
        "blobs": lambda: ndimage.gaussian_filter(rng.normal(size=(rows, columns)), 2) > 0,
    }
    return np.asarray(made[kind](), dtype=np.bool_)


def spiral(rows: int, columns: int) -> Mask:
    """One path of a pixel's width that winds inwards, its turns a pixel apart."""
    path = np.zeros((rows + 4, columns + 4), dtype=np.bool_)
    path[:2] = path[-2:] = path[:, :2] = path[:, -2:] = True
    y, x, down, right = 2, 2, 0, 1
    inner = np.zeros_like(path)
    for _ in range(rows * columns):
        path[y, x] = inner[y, x] = True
        blocked = path[y + down, x + right] or (inner[y + 2 * down, x + 2 * right])
        if blocked:
            down, right = right, -down
            if path[y + down, x + right] or inner[y + 2 * down, x + 2 * right]:
                break
        y, x = y + down, x + right
    return inner[2:-2, 2:-2]


def image_of(mask: Mask, seed: int, sigma: float = 1.0) -> FloatImage:
    """A gray image of the mask's size, smooth or not."""
    image = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=mask.shape) + mask, sigma)
    return np.asarray(image, dtype=np.float32)


def test_they_are_in_use_where_a_compiler_is() -> None:
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} here")
    assert kernels.COMPILED, "build them: pip install -e . or python setup.py build_ext --inplace"


def test_both_have_the_same_functions(compiled: Any) -> None:
    names = {name for name in kernels.__all__ if name != "COMPILED"}
    assert names == set(reference.__all__)
    for name in names:
        assert callable(getattr(compiled, name))
        assert getattr(kernels, name) is getattr(compiled, name)
        assert f"reference.{name}" in getattr(compiled, name).__doc__


WITHOUT = """
import sys
sys.modules["cadx.lesion.kernels.compiled"] = None
from cadx.lesion import kernels
import cadx.assessment
from cadx.lesion.kernels import reference
assert not kernels.COMPILED and kernels.dilate is reference.dilate
"""


def test_without_them_the_reference_runs_and_says_so_once() -> None:
    command = [sys.executable, "-W", "error", "-c", WITHOUT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said = done.stderr.count("the compiled kernels of cadx.lesion are missing")
    assert (done.returncode, said) == (0, 1), done.stderr


@given(masks(), masks(), seeds)
@settings(max_examples=150, deadline=None)
def test_floods_and_pieces(compiled: Any, mask: Mask, other: Mask, seed: int) -> None:
    assert_equal("fill_holes", compiled, mask)
    start = np.resize(other, mask.shape)
    assert_equal("main_piece", compiled, mask, start)
    rng = np.random.default_rng(seed)
    pixel = (int(rng.integers(mask.shape[0])), int(rng.integers(mask.shape[1])))
    image = image_of(mask, seed, float(rng.choice([0.0, 1.5])))
    span = max(float(np.ptp(image)), 1e-6)
    number = np.minimum((image.max() - image) / span * LEVELS, LEVELS - 1).astype(np.int32)
    for levels in (number, np.where(mask, 0, LEVELS - 1).astype(np.int32)):
        assert_equal("joining_index", compiled, levels, LEVELS, pixel)


@given(masks(), seeds)
@settings(max_examples=100, deadline=None)
def test_sums_over_nested_regions(compiled: Any, mask: Mask, seed: int) -> None:
    rng = np.random.default_rng(seed)
    index = np.where(mask, rng.integers(0, LEVELS + 1, mask.shape), LEVELS // 2).astype(np.int32)
    assert_equal("region_counts", compiled, index, LEVELS, mask)
    counts = reference.region_counts(index, LEVELS, mask)
    area = counts[0].astype(np.float64)
    center = counts[1] / np.maximum(area, 1), counts[2] / np.maximum(area, 1)
    assert_equal("disc_overlap", compiled, index, *center, area / np.pi)
    image = image_of(mask, seed)
    assert_equal("contour_sums", compiled, index, LEVELS, image)
    assert_equal("radial_gradient", compiled, image, (mask.shape[0] // 2, mask.shape[1] // 3))


@given(masks(), seeds, st.floats(0, 12), st.sampled_from([2.5, 3.0, 4.0]), st.integers(0, 30))
@settings(max_examples=100, deadline=None)
def test_filters(compiled: Any, mask: Mask, seed: int, sigma: float, truncate: float, half: int) -> None:
    for image in (image_of(mask, seed), mask.astype(np.float32)):
        assert_equal("gaussian", compiled, image, sigma, truncate)
        if 2 * half + 1 <= min(mask.shape):
            assert_equal("box_means", compiled, image, 2 * half + 1)


@given(masks(), st.floats(0, 30))
@settings(max_examples=100, deadline=None)
def test_dilation_by_a_disc_is_exact(compiled: Any, mask: Mask, radius: float) -> None:
    assert_equal("dilate", compiled, mask, disc_reach(radius))
    if mask.any():
        exact = ndimage.distance_transform_edt(~mask) <= radius
        np.testing.assert_array_equal(kernels.dilate(mask, disc_reach(radius)), exact)


@given(masks(), masks(), masks(), seeds, st.floats(0, 4))
@settings(max_examples=60, deadline=None)
def test_the_active_contour(compiled: Any, tissue: Mask, start: Mask, free: Mask, seed: int, bend_px: float) -> None:
    start, free = np.resize(start, tissue.shape), np.resize(free, tissue.shape)
    size = min(5, (min(tissue.shape) - 1) // 2 * 2 + 1)
    image = image_of(tissue, seed)
    assert_equal("settle", compiled, image, tissue, start, free, start & ~free, size, bend_px, 0.35, 10, 0.01)


@given(masks(), seeds)
@settings(max_examples=100, deadline=None)
def test_textures(compiled: Any, mask: Mask, seed: int) -> None:
    image = image_of(mask, seed, 0.5)
    assert_equal("gray_levels", compiled, image, mask, 32)
    assert_equal("gray_levels", compiled, mask.astype(np.float32), mask, 32)
    levels = reference.gray_levels(image, mask, 32)
    if levels is not None:
        assert_equal("neighbor_pairs", compiled, levels, 32)
        assert_equal("neighbor_deviations", compiled, levels, 32)


@given(masks(), seeds, st.floats(0, 5))
@settings(max_examples=150, deadline=None)
def test_outlines(compiled: Any, mask: Mask, seed: int, tolerance: float) -> None:
    assert_equal("longest_outline", compiled, mask)
    outline = reference.longest_outline(mask)
    assert_equal("simplified", compiled, outline, tolerance) if len(outline) else None
    assert_equal("moments", compiled, mask)
    assert_equal("pixels_within", compiled, mask, (mask.shape[1] / 3, mask.shape[0] / 2), tolerance**2)
    if len(outline):
        moved = outline + np.random.default_rng(seed).normal(0, 0.2, outline.shape)
        assert_equal("simplified", compiled, moved, tolerance)
        assert_equal("resampled", compiled, outline[:-1], 1 + int(20 * tolerance))


@given(masks(), seeds)
@settings(max_examples=60, deadline=None)
def test_blocks(compiled: Any, mask: Mask, seed: int) -> None:
    fine = np.kron(mask, np.ones((4, 4), dtype=np.bool_)) & np.roll(np.kron(~mask, np.ones((4, 4), dtype=np.bool_)), 3)
    image = image_of(fine, seed)
    assert_equal("block_means", compiled, image, fine)
    assert_equal("block_means", compiled, image, np.ones_like(fine))
    turned = np.asfortranarray(image)
    for tissue in (fine, np.asfortranarray(fine), np.ones_like(fine)):
        assert_equal("block_means", compiled, turned, tissue)
    assert_equal("enlarged", compiled, image_of(mask, seed))


@given(masks(), seeds, st.sampled_from([0.13, 0.0, 0.5]))
@settings(max_examples=100, deadline=None)
def test_orientation_histograms(compiled: Any, mask: Mask, seed: int, off: float) -> None:
    smooth = image_of(mask, seed, 0.0 if off else 1.0)
    assert_equal("central_differences", compiled, smooth, mask)
    known = np.ones_like(mask)
    center = float(mask.shape[1] // 2) + off, float(mask.shape[0] // 2) - off
    for image in (smooth, mask.astype(np.float32)):  # Of a mask most angles are multiples of 45 degrees.
        along_x, along_y = reference.central_differences(image, known)
        assert_equal("orientation_histograms", compiled, along_x, along_y, center, mask, ~mask)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_angles_at_the_ends_of_bins_fall_on_the_same_side(compiled: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ends = np.radians(2.0 * rng.integers(-90, 91, (64, 64))) + rng.choice([0, 1e-8, 1e-7, 1e-6, 1e-5], (64, 64))
    length = np.exp(rng.normal(size=ends.shape))
    along_x = (length * np.cos(ends)).astype(np.float32)
    along_y = (length * np.sin(ends)).astype(np.float32)
    mask = rng.random(ends.shape) < 0.5
    for center in ((1e9, 0.5), (-1e9, 0.5), (31.5, 32.5)):
        assert_equal("orientation_histograms", compiled, along_x, along_y, center, mask, ~mask)


@pytest.mark.parametrize(("dot", "cross"), [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)])
def test_a_gradient_on_an_axis_has_the_bin_that_begins_there(compiled: Any, dot: int, cross: int) -> None:
    along_x, along_y = np.full((1, 1), dot, dtype=np.float32), np.full((1, 1), cross, dtype=np.float32)
    mask = np.ones((1, 1), dtype=np.bool_)
    # The center lies one pixel to the right, so that the dot product is the x and the cross product the y.
    one, other = (
        each.orientation_histograms(along_x, along_y, (1.5, 0.5), mask, mask) for each in (compiled, reference)
    )
    np.testing.assert_array_equal(one, other)


def test_every_angle_has_its_bin(compiled: Any) -> None:
    degrees = np.arange(-180, 180, 2) + 1
    along_x = np.cos(np.radians(degrees)).astype(np.float32)[None, :]
    along_y = np.sin(np.radians(degrees)).astype(np.float32)[None, :]
    far = (1e9, 0.5)  # All pixels look in one direction.
    mask = np.ones(along_x.shape, dtype=np.bool_)
    histograms = compiled.orientation_histograms(along_x, along_y, far, mask, mask)
    np.testing.assert_allclose(histograms[1], 1, rtol=1e-6)
    np.testing.assert_allclose(histograms[1:], reference.orientation_histograms(along_x, along_y, far, mask, mask)[1:])


def test_values_that_are_not_finite_stay_within_the_arrays(compiled: Any) -> None:
    mask = np.ones((9, 9), dtype=np.bool_)
    for value in (np.nan, np.inf, -np.inf):
        image = np.full((9, 9), value, dtype=np.float32)
        image[4, 4] = 1
        compiled.orientation_histograms(image, image.T.copy(), (4.2, 4.1), mask, mask)
        compiled.gray_levels(image, mask, 32)
        compiled.settle(image, mask, mask, mask, ~mask, 3, 1.0, 0.35, 10, 0.01)
        compiled.simplified(image[:, :2].astype(np.float64), 0.5)
        compiled.resampled(image[:, :2].astype(np.float64), 20)
        compiled.gaussian(image, 2.0, 3.0)
        compiled.enlarged(image)


BAD: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("joining_index", (np.full((4, 4), 9, np.int32), 5, (0, 0))),
    ("joining_index", (np.full((4, 4), -1, np.int32), 5, (0, 0))),
    ("joining_index", (np.zeros((4, 4), np.int32), 5, (4, 0))),
    ("main_piece", (np.ones((4, 4), np.bool_), np.ones((4, 5), np.bool_))),
    ("region_counts", (np.full((4, 4), -1, np.int32), 5, np.ones((4, 4), np.bool_))),
    ("region_counts", (np.zeros((4, 4), np.int32), 5, np.ones((4, 3), np.bool_))),
    ("contour_sums", (np.zeros((4, 4), np.int32), 5, np.ones((3, 4), np.float32))),
    ("contour_sums", (np.full((4, 4), -2, np.int32), 5, np.ones((4, 4), np.float32))),
    ("disc_overlap", (np.zeros((4, 4), np.int32), np.zeros(3), np.zeros(2), np.zeros(3))),
    ("radial_gradient", (np.zeros((1, 4), np.float32), (0, 0))),
    ("box_means", (np.zeros((4, 4), np.float32), 2)),
    ("dilate", (np.ones((4, 4), np.bool_), np.array([255], np.int32))),
    ("dilate", (np.ones((4, 4), np.bool_), np.array([-1], np.int32))),
    ("neighbor_pairs", (np.full((4, 4), 33, np.uint8), 32)),
    ("neighbor_deviations", (np.full((4, 4), 33, np.uint8), 32)),
    ("gray_levels", (np.zeros((4, 4), np.float32), np.ones((4, 3), np.bool_), 32)),
    ("block_means", (np.zeros((6, 8), np.float32), np.ones((6, 8), np.bool_))),
    ("enlarged", (np.zeros((0, 4), np.float32),)),
    ("central_differences", (np.zeros((4, 4), np.float32), np.ones((4, 3), np.bool_))),
    ("resampled", (np.zeros((0, 2)), 4)),
    ("simplified", (np.zeros((4, 3)), 0.5)),
)


@pytest.mark.parametrize(("name", "arguments"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_what_would_leave_an_array_is_refused(compiled: Any, name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        getattr(compiled, name)(*arguments)


@pytest.mark.parametrize("shape", ["noise", "checks", "spiral", "comb"])
def test_the_worst_masks_take_no_longer_than_their_pixels(compiled: Any, shape: str) -> None:
    """A thread cannot be killed: a whole region of the worst kind ends at once."""
    y, x = np.indices((512, 512))
    mask = np.asarray(
        {
            "noise": np.random.default_rng(0).random((512, 512)) < 0.59,
            "checks": (x + y) % 2 == 0,
            "spiral": spiral(512, 512),
            "comb": (x % 2 == 0) | (y == 0),
        }[shape]
    )
    image = image_of(mask, 0, 0.0)
    number = np.where(mask, 0, 1).astype(np.int32)
    started = time.process_time()
    compiled.fill_holes(mask)
    compiled.main_piece(mask, mask)
    compiled.joining_index(number, 2, (0, 0))
    compiled.simplified(compiled.longest_outline(mask), 0.5)
    compiled.settle(image, mask, mask, mask, ~mask, 31, 3.0, 0.35, 10, 0.0)
    assert time.process_time() - started < 10


def _reference_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in reference.__all__:
        monkeypatch.setattr(kernels, name, getattr(reference, name))


def assert_same_description(monkeypatch: pytest.MonkeyPatch, roi: Roi, method: SegmentationMethod) -> None:
    """Masks, outlines and reasons are the same; features within what the documentation promises."""
    one = describe_lesion(roi, method)
    with monkeypatch.context() as patched:
        _reference_only(patched)
        other = describe_lesion(roi, method)
    np.testing.assert_array_equal(one.segmentation.mask, other.segmentation.mask)
    np.testing.assert_array_equal(one.contour, other.contour)
    assert one.segmentation.reason == other.segmentation.reason
    np.testing.assert_array_equal(one.segmentation.trace.evidence, other.segmentation.trace.evidence)
    for feature, value, expected in zip(FEATURES, one.features, other.features, strict=True):
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-9), feature.name


@pytest.mark.parametrize("method", SegmentationMethod)
@pytest.mark.parametrize("diameter_mm", [4.0, 11.0, 30.0])
def test_phantoms_are_described_alike(
    compiled: Any, monkeypatch: pytest.MonkeyPatch, method: SegmentationMethod, diameter_mm: float
) -> None:
    from training.phantoms import phantom_view, random_mass

    for spiculated in (False, True):
        rng = np.random.default_rng([18, int(diameter_mm), spiculated])
        view = phantom_view(rng, random_mass(rng, spiculated, diameter_mm))
        assert_same_description(monkeypatch, phantom_roi(view.gray, view.center.x, view.center.y), method)


def phantom_roi(gray: FloatImage, x: float, y: float) -> Roi:
    from cadx.records import Mammogram, PixelWindow, Spacing, SpacingSource

    class Pixels:
        def window(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelWindow:
            part = gray[row_start:row_stop, column_start:column_stop]
            return PixelWindow(part, np.ones(part.shape, dtype=np.bool_))

    spacing = Spacing(0.1, 0.1, SpacingSource.CALLER)
    return extract_roi(Mammogram(gray.shape[0], gray.shape[1], spacing, Pixels(), "png"), LesionCenter(x, y))


def test_real_films_are_described_alike(compiled: Any, monkeypatch: pytest.MonkeyPatch, shared: Path) -> None:
    lesions = list(films(shared))
    assert len(lesions) > 25
    for roi in lesions:
        assert_same_description(monkeypatch, roi, SegmentationMethod.DUAL_STAGE)


def films(shared: Path) -> Iterator[Roi]:
    for line in (shared / "mini-mias" / "Info.txt").read_text(encoding="ascii").splitlines():
        words = line.split()
        path = shared / "mini-mias" / f"{words[0]}.pgm" if words else shared
        if len(words) == 7 and path.is_file():
            mark = LesionCenter(int(words[4]), 1024 - int(words[5]))
            yield extract_roi(read_mammogram(path, pixel_spacing_mm=0.2), mark)
