"""What Method B computes pixel by pixel: compiled where a C compiler was when the package was installed.

`compiled` (Cython, without the interpreter's lock) and `reference` (numpy, SciPy, scikit-image) have the same functions,
and what each computes is written in `reference`. Callers name them through this package, `kernels.dilate(...)`.
docs/decisions/compiled-kernels.md has how far the two agree.
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
        neighbor_deviations,
        neighbor_pairs,
        orientation_histograms,
        radial_gradient,
        region_counts,
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
        neighbor_deviations,
        neighbor_pairs,
        orientation_histograms,
        radial_gradient,
        region_counts,
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
    "neighbor_deviations",
    "neighbor_pairs",
    "orientation_histograms",
    "radial_gradient",
    "region_counts",
    "settle",
    "simplified",
]
