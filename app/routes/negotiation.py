"""Which media type a client accepts (RFC 9110, 12.5.1)."""

from enum import StrEnum

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from app.errors import NotAcceptable


class Format(StrEnum):
    """What a prediction is answered as."""

    JSON = "application/json"
    DICOM = "application/dicom"
    RELATED = 'multipart/related; type="application/dicom"'
    FHIR = "application/fhir+json"


_MATCHES = {
    "*/*": Format.JSON,
    "application/*": Format.JSON,
    "application/json": Format.JSON,
    "application/dicom": Format.DICOM,
    "application/fhir+json": Format.FHIR,
}


def accepted_format(request: Request) -> Format:
    """The format that the client likes best; JSON where it does not say.

    Raises
    ------
    NotAcceptable
        When it accepts none that is answered.
    """
    header = ", ".join(request.headers.getlist("accept"))
    if not header.strip():
        return Format.JSON
    best, best_weight = None, 0.0
    for part in header.split(","):
        kind, options = parse_options_header(part.strip().encode("latin-1", "replace"))
        name = kind.decode("latin-1").lower()
        found = _MATCHES.get(name)
        if name == "multipart/related" and options.get(b"type", Format.DICOM.encode()) == Format.DICOM.encode():
            found = Format.RELATED
        weight = _weight(options.get(b"q", b"1"))
        if found is not None and weight > best_weight:
            best, best_weight = found, weight
    if best is None:
        raise NotAcceptable(tuple(Format))
    return best


def _weight(text: bytes) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 1.0
