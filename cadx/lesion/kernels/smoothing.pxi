# Separable filters of float32 images: sums in float64 in the order of scipy.ndimage, so that no bit differs.


cdef enum:
    BLOCK = 8  # columns whose sums stay in registers


cdef inline int _reflected(int at, int length) noexcept nogil:
    """Index of a place beyond the ends, the image mirrored about its outer edges (d c b a | a b c d | d c b a)."""
    at = at % (2 * length)
    if at < 0:
        at += 2 * length
    return at if at < length else 2 * length - 1 - at


cdef void gaussian_into(
    const float[:, ::1] image,
    const double[::1] weights,
    int[::1] place,
    float[:, ::1] between,
    double[::1] line,
    float[:, ::1] smooth,
) noexcept nogil:
    """Filter down the columns into `between`, then along the rows; weights from the middle outwards.

    `place` and `line` have room for the longer side and the weights at both of its ends.
    """
    cdef int rows = <int>image.shape[0], columns = <int>image.shape[1], reach = <int>weights.shape[0] - 1
    cdef int y, x, j, i, whole = columns - columns % BLOCK
    cdef const float *above
    cdef const float *below
    cdef const double *middle
    cdef double total[BLOCK]
    cdef double sum_, weight
    for y in range(rows + 2 * reach):
        place[y] = _reflected(y - reach, rows)
    for y in range(rows):
        for x in range(0, whole, 8):
            above = &image[y, x]
            for i in range(BLOCK):
                total[i] = <double>above[i] * weights[0]
            for j in range(reach, 0, -1):
                weight = weights[j]
                above = &image[place[y + reach - j], x]
                below = &image[place[y + reach + j], x]
                for i in range(BLOCK):
                    total[i] += (<double>above[i] + <double>below[i]) * weight
            for i in range(BLOCK):
                between[y, x + i] = <float>total[i]
        for x in range(whole, columns):
            sum_ = <double>image[y, x] * weights[0]
            for j in range(reach, 0, -1):
                sum_ += (<double>image[place[y + reach - j], x] + <double>image[place[y + reach + j], x]) * weights[j]
            between[y, x] = <float>sum_
    for x in range(columns + 2 * reach):
        place[x] = _reflected(x - reach, columns)
    for y in range(rows):
        for x in range(columns + 2 * reach):
            line[x] = between[y, place[x]]
        for x in range(0, whole, 8):
            middle = &line[x + reach]
            for i in range(BLOCK):
                total[i] = middle[i] * weights[0]
            for j in range(reach, 0, -1):
                weight = weights[j]
                for i in range(BLOCK):
                    total[i] += (middle[i - j] + middle[i + j]) * weight
            for i in range(BLOCK):
                smooth[y, x + i] = <float>total[i]
        for x in range(whole, columns):
            sum_ = line[x + reach] * weights[0]
            for j in range(reach, 0, -1):
                sum_ += (line[x + reach - j] + line[x + reach + j]) * weights[j]
            smooth[y, x] = <float>sum_


def half_kernel(double sigma_px, double truncate):
    """Weights of a normalized Gaussian from its middle outwards, as scipy.ndimage computes them."""
    cdef int reach = int(truncate * sigma_px + 0.5)
    if reach == 0:
        return np.ones(1)
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 / (sigma_px * sigma_px) * offsets**2)
    return np.ascontiguousarray((weights / weights.sum())[reach:])


def gaussian(image, double sigma_px, double truncate):
    """Gaussian mean, the image mirrored beyond its edges: `cadx.lesion.kernels.reference.gaussian`."""
    cdef const float[:, ::1] of = np.ascontiguousarray(image, dtype=np.float32)
    cdef const double[::1] weights = half_kernel(sigma_px, truncate)
    smooth = np.empty((of.shape[0], of.shape[1]), dtype=np.float32)
    cdef float[:, ::1] smooth_of = smooth, between = np.empty_like(smooth)
    cdef Py_ssize_t longest = max(of.shape[0], of.shape[1]) + 2 * weights.shape[0]
    cdef double[::1] line = np.empty(longest, dtype=np.float64)
    cdef int[::1] place = np.empty(longest, dtype=np.int32)
    with nogil:
        gaussian_into(of, weights, place, between, line, smooth_of)
    return smooth


cdef void _box(const float[:, ::1] image, int size, float[:, ::1] between, double[::1] line, float[:, ::1] mean) noexcept nogil:
    """Mean over size x size pixels, 0 beyond the frame: running sums, one axis after the other."""
    cdef int rows = <int>image.shape[0], columns = <int>image.shape[1], reach = size // 2
    cdef int y, x, i
    cdef double totals[4]
    cdef double by = size
    for x in range(columns):
        line[x] = 0
    for y in range(min(reach + 1, rows)):
        for x in range(columns):
            line[x] += <double>image[y, x]
    for y in range(rows):
        for x in range(columns):
            between[y, x] = <float>(line[x] / by)
        for x in range(columns):
            line[x] += (<double>image[y + reach + 1, x] if y + reach + 1 < rows else 0.0) - (
                <double>image[y - reach, x] if y >= reach else 0.0
            )
    # Four rows at once: each running sum waits for its own last step.
    for y in range(0, rows - rows % 4, 4):
        for i in range(4):
            totals[i] = 0
            for x in range(min(reach + 1, columns)):
                totals[i] += <double>between[y + i, x]
        for x in range(columns):
            for i in range(4):
                mean[y + i, x] = <float>(totals[i] / by)
                totals[i] += (<double>between[y + i, x + reach + 1] if x + reach + 1 < columns else 0.0) - (
                    <double>between[y + i, x - reach] if x >= reach else 0.0
                )
    for y in range(rows - rows % 4, rows):
        totals[0] = 0
        for x in range(min(reach + 1, columns)):
            totals[0] += <double>between[y, x]
        for x in range(columns):
            mean[y, x] = <float>(totals[0] / by)
            totals[0] += (<double>between[y, x + reach + 1] if x + reach + 1 < columns else 0.0) - (
                <double>between[y, x - reach] if x >= reach else 0.0
            )


cdef void box_means_into(
    const float[:, ::1] image, int size, float[:, ::1] between, double[::1] line, float[:, ::1] near
) noexcept nogil:
    cdef int turn
    if size <= 1:
        near[:, :] = image
        return
    _box(image, size, between, line, near)
    for turn in range(2):
        _box(near, size, between, line, near)


def box_means(image, int size):
    """Three box means in a row, 0 beyond the frame: `cadx.lesion.kernels.reference.box_means`."""
    cdef const float[:, ::1] of = np.ascontiguousarray(image, dtype=np.float32)
    if size % 2 == 0:
        raise ValueError("an even size has no middle")
    near = np.empty((of.shape[0], of.shape[1]), dtype=np.float32)
    cdef float[:, ::1] near_of = near, between = np.empty_like(near)
    cdef double[::1] line = np.empty(max(1, of.shape[1]), dtype=np.float64)
    with nogil:
        box_means_into(of, size, between, line, near_of)
    return near
