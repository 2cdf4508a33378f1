"""Content items of structured reports (PS3.3 C.17.3): one small function a value type."""

from collections.abc import Iterable, Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.valuerep import DSfloat

from cadx.exchange.codes import Code, dcm
from cadx.exchange.dicom.composite import code_item, sop_reference
from cadx.exchange.identity import SourceImage
from cadx.exchange.results import DocumentReference
from cadx.records import Points

CONTAINS = "CONTAINS"
HAS_ACQ_CONTEXT = "HAS ACQ CONTEXT"
HAS_CONCEPT_MOD = "HAS CONCEPT MOD"
HAS_OBS_CONTEXT = "HAS OBS CONTEXT"
HAS_PROPERTIES = "HAS PROPERTIES"
INFERRED_FROM = "INFERRED FROM"
SELECTED_FROM = "SELECTED FROM"

ENGLISH = Code("en", "RFC5646", "English")
LANGUAGE = dcm("121049", "Language of Content Item and Descendants")
ALGORITHM_NAME = dcm("111001", "Algorithm Name")
ALGORITHM_VERSION = dcm("111003", "Algorithm Version")
ALGORITHM_PARAMETERS = dcm("111002", "Algorithm Parameters")
ALGORITHM_MANUFACTURER = dcm("122405", "Algorithm Manufacturer")
TRACKING_IDENTIFIER = dcm("112039", "Tracking Identifier")
TRACKING_UID = dcm("112040", "Tracking Unique Identifier")


def container(relationship: str, name: Code, children: Iterable[Dataset], template: str = "") -> Dataset:
    """A CONTAINER; the root has no relationship."""
    item = _item(relationship, "CONTAINER", name, children)
    item.ContinuityOfContent = "SEPARATE"
    if template:
        identification = Dataset()
        identification.MappingResource = "DCMR"
        identification.TemplateIdentifier = template
        item.ContentTemplateSequence = [identification]
    return item


def code(relationship: str, name: Code, value: Code, *children: Dataset) -> Dataset:
    """A CODE."""
    item = _item(relationship, "CODE", name, children)
    item.ConceptCodeSequence = [code_item(value)]
    return item


def text(relationship: str, name: Code, value: str, *children: Dataset) -> Dataset:
    """A TEXT."""
    item = _item(relationship, "TEXT", name, children)
    item.TextValue = value
    return item


def uid(relationship: str, name: Code, value: str) -> Dataset:
    """A UIDREF."""
    item = _item(relationship, "UIDREF", name, ())
    item.UID = value
    return item


def person(relationship: str, name: Code, value: str) -> Dataset:
    """A PNAME; a name without components is a family name, which a caret says."""
    item = _item(relationship, "PNAME", name, ())
    item.PersonName = value if "^" in value else f"{value}^"
    return item


def number(relationship: str, name: Code, value: float, unit: Code, *children: Dataset) -> Dataset:
    """A NUM: the value to the bit as a floating point value, and the decimal string that the standard also demands."""
    item = _item(relationship, "NUM", name, children)
    measured = Dataset()
    measured.NumericValue = DSfloat(value, auto_format=True)
    measured.FloatingPointValue = value
    measured.MeasurementUnitsCodeSequence = [code_item(unit)]
    item.MeasuredValueSequence = [measured]
    return item


def image(relationship: str, source: SourceImage, *children: Dataset) -> Dataset:
    """An IMAGE, without a name: its purpose is its place."""
    item = _item(relationship, "IMAGE", None, children)
    item.ReferencedSOPSequence = [sop_reference(source)]
    return item


def composite(relationship: str, reference: DocumentReference) -> Dataset:
    """A COMPOSITE: another object, without a name."""
    item = _item(relationship, "COMPOSITE", None, ())
    instance = Dataset()
    instance.ReferencedSOPClassUID = reference.sop_class_uid
    instance.ReferencedSOPInstanceUID = reference.sop_instance_uid
    item.ReferencedSOPSequence = [instance]
    return item


def point(relationship: str, name: Code, x: float, y: float, selected_from: Dataset) -> Dataset:
    """A SCOORD of one point."""
    return _scoord(relationship, name, "POINT", [x, y], selected_from)


def polygon(relationship: str, name: Code, contour: Points, selected_from: Dataset) -> Dataset:
    """A SCOORD of a closed outline: the first point is repeated as the last."""
    closed = np.vstack([contour, contour[:1]]).astype(np.float32)
    return _scoord(relationship, name, "POLYLINE", [float(value) for value in closed.ravel()], selected_from)


def by_reference(relationship: str, path: Sequence[int]) -> Dataset:
    """A reference to a content item elsewhere in the tree, by its position (PS3.3 C.17.3.2.5)."""
    item = Dataset()
    item.RelationshipType = relationship
    item.ReferencedContentItemIdentifier = list(path)
    return item


def tracking(identifier: str, uid_value: str) -> tuple[Dataset, Dataset]:
    """What a lesion is called, for people and for ever (TID 4108)."""
    return text(HAS_OBS_CONTEXT, TRACKING_IDENTIFIER, identifier), uid(HAS_OBS_CONTEXT, TRACKING_UID, uid_value)


def language() -> Dataset:
    """The language of the whole tree (TID 1204)."""
    return code(HAS_CONCEPT_MOD, LANGUAGE, ENGLISH)


def _scoord(relationship: str, name: Code, graphic: str, values: list[float], selected_from: Dataset) -> Dataset:
    item = _item(relationship, "SCOORD", name, [selected_from])
    item.GraphicType = graphic
    item.GraphicData = values
    return item


def _item(relationship: str, value_type: str, name: Code | None, children: Iterable[Dataset]) -> Dataset:
    item = Dataset()
    if relationship:
        item.RelationshipType = relationship
    item.ValueType = value_type
    if name is not None:
        item.ConceptNameCodeSequence = [code_item(name)]
    listed = list(children)
    if listed:
        item.ContentSequence = listed
    return item
