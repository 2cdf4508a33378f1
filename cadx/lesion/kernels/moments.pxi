# Sums over the pixels of one mask, and points along an outline.


cdef void _moments(const unsigned char[:, ::1] mask, long long[::1] sums) noexcept nogil:
    cdef int rows = <int>mask.shape[0], columns = <int>mask.shape[1]
    cdef long long y, x, count, along, squared
    for y in range(rows):
        count = along = squared = 0
        for x in range(columns):
            if mask[y, x]:
                count += 1
                along += x
                squared += x * x
        sums[0] += count
        sums[1] += along
        sums[2] += y * count
        sums[3] += squared
        sums[4] += y * along
        sums[5] += y * y * count


def moments(mask):
    """Number of pixels; sums of x, y, x^2, x y and y^2 over them: `cadx.lesion.kernels.reference.moments`."""
    cdef const unsigned char[:, ::1] of = np.ascontiguousarray(mask, dtype=np.bool_).view(np.uint8)
    sums = np.zeros(6, dtype=np.int64)
    cdef long long[::1] sums_of = sums
    with nogil:
        _moments(of, sums_of)
    return sums


cdef long long _within(
    const unsigned char[:, ::1] mask, double column, double row, double squared_radius
) noexcept nogil:
    cdef int y, x
    cdef long long count = 0
    cdef double down
    for y in range(<int>mask.shape[0]):
        down = (y - row) * (y - row)
        if down <= squared_radius:
            for x in range(<int>mask.shape[1]):
                count += (mask[y, x] != 0) & ((x - column) * (x - column) + down <= squared_radius)
    return count


def pixels_within(mask, center, double squared_radius):
    """Number of a mask's pixels in a disc about a center (x, y): `cadx.lesion.kernels.reference.pixels_within`."""
    cdef const unsigned char[:, ::1] of = np.ascontiguousarray(mask, dtype=np.bool_).view(np.uint8)
    cdef double column = center[0], row = center[1]
    cdef long long count
    with nogil:
        count = _within(of, column, row, squared_radius)
    return count


cdef void _resample(const double[:, ::1] polygon, double[::1] along, double[:, ::1] points) noexcept nogil:
    cdef int corners = <int>polygon.shape[0], count = <int>points.shape[0], at, end, number, axis
    cdef double across, down, step, place, slope
    along[0] = 0
    for at in range(corners):
        end = (at + 1) % corners
        across = polygon[end, 0] - polygon[at, 0]
        down = polygon[end, 1] - polygon[at, 1]
        along[at + 1] = along[at] + sqrt(across * across + down * down)
    step = along[corners] / count
    at = 0
    for number in range(count):
        place = number * step
        while at < corners - 1 and along[at + 1] <= place:
            at += 1
        for axis in range(2):
            slope = 0
            if along[at + 1] > along[at]:
                slope = (polygon[(at + 1) % corners, axis] - polygon[at, axis]) / (along[at + 1] - along[at])
            points[number, axis] = slope * (place - along[at]) + polygon[at, axis]


def resampled(polygon, int count):
    """Points at equal steps along a closed polygon: `cadx.lesion.kernels.reference.resampled`."""
    cdef const double[:, ::1] of = np.ascontiguousarray(polygon, dtype=np.float64)
    if of.shape[0] < 1 or of.shape[1] != 2 or count < 1:
        raise ValueError("a polygon of x and y, and one point at least")
    points = np.empty((count, 2))
    cdef double[:, ::1] points_of = points
    cdef double[::1] along = np.empty(of.shape[0] + 1)
    with nogil:
        _resample(of, along, points_of)
    return points
