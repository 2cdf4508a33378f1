# Gray levels inside a lesion, their pairs and their neighbors.



cdef int _levels(
    const float[:, ::1] gray, const unsigned char[:, ::1] mask, int bins, unsigned char[:, ::1] levels
) noexcept nogil:
    """Level 1 to `bins` inside the mask, 0 outside; 0 is returned where the gray inside does not vary."""
    cdef int y, x, seen = 0
    cdef float low = 0, high = 0
    cdef double step
    for y in range(<int>gray.shape[0]):
        for x in range(<int>gray.shape[1]):
            if mask[y, x]:
                low = min(low, gray[y, x]) if seen else gray[y, x]
                high = max(high, gray[y, x]) if seen else gray[y, x]
                seen = 1
    if not high > low:
        return 0
    step = bins / (<double>high - <double>low)
    for y in range(<int>gray.shape[0]):
        for x in range(<int>gray.shape[1]):
            if mask[y, x]:
                levels[y, x] = <unsigned char>(1 + <int>min((<double>gray[y, x] - <double>low) * step, <double>(bins - 1)))
            else:
                levels[y, x] = 0
    return 1


def gray_levels(gray, mask, int bins):
    """Gray inside a mask in equal bins between its own extremes: `cadx.lesion.kernels.reference.gray_levels`."""
    cdef const float[:, ::1] of = np.ascontiguousarray(gray, dtype=np.float32)
    cdef const unsigned char[:, ::1] mask_of = np.ascontiguousarray(mask, dtype=np.bool_).view(np.uint8)
    if of.shape[0] != mask_of.shape[0] or of.shape[1] != mask_of.shape[1] or not 0 < bins < 255:
        raise ValueError("a mask of the image's size, 1 to 254 bins")
    levels = np.empty((of.shape[0], of.shape[1]), dtype=np.uint8)
    cdef unsigned char[:, ::1] levels_of = levels
    cdef int varies
    with nogil:
        varies = _levels(of, mask_of, bins, levels_of)
    return levels if varies else None


cdef void _pairs(const unsigned char[:, ::1] levels, long long[:, ::1] counts) noexcept nogil:
    cdef int rows = <int>levels.shape[0], columns = <int>levels.shape[1], y, x, own
    for y in range(rows):
        for x in range(columns):
            own = levels[y, x]
            if x + 1 < columns:
                counts[own, levels[y, x + 1]] += 1
            if y + 1 < rows:
                counts[own, levels[y + 1, x]] += 1
                if x + 1 < columns:
                    counts[own, levels[y + 1, x + 1]] += 1
                if x > 0:
                    counts[own, levels[y + 1, x - 1]] += 1


def neighbor_pairs(levels, int bins):
    """Pairs of neighbors in four directions by their levels: `cadx.lesion.kernels.reference.neighbor_pairs`."""
    cdef const unsigned char[:, ::1] of = np.ascontiguousarray(levels, dtype=np.uint8)
    if of.size and np.max(of) > bins:
        raise ValueError("a level beyond the last")
    counts = np.zeros((bins + 1, bins + 1), dtype=np.int64)
    cdef long long[:, ::1] counts_of = counts
    with nogil:
        _pairs(of, counts_of)
    return counts


cdef void _deviations(const unsigned char[:, ::1] levels, double[::1] deviation, long long[::1] count) noexcept nogil:
    cdef int rows = <int>levels.shape[0], columns = <int>levels.shape[1], y, x, down, right, total, near
    cdef double away
    for y in range(rows):
        for x in range(columns):
            if not levels[y, x]:
                continue
            total = near = 0
            for down in range(max(0, y - 1), min(rows, y + 2)):
                for right in range(max(0, x - 1), min(columns, x + 2)):
                    total += levels[down, right]
                    near += levels[down, right] != 0
            near -= 1
            if near:
                away = levels[y, x] - <double>(total - levels[y, x]) / near
                deviation[levels[y, x]] += away if away > 0 else -away
                count[levels[y, x]] += 1


def neighbor_deviations(levels, int bins):
    """Distance of each level from the mean of its neighbors: `cadx.lesion.kernels.reference.neighbor_deviations`."""
    cdef const unsigned char[:, ::1] of = np.ascontiguousarray(levels, dtype=np.uint8)
    if of.size and np.max(of) > bins:
        raise ValueError("a level beyond the last")
    deviation, count = np.zeros(bins + 1), np.zeros(bins + 1, dtype=np.int64)
    cdef double[::1] deviation_of = deviation
    cdef long long[::1] count_of = count
    with nogil:
        _deviations(of, deviation_of, count_of)
    return deviation, count
