# From the region's pixels to the grid of 0.4 mm and back.


cdef enum:
    SIDE = 4


cdef void _reduce(
    const float[:, ::1] gray,
    const unsigned char[:, ::1] tissue,
    bint columns_first,
    float[:, ::1] mean,
    unsigned char[:, ::1] held,
) noexcept nogil:
    cdef int y, x, i, j, down, right, count
    cdef float total, part
    for y in range(<int>mean.shape[0]):
        for x in range(<int>mean.shape[1]):
            total = 0
            count = 0
            for i in range(SIDE):
                part = 0
                for j in range(SIDE):
                    down = SIDE * y + (j if columns_first else i)
                    right = SIDE * x + (i if columns_first else j)
                    if tissue[down, right]:
                        part += gray[down, right]
                        count += 1
                total += part
            mean[y, x] = total / <float>max(count, 1)
            held[y, x] = 2 * count >= SIDE * SIDE


def block_means(gray, tissue):
    """Means over the tissue of blocks of 4 x 4 pixels: `cadx.lesion.kernels.reference.block_means`."""
    cdef const float[:, ::1] of = np.ascontiguousarray(gray, dtype=np.float32)
    cdef const unsigned char[:, ::1] tissue_of = np.ascontiguousarray(tissue, dtype=np.bool_).view(np.uint8)
    if of.shape[0] != tissue_of.shape[0] or of.shape[1] != tissue_of.shape[1] or of.shape[0] % SIDE or of.shape[1] % SIDE:
        raise ValueError("whole blocks and a mask of the image's size")
    mean = np.empty((of.shape[0] // SIDE, of.shape[1] // SIDE), dtype=np.float32)
    held = np.empty(mean.shape, dtype=np.bool_)
    cdef float[:, ::1] mean_of = mean
    cdef unsigned char[:, ::1] held_of = held.view(np.uint8)
    # The order in which the reference sums in float32: numpy's, where some is no tissue, is that of the memory.
    cdef bint columns_first = tissue.all() or (np.isfortran(gray) and np.isfortran(tissue))
    with nogil:
        _reduce(of, tissue_of, columns_first, mean_of, held_of)
    return mean, held


cdef void _enlarge(const float[:, ::1] field, double[:, ::1] lines, float[:, ::1] fine) noexcept nogil:
    cdef int rows = <int>field.shape[0], columns = <int>field.shape[1], y, x, above, below, left, right
    cdef double down, across
    for y in range(SIDE * rows):
        down = min(max((y + 0.5) / SIDE - 0.5, 0.0), <double>(rows - 1))
        above = <int>down
        below = min(above + 1, rows - 1)
        down -= above
        for x in range(columns):
            lines[0, x] = <double>field[above, x] * (1 - down)
            lines[1, x] = <double>field[below, x] * down
        for x in range(SIDE * columns):
            across = min(max((x + 0.5) / SIDE - 0.5, 0.0), <double>(columns - 1))
            left = <int>across
            right = min(left + 1, columns - 1)
            across -= left
            fine[y, x] = <float>(
                lines[0, left] * (1 - across)
                + lines[0, right] * across
                + lines[1, left] * (1 - across)
                + lines[1, right] * across
            )


def enlarged(field):
    """Bilinear interpolation at the middles of 4 x 4 pixels a block: `cadx.lesion.kernels.reference.enlarged`."""
    cdef const float[:, ::1] of = np.ascontiguousarray(field, dtype=np.float32)
    if not of.size:
        raise ValueError("an empty field")
    fine = np.empty((SIDE * of.shape[0], SIDE * of.shape[1]), dtype=np.float32)
    cdef float[:, ::1] fine_of = fine
    cdef double[:, ::1] lines = np.empty((2, of.shape[1]))
    with nogil:
        _enlarge(of, lines, fine_of)
    return fine
