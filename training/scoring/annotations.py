"""Marks in DICOM objects: structured reports and presentation states, as viewers store what a reader drew."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from cadx.errors import AnnotationMissing, AnnotationUnreadable
from cadx.exchange import annotated_centers
from cadx.exchange.annotations.graphics import PRESENTATION_STATE, REPORTS
from cadx.exchange.dicom.composite import MODEL_NAME
from cadx.records import LesionCenter

_MOST_BYTES = 64 * 2**20
_HEADER = ["SOPClassUID", "SOPInstanceUID"]


def is_annotation(sop_class_uid: str) -> bool:
    """Tell whether objects of a class may mark lesions."""
    return sop_class_uid in REPORTS or sop_class_uid == PRESENTATION_STATE


def dicom_class(path: Path) -> tuple[str, str] | None:
    """Give SOP Class and SOP Instance UID of a file; None where it is no DICOM object."""
    try:
        found = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_HEADER)
    except (InvalidDicomError, OSError, AttributeError, ValueError, TypeError, EOFError, NotImplementedError):
        return None
    sop_class, instance = str(found.get("SOPClassUID", "")), str(found.get("SOPInstanceUID", ""))
    return (sop_class, instance) if instance else None


def read_annotation(path: Path) -> Dataset:
    """Read an annotation from a file.

    Raises
    ------
    AnnotationUnreadable
        When it is too large, or broken.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise AnnotationUnreadable("it is larger than 64 MiB")
        return pydicom.dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, OSError, AttributeError, ValueError, TypeError, EOFError, NotImplementedError) as error:
        raise AnnotationUnreadable(f"it is broken ({type(error).__name__})") from None


def marks_of(dataset: Dataset, wanted: Iterable[str] | None = None) -> Iterator[tuple[str, LesionCenter]]:
    """Give what an annotation marks: SOP Instance UIDs of images, each with a center.

    What this software wrote itself marks nothing: its outlines are answers, not questions.

    Parameters
    ----------
    dataset
        The annotation.
    wanted
        Images to look for; none: all that it refers to.

    Raises
    ------
    AnnotationUnreadable
        When it is broken, or its graphics are in units other than pixels.
    """
    if str(dataset.get("ManufacturerModelName", "")) == MODEL_NAME:
        return
    referred = sorted(set(_referred(dataset)))
    among = None if wanted is None else set(wanted)
    for uid in referred:
        if among is not None and uid not in among:
            continue
        try:
            centers = annotated_centers(dataset, uid)
        except AnnotationMissing:
            continue
        yield from ((uid, center) for center in centers)


def _referred(dataset: Dataset) -> Iterator[str]:
    try:
        for element in dataset.iterall():
            if element.keyword == "ReferencedSOPInstanceUID":
                yield str(element.value)
    except (ValueError, TypeError, AttributeError, NotImplementedError, RecursionError) as error:
        raise AnnotationUnreadable(f"it is broken ({type(error).__name__})") from None
