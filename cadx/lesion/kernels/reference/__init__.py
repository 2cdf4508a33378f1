"""The kernels in numpy and SciPy: the definitions, against which every compiled one is tested."""

from cadx.lesion.kernels.reference.blocks import block_means, enlarged
from cadx.lesion.kernels.reference.flooding import fill_holes, joining_index, main_piece
from cadx.lesion.kernels.reference.moments import moments, pixels_within, resampled
from cadx.lesion.kernels.reference.nested import contour_sums, disc_overlap, region_counts
from cadx.lesion.kernels.reference.orientation import central_differences, orientation_histograms
from cadx.lesion.kernels.reference.outline import longest_outline, simplified
from cadx.lesion.kernels.reference.settling import settle
from cadx.lesion.kernels.reference.smoothing import box_means, gaussian
from cadx.lesion.kernels.reference.surroundings import dilate
from cadx.lesion.kernels.reference.texture import gray_levels, neighbor_deviations, neighbor_pairs
from cadx.lesion.radial_gradient import radial_gradient

__all__ = [
    "block_means",
    "box_means",
    "central_differences",
    "contour_sums",
    "dilate",
    "disc_overlap",
    "enlarged",
    "fill_holes",
    "gaussian",
    "gray_levels",
    "joining_index",
    "longest_outline",
    "main_piece",
    "moments",
    "neighbor_deviations",
    "neighbor_pairs",
    "orientation_histograms",
    "pixels_within",
    "radial_gradient",
    "region_counts",
    "resampled",
    "settle",
    "simplified",
]
