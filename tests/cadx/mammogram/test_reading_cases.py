"""Files rebuilt from public bug reports, where CADX_SHARED has them: each is read or refused as it must be."""

import contextlib
import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cadx.errors import CadxError
from cadx.mammogram import read_mammogram
from cadx.records import Mammogram

FOLDER = Path(os.environ.get("CADX_SHARED", "nowhere")) / "reading-cases"
TABLE = FOLDER / "cases.csv"
CASES = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())) if TABLE.exists() else []
TOLERANCE = 2e-3
# The raster is stored as 280 x 240; the file of expected grays holds it turned, as its Orientation asks.
TURNED_IN_THE_EXPECTATION = {"223_tiff_orient6.tif"}


def whole_gray(mammogram: Mammogram) -> Any:
    return mammogram.pixels.window(0, mammogram.rows, 0, mammogram.columns).gray


needs_cases = pytest.mark.skipif(not CASES, reason="CADX_SHARED has no reading-cases")


@needs_cases
def test_there_are_all_of_them() -> None:
    assert len(CASES) == 130
    assert sum(case["grade"] == "plain" for case in CASES) == 110


@needs_cases
@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_each_is_read_or_refused_as_it_must_be(case: dict[str, str]) -> None:
    options: dict[str, Any] = {}
    if case["caller_spacing_mm"]:
        options["pixel_spacing_mm"] = float(case["caller_spacing_mm"])
    if case["frame"]:
        options["frame"] = int(case["frame"])
    content = (FOLDER / "inputs" / case["file"]).read_bytes()
    if case["expected"] == "refuse":
        with pytest.raises(CadxError):
            whole_gray(read_mammogram(content, **options))
    elif case["expected"] != "read":
        with contextlib.suppress(CadxError):
            whole_gray(read_mammogram(content, **options))
    else:
        mammogram = read_mammogram(content, **options)
        gray = whole_gray(mammogram)
        expected = np.load(FOLDER / "expected.npz")[case["grays"]].astype(np.float64) / 65535
        if case["file"] in TURNED_IN_THE_EXPECTATION:
            expected = np.rot90(expected)
            assert "orientation_not_applied" in {flag.code for flag in mammogram.flags}
        np.testing.assert_allclose(gray, expected, atol=TOLERANCE)
