"""Readers' outlines and diameters in a manifest: read, written, refused by line and column, and measured."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cadx.cnn import Backbone, BackboneSpec, load_backbone
from cadx.lesion import DEFAULT_METHOD, describe_lesion, inner_point, readers_contour, segment
from cadx.mammogram import ReadingPolicy, read_mammogram
from cadx.records import LesionCenter
from cadx.roi import extract_roi
from training.cohort.cases import Case, Label, read_manifest, write_manifest
from training.cohort.marks import Contour, Outline
from training.cohort.outlining import outlined_roi
from training.errors import CaseUnusable, CohortError, ManifestValueInvalid
from training.features.cache import FeatureCache
from training.features.extraction import FeatureTables, extract_features
from training.features.store import FeatureStore

HEADER = "image,x,y,label,lesion_id,contour,diameter_mm"
SQUARE = "[[10, 10], [30, 10.5], [30, 30], [10, 30]]"


def manifest(folder: Path, *lines: str) -> Path:
    (folder / "a.png").write_bytes(b"not decoded here")
    path = folder / "manifest.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
    return path


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def test_marks_are_read(tmp_path: Path) -> None:
    drawn, steered, plain = read_manifest(
        manifest(
            tmp_path, f"a.png,12,13,benign,L1,{quoted(SQUARE)},", "a.png,1,2,benign,L2,,9.5", "a.png,1,2,benign,L3"
        )
    )
    assert drawn.contour == ((10, 10), (30, 10.5), (30, 30), (10, 30))
    assert (drawn.center, drawn.outline) == (LesionCenter(12, 13), Outline.READER)
    assert (steered.diameter_mm, steered.contour, steered.outline) == (9.5, None, Outline.STEERED)
    assert (plain.diameter_mm, plain.contour, plain.outline) == (None, None, Outline.AUTOMATIC)


def test_beside_an_outline_the_center_may_be_left_out(tmp_path: Path) -> None:
    points = json.loads(SQUARE)
    (case,) = read_manifest(manifest(tmp_path, f"a.png,,,benign,L1,{quoted(json.dumps([*points, points[0]]))}"))
    assert case.center == inner_point(readers_contour(points, 100, 100))


@pytest.mark.parametrize(
    ("contour", "diameter", "x", "column"),
    [
        ("[[1, 2], [3, 4]]", "", "5", "contour"),
        ("[[1, 2], [3, 4], [5, -6]]", "", "5", "contour"),
        ("[[1, 2], [3, 4], [5, NaN]]", "", "5", "contour"),
        ("[[1, 2], [3, 4], [5, 1e999]]", "", "5", "contour"),
        (f"[[1, 2], [3, 4], [5, {'9' * 400}]]", "", "5", "contour"),
        ("[[1, 2], [3, 4], [5, true]]", "", "5", "contour"),
        ('[[1, 2], [3, 4], [5, "6"]]', "", "5", "contour"),
        ("[[1, 2], [3, 4], [5, 6, 7]]", "", "5", "contour"),
        ("[[1, 2], [3, 4], [5", "", "5", "contour"),
        ("[" * 100_000, "", "5", "contour"),
        ('{"points": [[1, 2]]}', "", "5", "contour"),
        (json.dumps([[k, k] for k in range(2001)]), "", "5", "contour"),
        (SQUARE, "9", "5", "diameter_mm"),
        ("", "-9", "5", "diameter_mm"),
        ("", "nine", "5", "diameter_mm"),
        ("", "9,5", "5", "diameter_mm"),
        ("", "", "", "x"),
        (SQUARE, "", "", "x"),
    ],
)
def test_a_bad_mark_is_named_by_line_and_column(
    tmp_path: Path, contour: str, diameter: str, x: str, column: str
) -> None:
    line = f"a.png,{x},6,benign,L1,{quoted(contour)},{quoted(diameter)}"
    with pytest.raises(ManifestValueInvalid) as caught:
        read_manifest(manifest(tmp_path, "a.png,1,2,benign,L0,,", line))
    assert (caught.value.line, caught.value.column) == (3, column)
    assert len(str(caught.value)) < 300


def test_marks_survive_a_round_trip_and_are_not_written_where_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    plain = Case(tmp_path / "a.png", LesionCenter(10.25, 20.5), Label.MALIGNANT, "L1", "P1", 0.07, "CC")
    third = 1 / 3
    drawn = replace(plain, lesion_id="L2", contour=((third, 1.0), (30.0, 1.0), (30.0, 2 * third + 1)))
    steered = replace(plain, lesion_id="L3", diameter_mm=third)
    path = tmp_path / "manifest.csv"
    write_manifest(path, (plain, drawn, steered))
    assert read_manifest(path) == (plain, drawn, steered)
    write_manifest(path, (plain,))
    assert path.read_text().splitlines()[0] == "image,x,y,label,lesion_id,patient_id,pixel_spacing_mm,view"


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone(BackboneSpec("squeezenet1_1", "features.3.cat", "random:0", "mean"), device="cpu")


@pytest.fixture(scope="module")
def case(phantom_manifest: Path) -> Case:
    return read_manifest(phantom_manifest)[0]


def ellipse(case: Case, width_px: float = 50.0, dx: float = 0.0) -> Contour:
    angle = np.arange(24) / 24 * 2 * np.pi
    x, y = case.center.x + dx + width_px * np.cos(angle), case.center.y + 0.7 * width_px * np.sin(angle)
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def extracted(backbone: Backbone, *cases: Case, store: FeatureStore | None = None) -> FeatureTables:
    return extract_features(cases, backbone, ReadingPolicy(), DEFAULT_METHOD, store=store, skip_unusable=True)


def test_a_readers_outline_and_diameter_are_what_is_measured(backbone: Backbone, case: Case) -> None:
    drawn, steered = replace(case, contour=ellipse(case)), replace(case, diameter_mm=6.0)
    tables = extracted(backbone, case, drawn, steered)
    image = read_mammogram(case.image)
    roi = extract_roi(image, case.center)
    contour = readers_contour(ellipse(case), image.rows, image.columns)
    assert np.array_equal(tables.lesion[0], describe_lesion(roi, DEFAULT_METHOD).features)
    assert np.array_equal(tables.lesion[1], describe_lesion(roi, DEFAULT_METHOD, contour).features)
    assert np.array_equal(tables.lesion[2], describe_lesion(roi, DEFAULT_METHOD, None, 6.0).features)
    assert len(np.unique(tables.lesion, axis=0)) == 3
    assert np.array_equal(tables.cnn[0], tables.cnn[1]), "Method A sees the region alone"
    masks = [outlined_roi(each, ReadingPolicy(), DEFAULT_METHOD)[1].mask for each in (case, drawn, steered)]
    assert np.array_equal(masks[0], segment(roi).mask)
    assert np.array_equal(masks[1], describe_lesion(roi, DEFAULT_METHOD, contour).segmentation.mask)
    assert np.array_equal(masks[2], segment(roi, DEFAULT_METHOD, 6.0).mask)


def test_the_cache_tells_marks_apart_and_keeps_what_it_had(backbone: Backbone, case: Case, tmp_path: Path) -> None:
    store = FeatureStore(FeatureCache(tmp_path))
    marked = [
        replace(case, contour=ellipse(case)),
        replace(case, contour=ellipse(case, 51.0)),
        replace(case, contour=ellipse(case), center=LesionCenter(case.center.x + 5, case.center.y)),
        replace(case, diameter_mm=6.0),
        replace(case, diameter_mm=7.0),
    ]
    plain = extracted(backbone, case, store=store)
    first = extracted(backbone, *marked, store=store)
    assert first.extracted == len(marked)
    again = extracted(backbone, case, *marked, store=store)
    assert again.extracted == 0
    assert np.array_equal(again.lesion, np.vstack([plain.lesion, first.lesion]))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (lambda case: {"contour": tuple(ellipse(case)[k] for k in (0, 12, 6, 18))}, "contour_self_crossing"),
        (lambda case: {"contour": ((5.0, 5.0), (5.0, 5.0), (6.0, 5.0))}, "contour_too_few_points"),
        (lambda case: {"contour": (*ellipse(case), (99_999.0, case.center.y))}, "contour_outside_image"),
        (lambda case: {"contour": ellipse(case, dx=400.0)}, "contour_outside_region"),
        (lambda case: {"contour": ellipse(case, 2.0)}, "contour_too_small"),
        (lambda _: {"diameter_mm": 400.0}, "diameter_unusable"),
    ],
)
def test_a_mark_that_cannot_be_used_is_refused_as_by_the_service(
    backbone: Backbone, case: Case, changes: "object", code: str
) -> None:
    bad = replace(case, **changes(case))  # type: ignore[operator]
    tables = extracted(backbone, case, bad)
    assert [found.reason_code for found in tables.skipped] == [code]
    assert len(tables.cases) == 1
    with pytest.raises(CaseUnusable) as caught:
        extract_features([bad], backbone, ReadingPolicy(), DEFAULT_METHOD)
    assert isinstance(caught.value, CohortError)
    assert caught.value.reason_code == code
