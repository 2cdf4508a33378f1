"""The id of a prediction, the same wherever it is computed: in the service, or over an archive."""

import hashlib

from cadx.bundle.models import Bundle
from cadx.mammogram import VoiPolicy
from cadx.records import LesionCenter, Mammogram


def prediction_id(
    bundle: Bundle,
    image_sha256: str,
    mammogram: Mammogram,
    center: LesionCenter,
    frame: int,
    voi: VoiPolicy | None = None,
) -> str:
    """Derive the id of a prediction from all that decides its numbers."""
    spacing = mammogram.spacing
    parts = (
        bundle.digest,
        image_sha256,
        str(frame),
        spacing.row_mm.hex(),
        spacing.column_mm.hex(),
        float(center.x).hex(),
        float(center.y).hex(),
        *([] if voi in {None, bundle.policy.voi} else [str(voi)]),
    )
    return "p-" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
