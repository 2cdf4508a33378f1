"""One picture written in many ways gets one probability, through the whole path of an answer."""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cadx.assessment import assess
from cadx.bundle import Bundle, load_bundle
from cadx.mammogram import read_mammogram
from cadx.records import LesionCenter
from training.phantoms.mass import random_mass
from training.phantoms.view import PhantomView, phantom_view

Make = Callable[..., Any]
logger = logging.getLogger(__name__)
LARGEST = 4095


@pytest.fixture(scope="module")
def bundle(bundle_folder: Path) -> Bundle:
    return load_bundle(bundle_folder)


@pytest.fixture(scope="module")
def view() -> PhantomView:
    rng = np.random.default_rng(11)
    return phantom_view(rng, random_mass(rng, True, 14.0))


@pytest.fixture(scope="module")
def stored(view: PhantomView) -> Any:
    return np.rint(np.clip(view.gray, 0, 1) * LARGEST).astype(np.uint16)


def probabilities(bundle: Bundle, content: bytes, center: LesionCenter, **options: Any) -> Any:
    answer = assess(bundle, read_mammogram(content, **options), center)
    return np.array([answer.probability, answer.cnn_probability, answer.lesion_probability])


@pytest.mark.parametrize(
    ("display", "negative"),
    [
        ({}, {}),
        ({"WindowCenter": 2000, "WindowWidth": 3000}, {"WindowCenter": 2096, "WindowWidth": 3000}),
        (
            {"WindowCenter": 2000, "WindowWidth": 3000, "VOILUTFunction": "LINEAR_EXACT"},
            {"WindowCenter": 2095, "WindowWidth": 3000, "VOILUTFunction": "LINEAR_EXACT"},
        ),
        (
            {"WindowCenter": 2000, "WindowWidth": 3000, "VOILUTFunction": "SIGMOID"},
            {"WindowCenter": 2095, "WindowWidth": 3000, "VOILUTFunction": "SIGMOID"},
        ),
        ("lut", "negative lut"),
    ],
    ids=["no VOI", "LINEAR", "LINEAR_EXACT", "SIGMOID", "VOI LUT"],
)
def test_monochrome1_and_monochrome2(
    display: Any, negative: Any, bundle: Bundle, view: PhantomView, stored: Any, make_dicom: Make
) -> None:
    if display == "lut":
        curve = (np.arange(LARGEST + 1.0) ** 1.5 / LARGEST**0.5).astype(int)
        display, negative = {"VOILUTSequence": [lut(curve)]}, {"VOILUTSequence": [lut(LARGEST - curve[::-1])]}
    plain = make_dicom(stored, 12, **display)
    inverted = make_dicom(LARGEST - stored, 12, PhotometricInterpretation="MONOCHROME1", **negative)
    np.testing.assert_allclose(
        probabilities(bundle, plain, view.center), probabilities(bundle, inverted, view.center), atol=1e-6
    )


def lut(entries: Any) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), 0, 12])
    item.add_new("LUTData", "OW", np.asarray(entries, dtype="<u2").tobytes())
    return item


def test_png_and_dicom_of_16_bits(bundle: Bundle, view: PhantomView, make_dicom: Make) -> None:
    stored = np.rint(np.clip(view.gray, 0, 1) * 65535).astype(np.uint16)
    stream = io.BytesIO()
    Image.fromarray(stored).save(stream, "PNG")
    png = probabilities(bundle, stream.getvalue(), view.center, pixel_spacing_mm=0.1)
    np.testing.assert_allclose(png, probabilities(bundle, make_dicom(stored, 16), view.center), atol=1e-6)


def test_a_path_and_its_bytes(bundle: Bundle, view: PhantomView, stored: Any, make_dicom: Make, tmp_path: Path) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(make_dicom(stored, 12))
    from_path = assess(bundle, read_mammogram(path), view.center)
    from_bytes = assess(bundle, read_mammogram(path.read_bytes()), view.center)
    assert from_path.probability == from_bytes.probability
    assert [flag.code for flag in from_path.flags] == [flag.code for flag in from_bytes.flags]


def reduced(fine: Any, fine_mm: float, spacing_mm: float) -> Any:
    """The picture a detector with larger pixels takes: the mean over each of them."""

    def overlap(count: int) -> Any:
        edges = np.arange(int(count * fine_mm / spacing_mm + 1e-9) + 1) * spacing_mm / fine_mm
        starts = np.arange(count)
        shared = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
        return np.clip(shared, 0, None) * fine_mm / spacing_mm

    return overlap(fine.shape[0]) @ fine @ overlap(fine.shape[1]).T


def test_one_phantom_at_several_spacings(bundle: Bundle, make_dicom: Make) -> None:
    """The figures in docs/reading.md are what ``--log-cli-level=INFO`` shows."""
    fine_mm = 0.05
    rng = np.random.default_rng(11)
    fine = phantom_view(rng, random_mass(rng, True, 14.0), spacing_mm=fine_mm)
    answers = {}
    for spacing_mm in (0.1, 0.05, 0.07, 0.085, 0.2):
        gray = reduced(np.clip(fine.gray, 0, 1).astype(np.float64), fine_mm, spacing_mm)
        content = make_dicom(
            np.rint(gray * 65535).astype(np.uint16), 16, ImagerPixelSpacing=[str(spacing_mm), str(spacing_mm)]
        )
        # A corner of the pixels of 0.05, 0.1 and 0.2 mm; the others' regions begin up to half a pixel off.
        x_mm, y_mm = (0.2 * round(at * fine_mm / 0.2) for at in (fine.center.x, fine.center.y))
        center = LesionCenter(x_mm / spacing_mm, y_mm / spacing_mm)
        answers[spacing_mm] = assess(bundle, read_mammogram(content), center)
    reference = answers[0.1].roi.gray
    seen = answers[0.1].roi.tissue
    span = np.ptp(reference[seen])
    for spacing_mm, answer in answers.items():
        difference = np.abs(answer.roi.gray - reference)[seen & answer.roi.tissue]
        rms, largest = np.sqrt(np.mean(difference**2)) / span, difference.max() / span
        change = abs(answer.probability - answers[0.1].probability)
        logger.info("%g mm: rms %.4f, largest %.3f, change of p %.4f", spacing_mm, rms, largest, change)
        assert rms < 0.01
        # Pixels of 0.2 mm hold less detail than the region's own of 0.1 mm, which are no longer filtered.
        assert change < (0.1 if spacing_mm > 0.1 else 0.05)
