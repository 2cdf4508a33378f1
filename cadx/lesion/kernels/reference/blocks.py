"""From the region's pixels to the grid of 0.4 mm and back."""

import numpy as np
from scipy import ndimage

from cadx.records import FloatImage, Mask

SIDE = 4


def block_means(gray: FloatImage, tissue: Mask) -> tuple[FloatImage, Mask]:
    """Means of blocks of 4 x 4 pixels over their tissue; a block is tissue when half of it is."""
    rows, columns = gray.shape[0] // SIDE, gray.shape[1] // SIDE
    blocks = (rows, SIDE, columns, SIDE)
    if tissue.all():
        total = gray.reshape(rows, SIDE, -1).sum(axis=1).reshape(rows, columns, SIDE).sum(axis=2)
        return total / np.float32(SIDE**2), np.ones((rows, columns), dtype=np.bool_)
    count = tissue.reshape(blocks).sum(axis=(1, 3), dtype=np.int64)
    total = np.where(tissue, gray, np.float32(0)).reshape(blocks).sum(axis=(1, 3))
    return (total / np.maximum(count, 1)).astype(np.float32), count * 2 >= SIDE**2


def enlarged(field: FloatImage) -> FloatImage:
    """Bilinear interpolation of a field at the middles of 4 x 4 pixels a block."""
    fine: FloatImage = ndimage.zoom(field, SIDE, order=1, mode="nearest", grid_mode=True)
    return fine
