# Floods over a grid: nested regions about a seed, holes, connected pieces.
#
# Every pixel enters a stack once and every run of pixels one piece, so that each loop ends whatever the mask.
#



cdef void _push(int[::1] first, int[::1] after, int level, int pixel) noexcept nogil:
    """Put a pixel on the stack of its level."""
    after[pixel] = first[level]
    first[level] = pixel


cdef void _join(
    const int[:, ::1] number, int levels, int row, int column, int[:, ::1] joins, int[::1] first, int[::1] after
) noexcept nogil:
    """Lowest level at which each pixel is 8-connected to the seed: least over paths of the largest number on them."""
    cdef int rows = <int>number.shape[0], columns = <int>number.shape[1]
    cdef int level, pixel, y, x, down, right, near
    joins[:, :] = -1
    first[:] = -1
    joins[row, column] = number[row, column]
    _push(first, after, number[row, column], row * columns + column)
    for level in range(levels):
        while first[level] >= 0:
            pixel = first[level]
            first[level] = after[pixel]
            y = pixel // columns
            x = pixel % columns
            for down in range(max(0, y - 1), min(rows, y + 2)):
                for right in range(max(0, x - 1), min(columns, x + 2)):
                    if joins[down, right] < 0:
                        near = max(level, number[down, right])
                        joins[down, right] = near
                        _push(first, after, near, down * columns + right)


cdef void _fill(const int[:, ::1] joins, int levels, int[:, ::1] index, int[::1] first, int[::1] after) noexcept nogil:
    """Lower what no 4-path to the frame passes later: largest over paths to the frame of the least level on them."""
    cdef int rows = <int>joins.shape[0], columns = <int>joins.shape[1]
    cdef int level, pixel, y, x, side, down, right, near
    index[:, :] = -1
    first[:] = -1
    for y in range(rows):
        for x in range(columns):
            if y == 0 or x == 0 or y == rows - 1 or x == columns - 1:
                index[y, x] = joins[y, x]
                _push(first, after, joins[y, x], y * columns + x)
    for level in range(levels - 1, -1, -1):
        while first[level] >= 0:
            pixel = first[level]
            first[level] = after[pixel]
            y = pixel // columns
            x = pixel % columns
            for side in range(4):
                down = y + (side == 0) - (side == 1)
                right = x + (side == 2) - (side == 3)
                if 0 <= down < rows and 0 <= right < columns and index[down, right] < 0:
                    near = min(level, joins[down, right])
                    index[down, right] = near
                    _push(first, after, near, down * columns + right)


def joining_index(number, int levels, seed):
    """Number of the first nested region that holds each pixel: `cadx.lesion.kernels.reference.joining_index`.

    Two priority floods with a stack a level (Barnes, Lehman & Mulla, Computers & Geosciences 2014;62:117) in place of
    two grayscale reconstructions (Vincent, IEEE TIP 1993;2:176): one comparison a neighbor, nothing sorted.
    """
    cdef const int[:, ::1] of = np.ascontiguousarray(number, dtype=np.int32)
    cdef int row = seed[0], column = seed[1]
    joins = np.empty((of.shape[0], of.shape[1]), dtype=np.int32)
    index = np.empty_like(joins)
    cdef int[:, ::1] joins_of = joins, index_of = index
    cdef int[::1] after = np.empty(joins.size, dtype=np.int32), first = np.empty(max(levels, 1), dtype=np.int32)
    if not (0 <= row < of.shape[0] and 0 <= column < of.shape[1]):
        raise ValueError("the seed lies outside")
    if number.min() < 0 or number.max() >= levels:
        raise ValueError("a level beyond the last")
    with nogil:
        _join(of, levels, row, column, joins_of, first, after)
        _fill(joins_of, levels, index_of, first, after)
    return index


cdef int _root(int[::1] parent, int run) noexcept nogil:
    """First run of a piece; a run's parent never comes after it, so that the climb ends."""
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


cdef int _pieces(
    const unsigned char[:, ::1] mask, unsigned char wanted, int reach, int[:, ::1] runs, int[::1] parent
) noexcept nogil:
    """Connected pieces as runs along the rows (row, begin, end); a piece is known by its first run in reading order.

    `reach` 0 connects runs of two rows that share a column, 1 also those that touch at a corner.
    """
    cdef int rows = <int>mask.shape[0], columns = <int>mask.shape[1]
    cdef int count = 0, above = 0, above_end = 0, first, y, x, one, other
    for y in range(rows):
        first = count
        x = 0
        while x < columns:
            while x < columns and (mask[y, x] != 0) != wanted:
                x += 1
            if x == columns:
                break
            runs[count, 0] = y
            runs[count, 1] = x
            while x < columns and (mask[y, x] != 0) == wanted:
                x += 1
            runs[count, 2] = x
            parent[count] = count
            while above < above_end and runs[above, 2] + reach <= runs[count, 1]:
                above += 1
            while above < above_end and runs[above, 1] < x + reach:
                one = _root(parent, above)
                other = _root(parent, count)
                parent[max(one, other)] = min(one, other)
                if runs[above, 2] >= x:
                    break  # It may touch the next run of this row too.
                above += 1
            count += 1
        above = first
        above_end = count
    for one in range(count):
        parent[one] = _root(parent, one)
    return count


cdef void fill_into(
    const unsigned char[:, ::1] mask, int[:, ::1] runs, int[::1] parent, int[::1] outside, unsigned char[:, ::1] filled
) noexcept nogil:
    """Everything but the pieces of background that reach the frame."""
    cdef int rows = <int>mask.shape[0], columns = <int>mask.shape[1]
    cdef int count = _pieces(mask, 0, 0, runs, parent), run, x
    filled[:, :] = 1
    for run in range(count):
        outside[run] = 0
    for run in range(count):
        if runs[run, 0] == 0 or runs[run, 0] == rows - 1 or runs[run, 1] == 0 or runs[run, 2] == columns:
            outside[parent[run]] = 1
    for run in range(count):
        if outside[parent[run]]:
            for x in range(runs[run, 1], runs[run, 2]):
                filled[runs[run, 0], x] = 0


cdef bint main_piece_into(
    const unsigned char[:, ::1] mask,
    const unsigned char[:, ::1] start,
    int[:, ::1] runs,
    int[::1] parent,
    int[::1] shared,
    unsigned char[:, ::1] piece,
) noexcept nogil:
    """The 8-connected piece that shares most with the start, the first of equals; false where none shares any."""
    cdef int count = _pieces(mask, 1, 1, runs, parent), run, x, best = -1, most = 0
    piece[:, :] = 0
    for run in range(count):
        shared[run] = 0
    for run in range(count):
        for x in range(runs[run, 1], runs[run, 2]):
            shared[parent[run]] += start[runs[run, 0], x] != 0
    for run in range(count):
        if shared[run] > most:
            most = shared[run]
            best = run
    for run in range(count):
        if parent[run] == best:
            for x in range(runs[run, 1], runs[run, 2]):
                piece[runs[run, 0], x] = 1
    return best >= 0


cdef int most_runs(Py_ssize_t rows, Py_ssize_t columns) noexcept nogil:
    """Runs that a mask of this size can have."""
    return <int>(rows * (columns + 1) // 2 + 1)


def fill_holes(mask):
    """Mask with its holes filled, background 4-connected: `cadx.lesion.kernels.reference.fill_holes`."""
    cdef const unsigned char[:, ::1] of = np.ascontiguousarray(mask, dtype=np.bool_).view(np.uint8)
    filled = np.empty((of.shape[0], of.shape[1]), dtype=np.bool_)
    cdef unsigned char[:, ::1] filled_of = filled.view(np.uint8)
    cdef int most = most_runs(of.shape[0], of.shape[1])
    cdef int[:, ::1] runs = np.empty((most, 3), dtype=np.int32)
    cdef int[::1] parent = np.empty(most, dtype=np.int32), outside = np.empty(most, dtype=np.int32)
    with nogil:
        fill_into(of, runs, parent, outside, filled_of)
    return filled


def main_piece(mask, start):
    """The 8-connected piece of a mask that shares most with a start: `cadx.lesion.kernels.reference.main_piece`."""
    cdef const unsigned char[:, ::1] of = np.ascontiguousarray(mask, dtype=np.bool_).view(np.uint8)
    cdef const unsigned char[:, ::1] start_of = np.ascontiguousarray(start, dtype=np.bool_).view(np.uint8)
    if of.shape[0] != start_of.shape[0] or of.shape[1] != start_of.shape[1]:
        raise ValueError("mask and start differ in size")
    piece = np.empty((of.shape[0], of.shape[1]), dtype=np.bool_)
    cdef unsigned char[:, ::1] piece_of = piece.view(np.uint8)
    cdef int most = most_runs(of.shape[0], of.shape[1])
    cdef int[:, ::1] runs = np.empty((most, 3), dtype=np.int32)
    cdef int[::1] parent = np.empty(most, dtype=np.int32), shared = np.empty(most, dtype=np.int32)
    with nogil:
        main_piece_into(of, start_of, runs, parent, shared, piece_of)
    return piece
