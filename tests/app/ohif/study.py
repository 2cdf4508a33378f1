"""A study for the viewer: a lesion on two views, and the first view again as other devices would store it."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.uid import generate_uid

from training.cohort.cases import Label, read_manifest
from training.phantoms import PlannedLesion, write_planned_cohort

SPACING_MM = 0.1


@dataclass(frozen=True)
class View:
    """An image of the study and where its lesion lies."""

    name: str
    content: bytes
    study: str
    series: str
    instance: str
    x: float
    y: float
    spacing: tuple[float, float] = (SPACING_MM, SPACING_MM)

    def lesion(self, pacs: str, x: float, y: float) -> dict[str, object]:
        """A request's body, by UIDs."""
        named = {"pacs": pacs, "study": self.study, "series": self.series, "instance": self.instance}
        return {"dicomweb": named, "x": x, "y": y}


@dataclass(frozen=True)
class ViewerStudy:
    """The study."""

    uid: str
    views: tuple[View, ...]

    def view(self, name: str) -> View:
        return next(view for view in self.views if view.name == name)


def write_study(folder: Path) -> ViewerStudy:
    """Write it. UIDs are new each time: tests share the PACS."""
    plan = [PlannedLesion("VIEWER", "PHANTOM-VIEWER", Label.MALIGNANT, 14.0, 2, (7, 5, 0))]
    cc, mlo = read_manifest(write_planned_cohort(folder, plan))
    study = generate_uid()
    views: list[View] = []
    for name, case in (("cc", cc), ("mlo", mlo), ("sigmoid", cc), ("monochrome1", cc), ("oblong", cc)):
        dataset = pydicom.dcmread(case.image)
        x, y, spacing = case.center.x, case.center.y, (SPACING_MM, SPACING_MM)
        if (name == "monochrome1") != (dataset.PhotometricInterpretation == "MONOCHROME1"):
            _invert(dataset)
        if name == "sigmoid":
            dataset.VOILUTFunction = "SIGMOID"
        elif name == "oblong":  # pixels twice as high as wide
            _set_pixels(dataset, dataset.pixel_array[::2])
            y, spacing = y / 2, (2 * SPACING_MM, SPACING_MM)
            dataset.ImagerPixelSpacing = list(spacing)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, generate_uid()
        dataset.SeriesNumber = len(views) + 1
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        buffer = io.BytesIO()
        dataset.save_as(buffer, enforce_file_format=True)
        series, instance = str(dataset.SeriesInstanceUID), str(dataset.SOPInstanceUID)
        views.append(View(name, buffer.getvalue(), str(study), series, instance, x, y, spacing))
    return ViewerStudy(str(study), tuple(views))


def _set_pixels(dataset: pydicom.Dataset, pixels: NDArray[np.uint16]) -> None:
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.PixelData = np.ascontiguousarray(pixels).tobytes()


def _invert(dataset: pydicom.Dataset) -> None:
    """The same gray levels, stored the other way about."""
    _set_pixels(dataset, (2**dataset.BitsStored - 1 - dataset.pixel_array).astype(np.uint16))
    inverted = dataset.PhotometricInterpretation == "MONOCHROME2"
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.PixelIntensityRelationshipSign *= -1
