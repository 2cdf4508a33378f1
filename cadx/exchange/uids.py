"""UIDs that the same content is given again: 2.25 and a name-based UUID (PS3.5 B.2)."""

import hashlib
import re
import uuid

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:mammo-cadx:dicom")
_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+", re.ASCII)
_LONGEST_UID = 64


def is_uid(text: str) -> bool:
    """Whether a text is a UID (PS3.5 9.1)."""
    return len(text) <= _LONGEST_UID and _UID.fullmatch(text) is not None


def named_uuid(kind: str, *parts: str) -> uuid.UUID:
    """The UUID of what the parts name, for ever the same.

    Parameters
    ----------
    kind
        What it is for: the same parts give another one for another kind.
    parts
        Any text; ("a", "b") and ("ab",) are different names.
    """
    digest = hashlib.sha256()
    for part in (kind, *parts):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return uuid.uuid5(_NAMESPACE, digest.hexdigest())


def named_uid(kind: str, *parts: str) -> str:
    """The same as a UID of DICOM."""
    return f"2.25.{named_uuid(kind, *parts).int}"
