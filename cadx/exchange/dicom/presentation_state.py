"""GSPS: outline, mark and a line of text over the image, for stations that show neither SR nor SEG (PS3.3 A.33.1)."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from cadx.exchange.dicom.composite import (
    RESEARCH_USE_SHORT,
    Kind,
    finished,
    new_object,
    series_references,
    sop_reference,
)
from cadx.exchange.dicom.document import lesion_name
from cadx.exchange.display import LookupTable
from cadx.exchange.identity import SourceImage
from cadx.exchange.results import Results, ViewResult, views_on
from cadx.records import Points

KIND = Kind("gsps", str(GrayscaleSoftcopyPresentationStateStorage), "PR", 9303, "CADx outline (research)")
_LAYER = "CADX"


def presentation_states(results: Results) -> tuple[Dataset, ...]:
    """Write the results as presentation states, one an image.

    A presentation state replaces the image's own grayscale transformations, so that it repeats them: the station shows
    the grays that it would show without it.
    """
    return tuple(_presentation_state(results, source) for source in results.sources)


def _presentation_state(results: Results, source: SourceImage) -> Dataset:
    dataset = new_object(results, KIND)
    dataset.Laterality = source.laterality if source.laterality in {"L", "R"} else ""
    dataset.ContentLabel = "CADX_RESEARCH"
    dataset.ContentDescription = RESEARCH_USE_SHORT
    dataset.ContentCreatorName = ""
    dataset.ReferencedSeriesSequence = series_references([source], "ReferencedImageSequence", frame=True)
    dataset.DisplayedAreaSelectionSequence = [_displayed_area(source)]
    dataset.GraphicAnnotationSequence = [
        _annotation(source, view, lesion_name(results, index)) for index, _, view in views_on(results, source)
    ]
    layer = Dataset()
    layer.GraphicLayer = _LAYER
    layer.GraphicLayerOrder = 1
    layer.GraphicLayerDescription = RESEARCH_USE_SHORT
    dataset.GraphicLayerSequence = [layer]
    _grays(dataset, source)
    return finished(dataset, results, KIND, [source])


def _displayed_area(source: SourceImage) -> Dataset:
    item = Dataset()
    item.DisplayedAreaTopLeftHandCorner = [1, 1]
    item.DisplayedAreaBottomRightHandCorner = [source.columns, source.rows]
    item.PresentationSizeMode = "SCALE TO FIT"
    row_mm, column_mm = source.imager_spacing_mm or (1.0, 1.0)
    if row_mm == column_mm:
        item.PresentationPixelAspectRatio = [1, 1]
    else:
        item.PresentationPixelSpacing = [f"{row_mm:.10g}", f"{column_mm:.10g}"]
    return item


def _annotation(source: SourceImage, view: ViewResult, name: str) -> Dataset:
    assessment = view.assessment
    mark = assessment.roi.mark
    item = Dataset()
    item.ReferencedImageSequence = [sop_reference(source)]
    item.GraphicLayer = _LAYER
    item.TextObjectSequence = [_text(view, name)]
    graphics = [_graphic("POINT", np.array([[mark.x, mark.y]]))]
    if view.outlined:
        graphics.insert(0, _graphic("POLYLINE", np.vstack([assessment.contour, assessment.contour[:1]])))
    item.GraphicObjectSequence = graphics
    return item


def _graphic(kind: str, points: Points) -> Dataset:
    item = Dataset()
    item.GraphicAnnotationUnits = "PIXEL"
    item.GraphicDimensions = 2
    item.NumberOfGraphicPoints = len(points)
    item.GraphicData = [float(value) for value in points.astype(np.float32).ravel()]
    item.GraphicType = kind
    if kind == "POLYLINE":
        item.GraphicFilled = "N"
    return item


def _text(view: ViewResult, name: str) -> Dataset:
    mark = view.assessment.roi.mark
    found = "" if view.outlined else ", no lesion found"
    item = Dataset()
    item.AnchorPointAnnotationUnits = "PIXEL"
    item.UnformattedTextValue = (
        f"{name}: probability of cancer {100 * view.assessment.probability:.1f} %{found}. {RESEARCH_USE_SHORT}"
    )
    item.AnchorPoint = [float(np.float32(mark.x)), float(np.float32(mark.y))]
    item.AnchorPointVisibility = "Y"
    return item


def _grays(dataset: Dataset, source: SourceImage) -> None:
    """Modality LUT, Softcopy VOI LUT and Softcopy Presentation LUT modules, as the image has them."""
    display = source.display
    if display.modality_lut is not None:
        table, kind = display.modality_lut
        item = _table(table, signed=display.signed)
        item.ModalityLUTType = kind
        dataset.ModalityLUTSequence = [item]
    elif display.rescale is not None:
        intercept, slope, kind = display.rescale
        dataset.RescaleIntercept = f"{intercept:.10g}"
        dataset.RescaleSlope = f"{slope:.10g}"
        dataset.RescaleType = kind
    voi = Dataset()
    if display.window is not None:
        center, width, function = display.window
        voi.WindowCenter, voi.WindowWidth = f"{center:.10g}", f"{width:.10g}"
        if function != "LINEAR":
            voi.VOILUTFunction = function
        dataset.SoftcopyVOILUTSequence = [voi]
    elif display.voi_lut is not None:
        voi.VOILUTSequence = [_table(display.voi_lut, signed=display.signed)]
        dataset.SoftcopyVOILUTSequence = [voi]
    dataset.PresentationLUTShape = "INVERSE" if display.inverted else "IDENTITY"


def _table(table: LookupTable, *, signed: bool) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", list(table.descriptor))
    item.add_new("LUTData", "OW", table.data)
    return item
