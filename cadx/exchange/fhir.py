"""Results as FHIR R4: a collection of DiagnosticReport, Observations and Device, with the codes of the SR.

Patient, study and accession are logical references (an identifier, no address): the receiver knows where they live.
Every resource says that an algorithm asserted it (AIAST).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cadx.branches import CNN, LESION
from cadx.exchange.codes import (
    BRANCH_PROBABILITIES,
    BREAST,
    CALIBRATED_PROBABILITY,
    DOUBT,
    MOVED_OVERLAP,
    MOVED_PROBABILITY,
    MOVED_SD,
    OWN_SCHEME,
    OWN_SCHEME_URL,
    PERCENT,
    PROBABILITY_OF_CANCER,
    SIDE,
    UNITS,
    Code,
    dcm,
    feature_code,
    flag_code,
    sct,
)
from cadx.exchange.dicom.document import OUTLINED_BY, lesion_name, region_finding
from cadx.exchange.identity import Identity, SourceImage
from cadx.exchange.results import (
    MANUFACTURER,
    LesionResult,
    Probabilities,
    Results,
    ViewResult,
    mean_probabilities,
    probabilities_of,
    tracking_uid,
)
from cadx.exchange.uids import named_uuid
from cadx.robustness import DiscRobustness

Resource = dict[str, Any]

_SYSTEMS = {
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "SCT": "http://snomed.info/sct",
    "UCUM": "http://unitsofmeasure.org",
    OWN_SCHEME: OWN_SCHEME_URL,
}
_DICOM_UID = "urn:dicom:uid"
_ASSERTED_BY_ALGORITHM = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}
_TRACKING_UID = dcm("112040", "Tracking Unique Identifier")
_TRACKING_IDENTIFIER = dcm("112039", "Tracking Identifier")
_FINDING = dcm("121071", "Finding")
_MEAN = sct("373098007", "Mean")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A resource and the address it is known by inside the bundle."""

    url: str
    resource: Resource


def fhir_bundle(results: Results) -> Resource:
    """Write results as a FHIR R4 Bundle, a dict that JSON can say.

    The same results have the same addresses: they are derived from the content, and dates decide nothing.
    """
    device = _entry(_device(results))
    observations = list(_observations(results, device.url))
    report = _entry(_report(results, [each.url for each in observations]))
    entries = [report, *observations, device]
    issued = results.created.isoformat(timespec="seconds")
    report.resource["issued"] = issued
    return {
        "resourceType": "Bundle",
        "meta": {"security": [_ASSERTED_BY_ALGORITHM]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": report.url},
        "type": "collection",
        "timestamp": issued,
        "entry": [{"fullUrl": each.url, "resource": each.resource} for each in entries],
    }


def _entry(resource: Resource) -> _Entry:
    """Name a resource after its content."""
    identifier = named_uuid("fhir", json.dumps(resource, sort_keys=True))
    return _Entry(f"urn:uuid:{identifier}", {**resource, "id": str(identifier)})


def _report(results: Results, observations: Iterable[str]) -> Resource:
    source = results.sources[0]
    accession = source.identity.accession_number
    return {
        "resourceType": "DiagnosticReport",
        "meta": {"security": [_ASSERTED_BY_ALGORITHM]},
        "status": "preliminary",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]},
        ],
        "code": _concept(dcm("126000", "Imaging Measurement Report")),
        "subject": _subject(source.identity),
        **_effective(source.identity),
        **({"basedOn": [_accession(accession)]} if accession else {}),
        "imagingStudy": [_uid_reference("ImagingStudy", source.study_uid)],
        "result": [{"reference": url} for url in observations],
        "conclusion": " ".join(results.algorithm.notices),
    }


def _observations(results: Results, device: str) -> Iterator[_Entry]:
    for index, lesion in enumerate(results.lesions):
        common = _common(results, index, device)
        views = [_entry(_view(common, lesion, view)) for view in lesion.views]
        yield from views
        if len(views) > 1:
            yield _entry(_mean(common, lesion, [each.url for each in views]))


def _common(results: Results, index: int, device: str) -> Resource:
    """What all observations of a lesion say."""
    source = results.sources[0]
    return {
        "resourceType": "Observation",
        "meta": {"security": [_ASSERTED_BY_ALGORITHM]},
        "status": "preliminary",
        "category": [
            {
                "coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging"},
                ]
            },
        ],
        "code": _concept(PROBABILITY_OF_CANCER),
        "subject": _subject(source.identity),
        **_effective(source.identity),
        "bodySite": _concept(SIDE.get(source.laterality, BREAST)),
        "device": {"reference": device},
        "note": [{"text": notice} for notice in results.algorithm.notices],
        "component": [
            {"code": _concept(_TRACKING_IDENTIFIER), "valueString": lesion_name(results, index)},
            {"code": _concept(_TRACKING_UID), "valueString": tracking_uid(results.lesions[index])},
            {
                "code": _concept(_FINDING),
                "valueCodeableConcept": _concept(region_finding(results.lesions[index].finding)),
            },
        ],
    }


def _view(common: Resource, lesion: LesionResult, view: ViewResult) -> Resource:
    assessment = view.assessment
    features = assessment.features if view.outlined else ()
    return {
        **common,
        "valueQuantity": _quantity(100 * assessment.probability, PERCENT),
        **({"method": _concept(OUTLINED_BY[lesion.drawn_by(view)])} if view.outlined else {}),
        "derivedFrom": [_image(view.source)],
        "component": [
            *common["component"],
            *_other_probabilities(probabilities_of(assessment)),
            *_robustness(view.robustness),
            *(
                _measured(feature_code(each.definition.name), each.value, UNITS[each.definition.unit])
                for each in features
            ),
            *(
                {"code": _concept(DOUBT), "valueCodeableConcept": _concept(flag_code(flag.code))}
                for flag in assessment.flags
            ),
        ],
    }


def _mean(common: Resource, lesion: LesionResult, members: list[str]) -> Resource:
    means = mean_probabilities(lesion)
    return {
        **common,
        "valueQuantity": _quantity(100 * means.probability, PERCENT),
        "method": _concept(_MEAN),
        "hasMember": [{"reference": url} for url in members],
        "component": [*common["component"], *_other_probabilities(means)],
    }


def _device(results: Results) -> Resource:
    algorithm = results.algorithm
    return {
        "resourceType": "Device",
        "status": "active",
        "identifier": [{"system": "urn:mammo-cadx:bundle-sha256", "value": algorithm.model_digest}],
        "manufacturer": MANUFACTURER,
        "deviceName": [
            {"name": "mammo-cadx", "type": "manufacturer-name"},
            {"name": f"{algorithm.model_name} {algorithm.model_version}", "type": "model-name"},
        ],
        "version": [{"value": algorithm.software_version}],
        "note": [{"text": notice} for notice in algorithm.notices],
    }


def _other_probabilities(found: Probabilities) -> Iterator[Resource]:
    yield _measured(BRANCH_PROBABILITIES[CNN], 100 * found.cnn_probability, PERCENT)
    yield _measured(BRANCH_PROBABILITIES[LESION], 100 * found.lesion_probability, PERCENT)
    yield _measured(CALIBRATED_PROBABILITY, 100 * found.calibrated_probability, PERCENT)


def _robustness(discs: Sequence[DiscRobustness]) -> Iterator[Resource]:
    for disc in discs:
        spread, radius = disc.probability, disc.radius_mm
        limits = {
            "low": _quantity(100 * spread.lowest, PERCENT),
            "high": _quantity(100 * spread.highest, PERCENT),
        }
        yield {"code": _concept(MOVED_PROBABILITY[radius]), "valueRange": limits}
        yield _measured(MOVED_SD[radius], 100 * spread.sd, PERCENT)
        yield _measured(MOVED_OVERLAP[radius], disc.mean_overlap, UNITS["1"])


def _measured(code: Code, value: float, unit: Code) -> Resource:
    return {"code": _concept(code), "valueQuantity": _quantity(value, unit)}


def _quantity(value: float, unit: Code) -> Resource:
    return {"value": value, "unit": unit.meaning, "system": _SYSTEMS[unit.scheme], "code": unit.value}


def _concept(code: Code) -> Resource:
    return {"coding": [{"system": _SYSTEMS[code.scheme], "code": code.value, "display": code.meaning}]}


def _subject(identity: Identity) -> Resource:
    """The patient by identifier; where the header has none, by nothing but the type."""
    found: Resource = {"type": "Patient"}
    if identity.patient_id:
        found["identifier"] = {"value": identity.patient_id}
        if identity.issuer_of_patient_id:
            found["identifier"]["assigner"] = {"display": identity.issuer_of_patient_id}
    found["display"] = identity.patient_name or "unknown"
    return found


def _effective(identity: Identity) -> Resource:
    """The study's day, as far as the header tells."""
    date = identity.study_date
    return {"effectiveDateTime": f"{date[:4]}-{date[4:6]}-{date[6:]}"} if date else {}


def _accession(number: str) -> Resource:
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]}
    return {"type": "ServiceRequest", "identifier": {"type": kind, "value": number}}


def _uid_reference(kind: str, uid: str) -> Resource:
    return {"type": kind, "identifier": {"system": _DICOM_UID, "value": f"urn:oid:{uid}"}}


def _image(source: SourceImage) -> Resource:
    frame = "" if source.frame is None else f", frame {source.frame}"
    return {**_uid_reference("ImagingStudy", source.sop_instance_uid), "display": f"SOP instance{frame}"}
