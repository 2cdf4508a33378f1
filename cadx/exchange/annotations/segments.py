"""A segment of a binary segmentation (PS3.3 A.51) as the outline of what it covers."""

import numpy as np
from pydicom.dataset import Dataset
from scipy import ndimage

from cadx.errors import AnnotationAmbiguous, AnnotationMissing, AnnotationUnreadable
from cadx.exchange.annotations.graphics import refers
from cadx.lesion import contour_polygon
from cadx.records import Mask, Points

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_MOST_CORNERS = 5000
_STRAIGHT_PX = 1e-6
# Pieces that touch at a corner alone are outside of the outline.
_LEAST_ENCLOSED = 0.95


def segment_outline(
    dataset: Dataset, sop_instance_uid: str, size: tuple[int, int], frame: int | None, segment: int | None
) -> Points:
    """The outer outline of the one region that a segment covers on an image; see `annotated_contour`."""
    if (dataset.get("Rows"), dataset.get("Columns")) != size:
        raise AnnotationUnreadable("its pixels are not the image's")
    frames = _frames_on(dataset, sop_instance_uid, frame)
    covered = {number: mask for number, mask in frames if mask.any() and segment in {None, number}}
    if not covered:
        raise AnnotationMissing("segment" if segment is None else f"segment {segment}")
    if len(covered) > 1:
        raise AnnotationAmbiguous("segments", len(covered))
    (mask,) = covered.values()
    _, regions = ndimage.label(mask, np.ones((3, 3)))
    if regions > 1:
        raise AnnotationAmbiguous("regions in its segment", regions)
    outline = contour_polygon(mask, _STRAIGHT_PX)
    (x, y), filled = outline.T, int(np.count_nonzero(ndimage.binary_fill_holes(mask)))
    enclosed = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
    if len(outline) > _MOST_CORNERS or enclosed < _LEAST_ENCLOSED * filled:
        raise AnnotationUnreadable("its segment is too ragged for an outline")
    return outline


def _frames_on(dataset: Dataset, sop_instance_uid: str, frame: int | None) -> list[tuple[int, Mask]]:
    """Segment numbers and masks of the frames that were drawn on the image."""
    if dataset.get("SegmentationType") != "BINARY":
        raise AnnotationUnreadable("it is no binary segmentation")
    masks = _masks(dataset)
    groups = dataset.get("PerFrameFunctionalGroupsSequence", ())
    shared = (dataset.get("SharedFunctionalGroupsSequence") or (Dataset(),))[0]
    if len(groups) != len(masks):
        raise AnnotationUnreadable("it does not say of each of its frames what it shows")
    found = []
    for group, mask in zip(groups, masks, strict=True):
        derivation = group.get("DerivationImageSequence") or shared.get("DerivationImageSequence") or ()
        sources = [source for item in derivation for source in item.get("SourceImageSequence", ())]
        if refers(sources or _all_images(dataset), sop_instance_uid, frame):
            identification = group.get("SegmentIdentificationSequence") or shared.get("SegmentIdentificationSequence")
            if not identification:
                raise AnnotationUnreadable("a frame does not name its segment")
            found.append((int(identification[0].ReferencedSegmentNumber), mask))
    if len({number for number, _ in found}) < len(found):
        raise AnnotationUnreadable("a segment has several frames on one image")
    return found


def _masks(dataset: Dataset) -> list[Mask]:
    """Its frames: one bit a pixel, the frames one after the other without a gap (PS3.5 8.1.1)."""
    rows, columns, frames = (int(dataset.get(name, 0)) for name in ("Rows", "Columns", "NumberOfFrames"))
    bits = rows * columns * frames
    content = dataset.get("PixelData", b"")
    if bits <= 0 or int(dataset.get("BitsAllocated", 0)) != 1 or 8 * len(content) < bits:
        raise AnnotationUnreadable("its pixels are not one bit each, or are missing")
    flat = np.unpackbits(np.frombuffer(content, dtype=np.uint8), count=bits, bitorder="little")
    return list(flat.reshape(frames, rows, columns).astype(np.bool_))


def _all_images(dataset: Dataset) -> list[Dataset]:
    """The images that a segmentation as a whole is of."""
    return [
        image
        for series in dataset.get("ReferencedSeriesSequence", ())
        for image in series.get("ReferencedInstanceSequence", ())
    ]
