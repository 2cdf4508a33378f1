"""Segmentation on real film mammograms, where CADX_SHARED names them."""

from pathlib import Path

import numpy as np

from cadx.lesion import SegmentationOutcome, lesion_features, segment
from cadx.mammogram import read_mammogram
from cadx.records import LesionCenter
from cadx.roi import extract_roi


def test_masses_are_found_more_often_than_the_prototypes_did(shared: Path) -> None:
    overlaps = []
    for line in (shared / "mini-mias" / "Info.txt").read_text(encoding="ascii").splitlines():
        words = line.split()
        path = shared / "mini-mias" / f"{words[0]}.pgm" if words else shared
        if len(words) != 7 or words[2] == "CALC" or not path.is_file():
            continue
        roi = extract_roi(read_mammogram(path, pixel_spacing_mm=0.2), LesionCenter(int(words[4]), 1024 - int(words[5])))
        offsets = np.arange(512) - 255.5
        circle = (np.add.outer(offsets**2, offsets**2) <= (2 * int(words[6])) ** 2) & roi.valid
        found = segment(roi)
        assert found.outcome is SegmentationOutcome.FOUND
        assert np.isfinite(lesion_features(roi, found)).all()
        overlaps.append((found.mask & circle).sum() / (found.mask | circle).sum())
    assert len(overlaps) == 24
    # Prototypes on the full set: 22 % (largest jump), 54 % (RGI), 63 % (best level, picked with the truth in hand).
    assert np.mean(np.array(overlaps) >= 0.40) >= 0.70
