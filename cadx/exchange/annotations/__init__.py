"""The way back: what a reader drew in a viewer, in pixels of the stored image.

A TID 1500 SR (as OHIF stores its measurements) or a presentation state with graphics in pixels tells centers and
outlines; a binary segmentation tells an outline. They count pixels as the service does: (0, 0) is the top-left corner
of the top-left pixel.
"""

from cadx.exchange.annotations.centers import annotated_centers
from cadx.exchange.annotations.outlines import annotated_contour
from cadx.exchange.annotations.reading import read_annotation

__all__ = ["annotated_centers", "annotated_contour", "read_annotation"]
