"""UIDs that the same content is given again: 2.25 and a name-based UUID (PS3.5 B.2)."""

import hashlib
import uuid

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:mammo-cadx:dicom")


def named_uid(kind: str, *parts: str) -> str:
    """The UID of what the parts name, for ever the same.

    Parameters
    ----------
    kind
        What the UID is for: the same parts give another UID for another kind.
    parts
        Any text; ("a", "b") and ("ab",) are different names.
    """
    digest = hashlib.sha256()
    for part in (kind, *parts):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return f"2.25.{uuid.uuid5(_NAMESPACE, digest.hexdigest()).int}"
