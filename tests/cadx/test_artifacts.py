"""Markers and straight edges: found where they were put, and rarely where they were not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from cadx.artifacts import artifact_flags
from cadx.mammogram import read_mammogram
from cadx.records import LesionCenter
from cadx.roi import extract_roi
from training.phantoms.background import power_law_texture

ALL = np.ones((512, 512), dtype=np.bool_)
SEEDS = range(12)
# Regions of mini-MIAS that hold the border of the film, as black bars that no tag declares.
FILM_BORDER = {("mdb072", 266), ("mdb104", 357), ("mdb191", 594), ("mdb223", 591), ("mdb271", 784), ("mdb312", 240)}


def tissue(seed: int) -> NDArray[np.float32]:
    """Power-law texture with a soft mass in the middle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-256:256, -256:256]
    mass = 0.2 * np.exp(-(x**2 + y**2) / (2 * 40.0**2))
    gray: NDArray[np.float32] = np.clip(0.4 + 0.06 * power_law_texture(rng, (512, 512), 3.2) + mass, 0, 1).astype(
        np.float32
    )
    return gray


def codes(gray: Any, valid: Any = ALL) -> set[str]:
    return {flag.code for flag in artifact_flags(gray.astype(np.float32), valid)}


def contrast(gray: Any) -> float:
    low, high = np.percentile(gray, (1, 99))
    return float(high - low)


@pytest.mark.parametrize("seed", SEEDS)
def test_tissue_has_none(seed: int) -> None:
    assert codes(tissue(seed)) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_edge_of_a_paddle_is_found_at_any_angle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(40, 150)
    y, x = np.mgrid[-256:256, -256:256]
    paddle = gaussian_filter((x * np.cos(angle) + y * np.sin(angle) > offset).astype(float), 2.0)
    gray = tissue(seed)
    assert "straight_edge" in codes(gray + contrast(gray) * paddle)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_letter_of_lead_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plate = Image.new("L", (512, 512))
    place = (int(rng.integers(20, 380)), int(rng.integers(20, 400)))
    ImageDraw.Draw(plate).text(place, "RCC", fill=255, font=ImageFont.load_default(size=60))
    gray = np.maximum(tissue(seed), gaussian_filter(np.asarray(plate) / 255.0, 1.0))
    assert "bright_object" in codes(gray)


def test_the_border_of_padding_is_not_a_straight_edge() -> None:
    valid = ALL.copy()
    valid[:, :200] = False
    assert codes(tissue(0) * valid, valid) == set()


@pytest.mark.parametrize("gray", [np.zeros((512, 512)), np.full((512, 512), 0.7)])
def test_a_constant_region_has_none(gray: Any) -> None:
    assert codes(gray) == set()
    assert codes(gray, np.zeros_like(ALL)) == set()


def test_share_of_alarms_on_mini_mias(shared: Path) -> None:
    """The film's border is no tissue and so no edge; every bright object is a calcification."""
    edges, not_tissue, objects = set(), set(), 0
    rows = [line.split() for line in (shared / "mini-mias" / "Info.txt").read_text().splitlines()]
    lesions = [row for row in rows if len(row) == 7 and row[0].startswith("mdb") and row[4].isdigit()]
    for name, *_, x, y, _ in lesions:
        film = read_mammogram(shared / "mini-mias" / f"{name}.pgm", pixel_spacing_mm=0.2)
        roi = extract_roi(film, LesionCenter(float(x), 1024 - float(y)))
        found = codes(roi.gray, roi.tissue)
        objects += "bright_object" in found
        if "straight_edge" in found:
            edges.add((name, int(x)))
        if "roi_not_tissue" in {flag.code for flag in roi.flags}:
            not_tissue.add((name, int(x)))
    assert len(lesions) == 32
    assert edges == set()
    assert not_tissue >= FILM_BORDER
    assert objects <= 3
