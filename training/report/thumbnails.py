"""Pictures of lesions: the region about the center, with and without the outline that Method B measured."""

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cadx.lesion import SegmentationMethod, contour_polygon
from cadx.mammogram import ReadingPolicy
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, Points, Roi
from training.cohort.cases import Case
from training.cohort.outlining import outlined_roi
from training.progress import ReportProgress, no_progress

SIDE_PX = 224
NARROWEST_MM = 20.0
ROOM = 2.0
SCALE_BAR_MM = 5.0
OUTLINE = (255, 176, 0)
SCALE = (255, 255, 255)
JPEG_QUALITY = 82


@dataclass(frozen=True, slots=True)
class LesionView:
    """One row's region with its outline, (n, 2) x, y in ROI pixels."""

    roi: Roi
    outline: Points


def lesion_views(
    cases: Sequence[Case],
    policy: ReadingPolicy,
    method: SegmentationMethod,
    rows: Sequence[int],
    progress: ReportProgress = no_progress,
) -> dict[int, LesionView]:
    """Read and outline the rows that are to be shown; the same code that made their features."""

    def view(row: int) -> LesionView:
        roi, segmentation = outlined_roi(cases[row], policy, method)
        return LesionView(roi, contour_polygon(segmentation.mask))

    wanted = sorted(set(rows))
    found: dict[int, LesionView] = {}
    with ThreadPoolExecutor(2) as pool:
        for row, seen in zip(wanted, pool.map(view, wanted), strict=True):
            found[row] = seen
            progress(len(found), len(wanted))
    return found


def outlined(view: LesionView) -> bytes:
    """Draw a lesion with its outline and a scale bar, as JPEG."""
    return _drawn(view, lambda draw, place: draw.line(place, fill=OUTLINE, width=2, joint="curve"))


def bare(view: LesionView) -> bytes:
    """Draw a lesion without its outline, as JPEG."""
    return _drawn(view, lambda draw, place: None)


def _drawn(view: LesionView, mark: Callable[[ImageDraw.ImageDraw, list[tuple[float, float]]], None]) -> bytes:
    start, side = _crop(view.outline)
    gray = view.roi.gray[start : start + side, start : start + side]
    tissue = view.roi.tissue[start : start + side, start : start + side]
    picture = (
        Image.fromarray(_stretched(gray, tissue)).convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    )
    draw = ImageDraw.Draw(picture)
    scale = SIDE_PX / side
    place = [((x - start) * scale, (y - start) * scale) for x, y in np.vstack([view.outline, view.outline[:1]])]
    mark(draw, place)
    bar = SCALE_BAR_MM / ROI_SPACING_MM * scale
    draw.line([(8, SIDE_PX - 9), (8 + bar, SIDE_PX - 9)], fill=SCALE, width=3)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _crop(outline: Points) -> tuple[int, int]:
    """Return first pixel and side of the square about the center that shows the whole outline with room about it."""
    reach = np.abs(outline - ROI_SIZE_PX / 2).max() if len(outline) else 0.0
    side = int(np.clip(2 * ROOM * reach, NARROWEST_MM / ROI_SPACING_MM, ROI_SIZE_PX))
    side -= side % 2
    return (ROI_SIZE_PX - side) // 2, side


def _stretched(gray: NDArray[np.float32], tissue: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Spread the middle 98 % of the crop's own gray levels over the screen's."""
    low, high = np.percentile(gray[tissue], [1, 99]) if tissue.any() else (0.0, 1.0)
    spread = (gray - low) / max(float(high - low), 1e-6)
    return np.asarray(np.clip(np.where(tissue, spread, 0), 0, 1) * 255, dtype=np.uint8)
