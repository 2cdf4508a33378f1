# Derivatives of a smooth image, and histograms of their direction against the radius.



cdef enum:
    BINS = 180
    PIECE = 64

# Of an octant's 22.5 bins of 2 degrees: the tangents at which they begin, and the bin in which each 1/256 begins.
cdef float[24] BEGINS
cdef int[257] FIRST
cdef int[8] BASE = [90, 134, 179, 135, 89, 45, 0, 44]
cdef int[8] TURN = [1, -1, -1, 1, -1, 1, 1, -1]
cdef float PI = np.float32(np.pi)
cdef float BINS_A_RADIAN = np.float32(BINS / (2 * np.pi))
# The reference's angle in float32 is off by less than this, as a tangent.
cdef float NEAR = 1e-5


def _fill_tables():
    begins = np.append(np.tan(np.radians(np.arange(0.0, 46.0, 2.0))), np.inf)
    for at in range(24):
        BEGINS[at] = begins[at]
    for at in range(257):
        FIRST[at] = np.searchsorted(begins, at / 256, side="right") - 1


_fill_tables()


cdef inline int _bin(float dot, float cross, float tangent, int place, int octant) noexcept nogil:
    """Bin of 2 degrees of the angle from -180, as floor((atan2(cross, dot) + pi) * 90 / pi) modulo 180 in float32.

    BASE + TURN * (bin in the octant). Only an angle next to a bin's end is computed, as the reference does, so that it
    falls on the same side.
    """
    cdef int first = FIRST[place]
    first += tangent >= BEGINS[first + 1]
    if tangent - BEGINS[first] < NEAR or BEGINS[first + 1] - tangent < NEAR:
        return <int>((atan2f(cross, dot) + PI) * BINS_A_RADIAN) % BINS
    return BASE[octant] + TURN[octant] * first


cdef void _histograms(
    const float[:, ::1] gradient_x,
    const float[:, ::1] gradient_y,
    const float[::1] to_x,
    const float[::1] to_y,
    const unsigned char[:, ::1] mask,
    const unsigned char[:, ::1] margin,
    double[:, ::1] histograms,
) noexcept nogil:
    """A piece of a row at a time: first what the compiler does for several pixels at once, then their bins."""
    cdef int columns = <int>gradient_x.shape[1], y, start, count, i, bin_
    cdef float dot[PIECE]
    cdef float cross[PIECE]
    cdef float tangent[PIECE]
    cdef float weight[PIECE]
    cdef int place[PIECE]
    cdef int octant[PIECE]
    cdef float along, aside, large, small, down
    cdef const float *x_at
    cdef const float *y_at
    cdef const float *right
    for y in range(<int>gradient_x.shape[0]):
        down = to_y[y]
        for start in range(0, columns, 64):
            count = min(<int>PIECE, columns - start)
            x_at = &gradient_x[y, start]
            y_at = &gradient_y[y, start]
            right = &to_x[start]
            for i in range(count):
                dot[i] = right[i] * x_at[i] + down * y_at[i]
                cross[i] = right[i] * y_at[i] - down * x_at[i]
                along = fabsf(dot[i])
                aside = fabsf(cross[i])
                large = along if along > aside else aside
                small = aside if along > aside else along
                # The octant, by the signs of the cross (4) and dot product (2), and which is larger (1).
                octant[i] = (4 if cross[i] < 0 else 0) | (2 if dot[i] < 0 else 0) | (1 if aside > along else 0)
                tangent[i] = small / (large if large > 0 else <float>1)
                place[i] = <int>(tangent[i] * 256 if tangent[i] < 1 else <float>256)  # Not finite: the last.
                weight[i] = sqrtf(x_at[i] * x_at[i] + y_at[i] * y_at[i])
            for i in range(count):
                if weight[i] == 0:  # where the gradient is not known
                    continue
                bin_ = _bin(dot[i], cross[i], tangent[i], place[i], octant[i])
                histograms[mask[y, start + i] != 0, bin_] += weight[i]
                if margin[y, start + i]:
                    histograms[2, bin_] += weight[i]


def orientation_histograms(gradient_x, gradient_y, center, mask, margin):
    """Gradient magnitude by direction outside, inside and at the margin: `reference.orientation_histograms`.

    Angles are binned by comparison of tangents within an octant: an arc tangent a pixel costs several times as much.
    """
    cdef const float[:, ::1] x_of = np.ascontiguousarray(gradient_x, dtype=np.float32)
    cdef const float[:, ::1] y_of = np.ascontiguousarray(gradient_y, dtype=np.float32)
    for each in (gradient_y, mask, margin):
        if each.shape != gradient_x.shape:
            raise ValueError("gradients and masks differ in size")
    cdef const unsigned char[:, ::1] mask_of = np.ascontiguousarray(mask, dtype=np.bool_).view(np.uint8)
    cdef const unsigned char[:, ::1] margin_of = np.ascontiguousarray(margin, dtype=np.bool_).view(np.uint8)
    cdef const float[::1] to_x = (center[0] - 0.5 - np.arange(x_of.shape[1])).astype(np.float32)
    cdef const float[::1] to_y = (center[1] - 0.5 - np.arange(x_of.shape[0])).astype(np.float32)
    histograms = np.zeros((3, BINS))
    cdef double[:, ::1] histograms_of = histograms
    with nogil:
        _histograms(x_of, y_of, to_x, to_y, mask_of, margin_of, histograms_of)
    return histograms


cdef void _differences(
    const float[:, ::1] smooth, const unsigned char[:, ::1] known, float[:, ::1] along_x, float[:, ::1] along_y
) noexcept nogil:
    cdef int rows = <int>smooth.shape[0], columns = <int>smooth.shape[1], y, x
    for y in range(rows):
        along_x[y, 0] = along_x[y, columns - 1] = 0
        for x in range(1, columns - 1):
            along_x[y, x] = (smooth[y, x + 1] - smooth[y, x - 1]) * <float>0.5
        if y == 0 or y == rows - 1:
            along_y[y, :] = 0
        else:
            for x in range(columns):
                along_y[y, x] = (smooth[y + 1, x] - smooth[y - 1, x]) * <float>0.5
        for x in range(columns):
            along_x[y, x] = along_x[y, x] if known[y, x] else <float>0
            along_y[y, x] = along_y[y, x] if known[y, x] else <float>0


def central_differences(smooth, known):
    """Half the difference of the two neighbors, 0 at the ends: `cadx.lesion.kernels.reference.central_differences`."""
    cdef const float[:, ::1] of = np.ascontiguousarray(smooth, dtype=np.float32)
    cdef const unsigned char[:, ::1] known_of = np.ascontiguousarray(known, dtype=np.bool_).view(np.uint8)
    if of.shape[0] != known_of.shape[0] or of.shape[1] != known_of.shape[1] or not of.size:
        raise ValueError("an image and a mask of its size")
    along_x, along_y = np.empty(smooth.shape, dtype=np.float32), np.empty(smooth.shape, dtype=np.float32)
    cdef float[:, ::1] x_of = along_x, y_of = along_y
    with nogil:
        _differences(of, known_of, x_of, y_of)
    return along_x, along_y
