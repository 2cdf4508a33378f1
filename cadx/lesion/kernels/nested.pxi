# Sums over nested regions {index <= k}, all levels from one pass over the pixels.




cdef void _count(
    const int[:, ::1] index, int levels, const unsigned char[:, ::1] forbidden, long long[:, ::1] counts
) noexcept nogil:
    cdef int rows = <int>index.shape[0], columns = <int>index.shape[1]
    cdef int y, x, own, pair, other, k
    for y in range(-1, rows):
        for x in range(-1, columns + 1):
            own = index[y, x] if y >= 0 and 0 <= x < columns else levels
            if own < levels:
                counts[0, own] += 1
                counts[1, own] += y
                counts[2, own] += x
                counts[3, own] += forbidden[y, x] != 0
            # To the right, below, below right, below left: a pair is crossed from the first that joins to the second.
            for pair in range(4):
                other = _at(index, y + (pair > 0), x + (pair == 0) + (pair == 2) - (pair == 3), levels)
                if own != other:
                    counts[4 + pair, min(own, other)] += 1
                    counts[4 + pair, max(own, other)] -= 1
    for y in range(8):
        for k in range(1, levels):
            counts[y, k] += counts[y, k - 1]


cdef inline int _at(const int[:, ::1] index, int y, int x, int levels) noexcept nogil:
    if 0 <= y < index.shape[0] and 0 <= x < index.shape[1]:
        return index[y, x]
    return levels


def region_counts(index, int levels, forbidden):
    """Pixels, sums of rows and columns, forbidden pixels, crossings: `cadx.lesion.kernels.reference.region_counts`."""
    cdef const int[:, ::1] of = np.ascontiguousarray(np.minimum(index, levels), dtype=np.int32)
    cdef const unsigned char[:, ::1] forbidden_of = np.ascontiguousarray(forbidden, dtype=np.bool_).view(np.uint8)
    if of.shape[0] != forbidden_of.shape[0] or of.shape[1] != forbidden_of.shape[1]:
        raise ValueError("index and forbidden differ in size")
    if of.size and np.min(of) < 0:
        raise ValueError("a negative level")
    counts = np.zeros((8, levels + 1), dtype=np.int64)
    cdef long long[:, ::1] counts_of = counts
    with nogil:
        _count(of, levels, forbidden_of, counts_of)
    return counts[:, :levels]


cdef void _overlap(
    const int[:, ::1] index,
    const double[::1] row,
    const double[::1] column,
    const double[::1] squared_radius,
    float[::1] across,
    long long[::1] counts,
) noexcept nogil:
    cdef int rows = <int>index.shape[0], columns = <int>index.shape[1]
    cdef int k, y, x, first, last, total
    cdef float down, limit
    for k in range(<int>row.shape[0]):
        limit = <float>squared_radius[k]
        first = columns
        last = 0
        for x in range(columns):
            across[x] = <float>((x - column[k]) * (x - column[k]))
            if across[x] <= limit:
                first = min(first, x)
                last = x + 1
        total = 0
        for y in range(rows):
            down = <float>((y - row[k]) * (y - row[k]))
            if down > limit:
                continue
            for x in range(first, last):
                total += (index[y, x] <= k) & (down + across[x] <= limit)
        counts[k] = total


def disc_overlap(index, row, column, squared_radius):
    """Pixels of each region inside a disc about its centroid: `cadx.lesion.kernels.reference.disc_overlap`."""
    cdef const int[:, ::1] of = np.ascontiguousarray(index, dtype=np.int32)
    cdef const double[::1] row_of = np.ascontiguousarray(row, dtype=np.float64)
    cdef const double[::1] column_of = np.ascontiguousarray(column, dtype=np.float64)
    cdef const double[::1] radius_of = np.ascontiguousarray(squared_radius, dtype=np.float64)
    if not row_of.shape[0] == column_of.shape[0] == radius_of.shape[0]:
        raise ValueError("one centroid and one radius a region")
    counts = np.zeros(row_of.shape[0], dtype=np.int64)
    cdef long long[::1] counts_of = counts
    cdef float[::1] across = np.empty(max(1, of.shape[1]), dtype=np.float32)
    with nogil:
        _overlap(of, row_of, column_of, radius_of, across, counts_of)
    return counts


cdef void _contours(
    const int[:, ::1] index, int levels, const float[:, ::1] weights, double[::1] added, double[::1] taken
) noexcept nogil:
    cdef int rows = <int>index.shape[0], columns = <int>index.shape[1]
    cdef int y, x, own, last, k
    for y in range(rows):
        for x in range(columns):
            own = min(index[y, x], levels)
            last = max(
                own,
                max(
                    max(_at(index, y - 1, x, levels), _at(index, y + 1, x, levels)),
                    max(_at(index, y, x - 1, levels), _at(index, y, x + 1, levels)),
                ),
            )
            added[own] += weights[y, x]
            taken[min(last, levels)] += weights[y, x]
    for k in range(1, levels):
        added[k] += added[k - 1]
        taken[k] += taken[k - 1]
    for k in range(levels):
        added[k] -= taken[k]


def contour_sums(index, int levels, weights):
    """Sum of a quantity over the inner contour of every region: `cadx.lesion.kernels.reference.contour_sums`."""
    cdef const int[:, ::1] of = np.ascontiguousarray(index, dtype=np.int32)
    cdef const float[:, ::1] weights_of = np.ascontiguousarray(weights, dtype=np.float32)
    if of.shape[0] != weights_of.shape[0] or of.shape[1] != weights_of.shape[1]:
        raise ValueError("index and weights differ in size")
    if of.size and np.min(of) < 0:
        raise ValueError("a negative level")
    added, taken = np.zeros(levels + 1), np.zeros(levels + 1)
    cdef double[::1] added_of = added, taken_of = taken
    with nogil:
        _contours(of, levels, weights_of, added_of, taken_of)
    return added[:levels]


cdef void _gradient(
    const float[:, ::1] gray, float row, float column, float[:, ::1] inward, float[:, ::1] magnitude
) noexcept nogil:
    cdef int rows = <int>gray.shape[0], columns = <int>gray.shape[1]
    cdef int y, x, above, below, left, right
    cdef float down, across, out_y, out_x, distance
    for y in range(rows):
        above = max(y - 1, 0)
        below = min(y + 1, rows - 1)
        out_y = <float>(y - <double>row)
        for x in range(columns):
            left = max(x - 1, 0)
            right = min(x + 1, columns - 1)
            down = (gray[below, x] - gray[above, x]) / <float>(below - above)
            across = (gray[y, right] - gray[y, left]) / <float>(right - left)
            out_x = <float>(x - <double>column)
            distance = max(sqrtf(out_y * out_y + out_x * out_x), <float>0.5)
            inward[y, x] = -(across * out_x + down * out_y) / distance
            magnitude[y, x] = <float>sqrt(<double>across * across + <double>down * down)


def radial_gradient(gray, center):
    """Gradient towards a center, and its magnitude: `cadx.lesion.kernels.reference.radial_gradient`."""
    cdef const float[:, ::1] of = np.ascontiguousarray(gray, dtype=np.float32)
    if of.shape[0] < 2 or of.shape[1] < 2:
        raise ValueError("a gradient needs two rows and two columns")
    cdef float row = center[0], column = center[1]
    inward, magnitude = np.empty(gray.shape, dtype=np.float32), np.empty(gray.shape, dtype=np.float32)
    cdef float[:, ::1] inward_of = inward, magnitude_of = magnitude
    with nogil:
        _gradient(of, row, column, inward_of, magnitude_of)
    return inward, magnitude
