"""What a PACS says of objects that were sent to it (PS3.18 section 10.5.3, PS3.4 CC.2.3)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

REFERENCED_SOP_SEQUENCE = "00081199"
FAILED_SOP_SEQUENCE = "00081198"
REFERENCED_SOP_INSTANCE_UID = "00081155"
FAILURE_REASON = "00081197"
WARNING_REASON = "00081196"

SOP_CLASS_UNSUPPORTED = 0x0122
REASONS: Mapping[int, str] = {
    0x0110: "processing failure",
    0x0111: "duplicate SOP instance",
    0x0122: "SOP class not supported",
    0x0124: "not authorized",
    0x0210: "duplicate invocation",
    0x0212: "mistyped argument",
    0xA700: "out of resources",
    0xA900: "data set does not match SOP class",
    0xB000: "coercion of data elements",
    0xB006: "elements discarded",
    0xB007: "data set does not match SOP class (warning)",
    0xC000: "cannot understand",
    0xC122: "referenced transfer syntax not supported",
}


class StoreState(StrEnum):
    """What became of an object."""

    STORED = "stored"
    STORED_WITH_WARNING = "stored_with_warning"
    ALREADY_STORED = "already_stored"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StoreOutcome:
    """What became of one object.

    Attributes
    ----------
    sop_instance_uid
        The object's.
    state
        See `StoreState`.
    reason
        The PACS's code (PS3.4), where it gave one.
    text
        What the code means, and what to do where we know.
    """

    sop_instance_uid: str
    state: StoreState
    reason: int | None = None
    text: str = ""


class Told(NamedTuple):
    """What the answer to a STOW-RS request says of one object."""

    stored: bool
    reason: int | None


def told_of(answer: object) -> dict[str, Told]:
    """Read a STOW-RS answer (DICOM JSON), whatever its HTTP status; empty where it says nothing that can be read."""
    document = answer[0] if isinstance(answer, list) and answer else answer
    if not isinstance(document, dict):
        return {}
    told = {
        uid: Told(stored=True, reason=reason)
        for uid, reason in _items(document, REFERENCED_SOP_SEQUENCE, WARNING_REASON)
    }
    return told | {
        uid: Told(stored=False, reason=reason) for uid, reason in _items(document, FAILED_SOP_SEQUENCE, FAILURE_REASON)
    }


def outcome_of(sop_instance_uid: str, told: Told | None, *, there: bool) -> StoreOutcome:
    """What became of an object that was sent: what the PACS told of it, and whether it is there when looked for."""
    if told is not None and not told.stored:
        return StoreOutcome(sop_instance_uid, StoreState.FAILED, told.reason, reason_text(told.reason))
    if not there:
        text = "the PACS says that it is stored, and does not have it" if told else reason_text(None)
        return StoreOutcome(sop_instance_uid, StoreState.FAILED, None, text)
    if told is None or told.reason is None:
        return StoreOutcome(sop_instance_uid, StoreState.STORED)
    return StoreOutcome(sop_instance_uid, StoreState.STORED_WITH_WARNING, told.reason, reason_text(told.reason))


def reason_text(reason: int | None) -> str:
    """What a reason means, for a person; what to do where we know."""
    if reason is None:
        return "the PACS gave no reason"
    text = f"0x{reason:04X} {REASONS.get(reason, 'cannot understand' if reason >> 12 == 0xC else 'unknown reason')}"
    if reason == SOP_CLASS_UNSUPPORTED:
        text += "; for a report ask for `sr_class=comprehensive`: more PACS take Comprehensive SR than Comprehensive 3D"
    return text


def _items(document: Mapping[str, Any], sequence: str, reason: str) -> Iterator[tuple[str, int | None]]:
    for item in _values(document, sequence):
        if isinstance(item, dict):
            uid = next(iter(_values(item, REFERENCED_SOP_INSTANCE_UID)), None)
            code = next(iter(_values(item, reason)), None)
            if isinstance(uid, str):
                yield uid, code if isinstance(code, int) else None


def _values(item: Mapping[str, Any], tag: str) -> Iterable[Any]:
    element = item.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else ()
