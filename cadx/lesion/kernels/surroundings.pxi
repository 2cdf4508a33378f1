# Dilation by a Euclidean disc, exactly.


cdef enum:
    FAR = 255


cdef void _across(const unsigned char[:, ::1] mask, unsigned char[:, ::1] across, unsigned char[::1] occupied) noexcept nogil:
    """Distance along the row to the nearest pixel of the mask, 255 at most; and which rows have any."""
    cdef int columns = <int>mask.shape[1], y, x, away
    cdef const unsigned char *row
    cdef unsigned char *distance
    for y in range(<int>mask.shape[0] if columns else 0):
        row = &mask[y, 0]
        occupied[y] = memchr(row, 1, columns) != NULL
        if not occupied[y]:  # `_dilate` looks at no such row
            continue
        distance = &across[y, 0]
        away = FAR
        for x in range(columns):
            away = 0 if row[x] else min(away + 1, FAR)
            distance[x] = <unsigned char>away
        away = FAR
        for x in range(columns - 1, -1, -1):
            away = 0 if row[x] else min(away + 1, FAR)
            distance[x] = <unsigned char>min(<int>distance[x], away)


cdef void _dilate(
    const unsigned char[:, ::1] across,
    const unsigned char[::1] occupied,
    const int[::1] reach,
    unsigned char[:, ::1] reached,
) noexcept nogil:
    cdef int rows = <int>across.shape[0], columns = <int>across.shape[1]
    cdef int y, x, offset, row
    cdef unsigned char limit
    cdef const unsigned char *from_
    cdef unsigned char *to
    reached[:, :] = 0
    for y in range(rows if columns else 0):
        to = &reached[y, 0]
        for offset in range(1 - <int>reach.shape[0], <int>reach.shape[0]):
            row = y + offset
            if 0 <= row < rows and occupied[row]:
                from_ = &across[row, 0]
                limit = <unsigned char>reach[abs(offset)]
                for x in range(columns):
                    to[x] |= from_[x] <= limit


def dilate(mask, reach):
    """Dilate by a disc given by its reach along each row: `cadx.lesion.kernels.reference.dilate`."""
    cdef const unsigned char[:, ::1] of = np.ascontiguousarray(mask, dtype=np.bool_).view(np.uint8)
    cdef const int[::1] reach_of = np.ascontiguousarray(reach, dtype=np.int32)
    if reach_of.shape[0] and (np.min(reach_of) < 0 or np.max(reach_of) >= FAR):
        raise ValueError("a reach of 0 to 254 pixels")
    reached = np.empty((of.shape[0], of.shape[1]), dtype=np.bool_)
    cdef unsigned char[:, ::1] reached_of = reached.view(np.uint8), across = np.empty(reached.shape, dtype=np.uint8)
    cdef unsigned char[::1] occupied = np.empty(of.shape[0], dtype=np.uint8)
    with nogil:
        _across(of, across, occupied)
        _dilate(across, occupied, reach_of, reached_of)
    return reached
