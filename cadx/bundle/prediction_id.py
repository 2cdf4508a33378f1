"""The id of a prediction, the same wherever it is computed: in the service, or over an archive."""

import hashlib
from collections.abc import Sequence

from cadx.bundle.models import Bundle
from cadx.mammogram import VoiPolicy
from cadx.records import LesionCenter, Mammogram


def prediction_id(
    bundle: Bundle,
    image_sha256: str,
    mammogram: Mammogram,
    center: LesionCenter | None,
    frame: int,
    voi: VoiPolicy | None = None,
    *,
    contour: Sequence[tuple[float, float]] | None = None,
    diameter_mm: float | None = None,
) -> str:
    """Derive the id of a prediction from all that decides its numbers."""
    spacing = mammogram.spacing
    parts = (
        bundle.digest,
        image_sha256,
        str(frame),
        spacing.row_mm.hex(),
        spacing.column_mm.hex(),
        *([] if center is None else [float(center.x).hex(), float(center.y).hex()]),
        *([] if voi in {None, bundle.policy.voi} else [str(voi)]),
        *([] if contour is None else ["contour", *(float(value).hex() for point in contour for value in point)]),
        *([] if diameter_mm is None else ["diameter", float(diameter_mm).hex()]),
    )
    return "p-" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
