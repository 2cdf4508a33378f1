"""What Method B computes pixel by pixel: compiled where a C compiler was when the package was installed.

`compiled` (Cython, without the interpreter's lock) and `reference` (numpy, SciPy, scikit-image) have the same
functions, which `reference` defines. Callers name them through this package, `kernels.dilate(...)`. How far the two
agree is in docs/decisions/compiled-kernels.md.
"""

import logging

try:
    from cadx.lesion.kernels.compiled import (
        block_means,
        box_means,
        central_differences,
        contour_sums,
        dilate,
        disc_overlap,
        enlarged,
        fill_holes,
        gaussian,
        gray_levels,
        joining_index,
        longest_outline,
        main_piece,
        moments,
        neighbor_deviations,
        neighbor_pairs,
        orientation_histograms,
        pixels_within,
        radial_gradient,
        region_counts,
        resampled,
        settle,
        simplified,
    )

    COMPILED = True
except ImportError:
    from cadx.lesion.kernels.reference import (
        block_means,
        box_means,
        central_differences,
        contour_sums,
        dilate,
        disc_overlap,
        enlarged,
        fill_holes,
        gaussian,
        gray_levels,
        joining_index,
        longest_outline,
        main_piece,
        moments,
        neighbor_deviations,
        neighbor_pairs,
        orientation_histograms,
        pixels_within,
        radial_gradient,
        region_counts,
        resampled,
        settle,
        simplified,
    )

    COMPILED = False
    logging.getLogger(__name__).warning(
        "the compiled kernels of cadx.lesion are missing; numpy computes the same, several times slower"
    )

__all__ = [
    "COMPILED",
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
