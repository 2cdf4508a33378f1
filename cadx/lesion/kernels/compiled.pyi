"""Types of the compiled kernels: those of the reference."""

from cadx.lesion.kernels.reference import (
    block_means as block_means,
    box_means as box_means,
    central_differences as central_differences,
    contour_sums as contour_sums,
    dilate as dilate,
    disc_overlap as disc_overlap,
    enlarged as enlarged,
    fill_holes as fill_holes,
    gaussian as gaussian,
    gray_levels as gray_levels,
    joining_index as joining_index,
    longest_outline as longest_outline,
    main_piece as main_piece,
    neighbor_deviations as neighbor_deviations,
    neighbor_pairs as neighbor_pairs,
    orientation_histograms as orientation_histograms,
    radial_gradient as radial_gradient,
    region_counts as region_counts,
    settle as settle,
    simplified as simplified,
)
