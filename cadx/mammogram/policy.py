"""How mammograms are read: the policy that a model is trained with, and the limits that protect a service."""

from dataclasses import dataclass, replace
from enum import StrEnum

from cadx.errors import ImageTooLarge, UnsupportedPixels, VoiOverrideNotAllowed


class VoiPolicy(StrEnum):
    """Which transformation gives the displayed gray levels (PS3.3 C.11.2)."""

    FILE = "file"
    """The file's own: its first VOI LUT, else its first window, else the full range of stored values."""

    FULL_RANGE = "full_range"
    """The full range of stored values, whatever VOI the file carries."""


class SpacingPlane(StrEnum):
    """The plane in which a pixel has its size."""

    DETECTOR = "detector"
    LESION = "lesion"


@dataclass(frozen=True, slots=True)
class ReadingPolicy:
    """What must be the same in training and in serving; kept in the model bundle.

    Attributes
    ----------
    voi
        Which gray-level transformation is applied.
    spacing_plane
        Whether 0.1 mm is counted on the detector (the paper's way) or in the lesion's plane, that is divided by the
        magnification.
    allow_for_processing
        Whether raw detector data (FOR PROCESSING) are accepted. True only for a model trained on them.
    allow_voi_override
        Whether a caller may ask for another `voi` for one image; the answer then bears a flag.
    """

    voi: VoiPolicy = VoiPolicy.FILE
    spacing_plane: SpacingPlane = SpacingPlane.DETECTOR
    allow_for_processing: bool = False
    allow_voi_override: bool = False

    def __post_init__(self) -> None:
        """Accept the plain strings of a JSON document."""
        object.__setattr__(self, "voi", VoiPolicy(self.voi))
        object.__setattr__(self, "spacing_plane", SpacingPlane(self.spacing_plane))

    def with_voi(self, voi: VoiPolicy | None) -> "ReadingPolicy":
        """The policy with the caller's choice of gray levels; None and the policy's own change nothing.

        Raises
        ------
        VoiOverrideNotAllowed
            When the policy does not let callers choose.
        """
        if voi is None or voi is self.voi:
            return self
        if not self.allow_voi_override:
            raise VoiOverrideNotAllowed(self.voi.value, voi.value)
        return replace(self, voi=voi)


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What a file may ask of the machine; checked before anything is decoded.

    Attributes
    ----------
    max_pixels
        Largest rows x columns of one frame. The largest screening detectors give 28 million pixels, the finest film
        scans about 40 million.
    max_file_bytes
        Largest file, and largest size that a deflated data set may inflate to.
    """

    max_pixels: int = 50_000_000
    max_file_bytes: int = 2**30


def check_size(rows: int, columns: int, limits: ReadingLimits) -> None:
    """Refuse an empty image, or one over the limit, from its declared size alone.

    Raises
    ------
    UnsupportedPixels
        When there is no row or no column.
    ImageTooLarge
        When rows x columns is over the limit.
    """
    if rows < 1 or columns < 1:
        raise UnsupportedPixels("the image has no rows or no columns")
    if rows * columns > limits.max_pixels:
        raise ImageTooLarge(rows, columns, limits.max_pixels)
