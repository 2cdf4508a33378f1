# The second stage of dual-stage segmentation: a local active contour, cut by cut.






cdef void _cut(
    const float[:, ::1] surface,
    const float[:, ::1] near_all,
    const float[:, ::1] near_gray,
    const float[:, ::1] near_inside,
    const float[:, ::1] gray_inside,
    const unsigned char[:, ::1] free,
    const unsigned char[:, ::1] core,
    float inside_share,
    float[:, ::1] threshold,
    float[:, ::1] brighter,
) noexcept nogil:
    """Brighter than the threshold between the local means, where the contour is free to move; the core always."""
    cdef int y, x
    cdef float inside, outside
    for y in range(<int>surface.shape[0]):
        for x in range(<int>surface.shape[1]):
            inside = gray_inside[y, x] / max(near_inside[y, x], <float>1e-4)
            outside = (near_gray[y, x] - gray_inside[y, x]) / max(near_all[y, x] - near_inside[y, x], <float>1e-4)
            threshold[y, x] = outside + inside_share * (inside - outside)
            brighter[y, x] = ((surface[y, x] > threshold[y, x]) & (free[y, x] != 0)) | (core[y, x] != 0)


def settle(surface_gray, tissue, start, free, core, int size, double bend_px, float inside_share, int most_steps, double settled_share):
    """Cut between local means until the region settles: `cadx.lesion.kernels.reference.settle`."""
    cdef const float[:, ::1] surface = np.ascontiguousarray(surface_gray, dtype=np.float32)
    shape = (surface.shape[0], surface.shape[1])
    for mask in (tissue, start, free, core):
        if mask.shape != shape:
            raise ValueError("masks of the surface's size")
    cdef const unsigned char[:, ::1] tissue_of = np.ascontiguousarray(tissue, dtype=np.bool_).view(np.uint8)
    cdef const unsigned char[:, ::1] start_of = np.ascontiguousarray(start, dtype=np.bool_).view(np.uint8)
    cdef const unsigned char[:, ::1] free_of = np.ascontiguousarray(free, dtype=np.bool_).view(np.uint8)
    cdef const unsigned char[:, ::1] core_of = np.ascontiguousarray(core, dtype=np.bool_).view(np.uint8)
    cdef const double[::1] weights = half_kernel(bend_px, 2.5)
    made = [np.empty(shape, dtype=np.float32) for _ in range(10)]
    cdef float[:, ::1] gray = made[0], cover = made[1], inside = made[2], near_all = made[3], near_gray = made[4]
    cdef float[:, ::1] near_inside = made[5], gray_inside = made[6], between = made[7], brighter = made[8]
    cdef float[:, ::1] bent = made[9], threshold
    threshold_made = np.array(surface)
    threshold = threshold_made
    region_made = np.array(start_of)
    cdef unsigned char[:, ::1] region = region_made
    cdef unsigned char[:, ::1] cut = np.empty(shape, dtype=np.uint8), moved = np.empty(shape, dtype=np.uint8)
    cdef int most = most_runs(surface.shape[0], surface.shape[1])
    cdef int[:, ::1] runs = np.empty((most, 3), dtype=np.int32)
    cdef int[::1] parent = np.empty(most, dtype=np.int32), shared = np.empty(most, dtype=np.int32)
    cdef Py_ssize_t longest = max(shape) + 2 * weights.shape[0]
    cdef double[::1] line = np.empty(longest, dtype=np.float64)
    cdef int[::1] place = np.empty(longest, dtype=np.int32)
    cdef int rows = <int>surface.shape[0], columns = <int>surface.shape[1], step = 0, changed, area, y, x
    if size % 2 == 0:
        raise ValueError("an even size has no middle")
    with nogil:
        for y in range(rows):
            for x in range(columns):
                cover[y, x] = tissue_of[y, x] != 0
                gray[y, x] = surface[y, x] if tissue_of[y, x] else <float>0
        box_means_into(cover, size, between, line, near_all)
        box_means_into(gray, size, between, line, near_gray)
        while step < most_steps:
            step += 1
            for y in range(rows):
                for x in range(columns):
                    cover[y, x] = region[y, x] != 0
                    inside[y, x] = gray[y, x] * cover[y, x]
            box_means_into(cover, size, between, line, near_inside)
            box_means_into(inside, size, between, line, gray_inside)
            _cut(surface, near_all, near_gray, near_inside, gray_inside, free_of, core_of, inside_share, threshold, brighter)
            gaussian_into(brighter, weights, place, between, line, bent)
            for y in range(rows):
                for x in range(columns):
                    cut[y, x] = (bent[y, x] > 0.5) & (tissue_of[y, x] != 0)
            if not main_piece_into(cut, start_of, runs, parent, shared, moved):
                moved[:, :] = start_of
            changed = area = 0
            for y in range(rows):
                for x in range(columns):
                    changed += (moved[y, x] != 0) != (region[y, x] != 0)
                    area += moved[y, x] != 0
            region[:, :] = moved
            if changed < settled_share * area:
                break
    return region_made.view(np.bool_), threshold_made, step
