"""What is to be scored: lesions on images, wherever these lie, and the key that each is known by."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from training.cohort.leakage import salted
from training.cohort.marks import Contour


@dataclass(frozen=True, slots=True)
class Input:
    """One lesion on one image.

    Attributes
    ----------
    image
        Where it lies: a path, relative to the source's root where it lies below, or, in a PACS, its UIDs
        ``STUDY/SERIES/INSTANCE``.
    x, y
        The lesion's center in pixels of the stored image.
    frame
        From 1; None for an image of one frame.
    pixel_spacing_mm
        For files that carry none.
    contour, diameter_mm
        A reader's outline, as x, y in pixels of the stored image, or diameter; at most one of them.
    lesion_id, patient_id, view
        As far as the source knows them.
    sop_instance_uid
        Of a DICOM image, as far as the source knows it.
    """

    image: str
    x: float
    y: float
    frame: int | None = None
    pixel_spacing_mm: float | None = None
    lesion_id: str | None = None
    patient_id: str | None = None
    view: str | None = None
    sop_instance_uid: str | None = None
    contour: Contour | None = None
    diameter_mm: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A list of inputs that can be walked again and again.

    Attributes
    ----------
    name
        For people.
    root
        Where relative paths of images begin.
    count
        How many inputs there are.
    walk
        Gives them anew, always in the same order.
    pacs
        File and name of the PACS that the images lie in; None: they are files.
    """

    name: str
    root: Path
    count: int
    walk: Callable[[], Iterator[Input]]
    pacs: tuple[Path, str] | None = None


def input_key(salt: str, item: Input) -> str:
    """Give the key of an input, 32 hexadecimal digits: the same for the same mark on the same image of the source.

    It does not depend on what the image holds, which is known only when it was read; see `training.scoring.results`.
    """
    facts = [item.image, item.x, item.y, item.frame, item.pixel_spacing_mm, item.lesion_id, item.view]
    if item.contour is not None or item.diameter_mm is not None:
        facts += [item.contour, item.diameter_mm]
    return hashlib.sha256(f"{salt}input\0{json.dumps(facts)}".encode()).hexdigest()[:32]


def pseudonym(salt: str, item: Input) -> str | None:
    """Give what views of one lesion share in the results: no identifier, but a digest of it."""
    return None if item.lesion_id is None else salted(salt, "lesion", item.lesion_id)[:32]
