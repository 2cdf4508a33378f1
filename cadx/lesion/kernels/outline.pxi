# The outline of a mask by marching squares, and its simplification.



# Sides of a square of four pixels: 0 top, 1 right, 2 bottom, 3 left. ENTRY and EXIT of the one or two segments through a
# square, by which of its pixels are in (1 upper left, 2 upper right, 4 lower left, 8 lower right), the mask on the left.
cdef int[16][2] ENTRY = [
    [-1, -1], [0, -1], [1, -1], [1, -1], [3, -1], [0, -1], [3, 1], [1, -1],
    [2, -1], [0, 2], [2, -1], [2, -1], [3, -1], [0, -1], [3, -1], [-1, -1],
]
cdef int[16][2] EXIT = [
    [-1, -1], [3, -1], [0, -1], [3, -1], [2, -1], [2, -1], [0, 2], [2, -1],
    [1, -1], [1, 3], [0, -1], [3, -1], [1, -1], [1, -1], [0, -1], [-1, -1],
]


cdef inline int _case(const unsigned char[:, ::1] mask, int y, int x) noexcept nogil:
    """Which pixels of the square between rows y - 1, y and columns x - 1, x are in; beyond the array none is."""
    cdef int rows = <int>mask.shape[0], columns = <int>mask.shape[1], of = 0
    if y > 0 and x > 0 and mask[y - 1, x - 1]:
        of |= 1
    if y > 0 and x < columns and mask[y - 1, x]:
        of |= 2
    if y < rows and x > 0 and mask[y, x - 1]:
        of |= 4
    if y < rows and x < columns and mask[y, x]:
        of |= 8
    return of


cdef int _longest(const unsigned char[:, ::1] mask, unsigned char[:, ::1] seen, int[::1] found) noexcept nogil:
    """Number of segments of the longest outline; `found` is the square and the segment in it that it is closed by."""
    cdef int rows = <int>mask.shape[0] + 1, columns = <int>mask.shape[1] + 1
    cdef int y0, x0, part0, y, x, part, count, most = 0, side, at, last
    for y0 in range(rows):
        for x0 in range(columns):
            at = _case(mask, y0, x0)
            for part0 in range(2):
                if ENTRY[at][part0] < 0 or seen[y0, x0] & (1 << part0):
                    continue
                y = y0
                x = x0
                part = part0
                count = 0
                last = 0
                while not seen[y, x] & (1 << part):
                    seen[y, x] |= 1 << part
                    count += 1
                    last = max(last, 2 * (y * columns + x) + part)
                    side = EXIT[_case(mask, y, x)][part]
                    y += (side == 2) - (side == 0)
                    x += (side == 1) - (side == 3)
                    part = ENTRY[_case(mask, y, x)][0] != (side ^ 2)
                if count > most:
                    most = count
                    found[0] = last
    return most


cdef void _walk(const unsigned char[:, ::1] mask, int begin, int count, double[:, ::1] outline) noexcept nogil:
    """Write the vertices from the end of a segment round to its end again."""
    cdef int columns = <int>mask.shape[1] + 1
    cdef int part = begin % 2, y = begin // 2 // columns, x = begin // 2 % columns
    cdef int number, side
    for number in range(count + 1):
        side = EXIT[_case(mask, y, x)][part]
        outline[number, 0] = y + 0.5 * (side == 1 or side == 3) + (side == 2)
        outline[number, 1] = x + 0.5 * (side == 0 or side == 2) + (side == 1)
        y += (side == 2) - (side == 0)
        x += (side == 1) - (side == 3)
        part = ENTRY[_case(mask, y, x)][0] != (side ^ 2)


def longest_outline(mask):
    """Longest outline of a mask by marching squares: `cadx.lesion.kernels.reference.longest_outline`.

    A segment leaves each square by the side that the next one enters by, so that an outline is walked without a search
    (Lorensen & Cline, SIGGRAPH 1987;163, in the plane). It begins where the segment ends that comes last in reading
    order, as in scikit-image.
    """
    cdef const unsigned char[:, ::1] of = np.ascontiguousarray(mask, dtype=np.bool_).view(np.uint8)
    cdef unsigned char[:, ::1] seen = np.zeros((of.shape[0] + 1, of.shape[1] + 1), dtype=np.uint8)
    cdef int[::1] found = np.zeros(1, dtype=np.int32)
    cdef int count
    with nogil:
        count = _longest(of, seen, found)
    outline = np.empty((count + 1 if count else 0, 2))
    cdef double[:, ::1] outline_of = outline
    if count:
        with nogil:
            _walk(of, found[0], count, outline_of)
    return outline


cdef int _farthest(const double[:, ::1] chain, int start, int end, double tolerance) noexcept nogil:
    """Point between two that lies farthest from their segment, if farther than the tolerance; else -1."""
    cdef double r0 = chain[start, 0], c0 = chain[start, 1], r1 = chain[end, 0], c1 = chain[end, 1]
    cdef double dr = r1 - r0, dc = c1 - c0
    cdef double angle = -atan2(dr, dc), cosine = cos(angle), sine = sin(angle)
    cdef double offset = c0 * sine + r0 * cosine, away, farthest = tolerance
    cdef double dr0, dc0, dr1, dc1
    cdef int at, found = -1
    for at in range(start + 1, end):
        dr0 = chain[at, 0] - r0
        dc0 = chain[at, 1] - c0
        dr1 = chain[at, 0] - r1
        dc1 = chain[at, 1] - c1
        if dr0 * dr + dc0 * dc > 0 and -dr1 * dr - dc1 * dc > 0:
            away = fabs(chain[at, 0] * cosine + chain[at, 1] * sine - offset)
        else:
            away = min(sqrt(dc0 * dc0 + dr0 * dr0), sqrt(dc1 * dc1 + dr1 * dr1))
        if away > farthest:
            farthest = away
            found = at
    return found


cdef void _simplify(const double[:, ::1] chain, double tolerance, unsigned char[::1] kept, int[:, ::1] stack) noexcept nogil:
    """Every turn either keeps one more point or closes a segment, so that there are fewer than twice the points."""
    cdef int last = <int>chain.shape[0] - 1, depth = 1, start, end, middle
    kept[0] = kept[last] = 1
    stack[0, 0] = 0
    stack[0, 1] = last
    while depth:
        depth -= 1
        start = stack[depth, 0]
        end = stack[depth, 1]
        middle = _farthest(chain, start, end, tolerance)
        if middle >= 0:
            kept[middle] = 1
            stack[depth, 0] = middle
            stack[depth, 1] = end
            stack[depth + 1, 0] = start
            stack[depth + 1, 1] = middle
            depth += 2


def simplified(chain, double tolerance):
    """Douglas-Peucker model of a chain of points: `cadx.lesion.kernels.reference.simplified`."""
    cdef const double[:, ::1] of = np.ascontiguousarray(chain, dtype=np.float64)
    if of.shape[1] != 2:
        raise ValueError("points have two coordinates")
    if tolerance <= 0 or of.shape[0] < 3:
        return chain
    kept = np.zeros(of.shape[0], dtype=np.bool_)
    cdef unsigned char[::1] kept_of = kept.view(np.uint8)
    cdef int[:, ::1] stack = np.empty((of.shape[0] + 1, 2), dtype=np.int32)
    with nogil:
        _simplify(of, tolerance, kept_of, stack)
    return chain[kept]
