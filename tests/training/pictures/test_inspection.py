"""`cadx-train inspect`: what it tells of a file, and the picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from cadx.mammogram import read_mammogram
from cadx.roi import extract_roi
from training.cli import cli
from training.cohort.cases import Case
from training.pictures.inspection import THUMBNAIL_LONGEST_PX, roi_outline, thumbnail

RUNNER = CliRunner()


def test_facts_and_flags_are_told(unseen_phantom: Case) -> None:
    center = unseen_phantom.center
    done = RUNNER.invoke(cli, ["inspect", str(unseen_phantom.image), "--x", str(center.x), "--y", str(center.y)])
    assert done.exit_code == 0, done.output
    for told in ("dicom", "ImagerPixelSpacing", "detector plane", "MONOCHROME", "voi", "center", "padded"):
        assert told in done.output
    assert unseen_phantom.image.name not in done.output


@pytest.mark.parametrize("with_center", [True, False])
def test_the_picture_is_drawn(with_center: bool, unseen_phantom: Case, tmp_path: Path) -> None:
    out = tmp_path / "picture.png"
    center = unseen_phantom.center
    options = ["--x", str(center.x), "--y", str(center.y)] if with_center else []
    done = RUNNER.invoke(cli, ["inspect", str(unseen_phantom.image), *options, "--out", str(out)])
    assert done.exit_code == 0, done.output
    with Image.open(out) as picture:
        assert picture.width > 500
        assert np.asarray(picture.convert("L")).std() > 10


def test_a_center_needs_both_numbers(unseen_phantom: Case) -> None:
    assert RUNNER.invoke(cli, ["inspect", str(unseen_phantom.image), "--x", "5"]).exit_code != 0


def test_the_thumbnail_is_the_image_thinned_out(unseen_phantom: Case) -> None:
    mammogram = read_mammogram(unseen_phantom.image)
    step = -(-max(mammogram.rows, mammogram.columns) // THUMBNAIL_LONGEST_PX)
    whole = mammogram.pixels.window(0, mammogram.rows, 0, mammogram.columns).gray
    np.testing.assert_array_equal(thumbnail(mammogram), whole[::step, ::step])


def test_the_outline_is_51_2_mm_about_the_center(unseen_phantom: Case) -> None:
    roi = extract_roi(read_mammogram(unseen_phantom.image), unseen_phantom.center)
    outline = roi_outline(roi)
    np.testing.assert_allclose(outline[:4].mean(axis=0), [roi.center.x, roi.center.y])
    np.testing.assert_allclose(np.ptp(outline[:, 0]) * roi.source_spacing.column_mm, 51.2)
