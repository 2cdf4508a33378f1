"""How the pixels of one page of a TIFF are stored (TIFF 6.0 sections 3 to 22)."""

from dataclasses import dataclass

from cadx.errors import UnsupportedPixels
from cadx.mammogram.policy import ReadingLimits, check_size
from cadx.mammogram.raster.directory import Directory, TiffTag, broken

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
UNCOMPRESSED, JPEG = 1, 7
# LZW, deflate by both of its numbers, PackBits, LZMA, Zstandard.
BY_LIBTIFF = frozenset({5, 8, 32946, 32773, 34925, 50000})
_SAMPLES = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, YCBCR: 3}
_UNSIGNED_FORMATS = frozenset({1, 4})
_HORIZONTAL_DIFFERENCING = 2
_MOST_PADDED = 2


@dataclass(frozen=True, slots=True)
class TiffLayout:
    """One page.

    Attributes
    ----------
    rows, columns
        Size in pixels.
    bits, samples
        Of a sample; and samples of a pixel.
    color_samples
        How many of these are color, the rest being alpha.
    photometric, compression
        As the tags say.
    differenced
        Whether each sample is stored as the difference to the one left of it.
    reversed_bits
        Whether the bits of each byte are stored in reverse.
    planar
        Whether each sample is a plane of its own.
    chunk_rows, chunk_columns
        Size of a strip or tile.
    offsets, byte_counts
        Where each lies.
    """

    rows: int
    columns: int
    bits: int
    samples: int
    color_samples: int
    photometric: int
    compression: int
    differenced: bool
    reversed_bits: bool
    planar: bool
    tiled: bool
    chunk_rows: int
    chunk_columns: int
    offsets: tuple[int, ...]
    byte_counts: tuple[int, ...]

    @property
    def chunks_across(self) -> int:
        """Chunks beside one another."""
        return -(-self.columns // self.chunk_columns)

    @property
    def chunks_down(self) -> int:
        """Chunks below one another."""
        return -(-self.rows // self.chunk_rows)

    @property
    def planes(self) -> int:
        """Planes that are stored one after the other."""
        return self.samples if self.planar else 1

    @property
    def chunk_samples(self) -> int:
        """Samples of a chunk's row."""
        return self.chunk_columns * (1 if self.planar else self.samples)

    @property
    def chunk_row_bytes(self) -> int:
        """Bytes of a chunk's row."""
        return (self.chunk_samples * self.bits + 7) // 8


def tiff_layout(directory: Directory, limits: ReadingLimits) -> TiffLayout:
    """Read and check a page's tags; nothing is decoded yet.

    Raises
    ------
    UnreadableImage
        When a tag is missing or they contradict each other.
    UnsupportedPixels
        When the pixels are no unsigned numbers of 2 to 16 bits, or in a color space or compression that is not read.
    ImageTooLarge
        When they are more than allowed.
    """
    rows, columns = _one(directory, TiffTag.ImageLength), _one(directory, TiffTag.ImageWidth)
    check_size(rows, columns, limits)
    photometric = _one(directory, TiffTag.PhotometricInterpretation)
    samples = _one(directory, TiffTag.SamplesPerPixel, 1)
    bits = _bits(directory, samples)
    color_samples = _SAMPLES.get(photometric, 0)
    compression = _one(directory, TiffTag.Compression, UNCOMPRESSED)
    if not color_samples or samples not in {color_samples, color_samples + 1}:
        raise UnsupportedPixels("the TIFF is in a color space, or has a number of samples, that is not read")
    if compression not in BY_LIBTIFF | {UNCOMPRESSED, JPEG} or (photometric == YCBCR and compression != JPEG):
        raise UnsupportedPixels("the TIFF's compression is not read")
    predictor = _one(directory, TiffTag.Predictor, 1)
    differenced = predictor == _HORIZONTAL_DIFFERENCING and compression in BY_LIBTIFF
    if (predictor not in {1, _HORIZONTAL_DIFFERENCING}) or (differenced and bits not in {8, 16}):
        raise UnsupportedPixels("the TIFF's predictor is not read")
    tiled = TiffTag.TileWidth in directory
    chunk_rows, chunk_columns = _chunk_size(directory, rows, columns, tiled=tiled)
    layout = TiffLayout(
        rows=rows,
        columns=columns,
        bits=bits,
        samples=samples,
        color_samples=color_samples,
        photometric=photometric,
        compression=compression,
        differenced=differenced,
        reversed_bits=_one(directory, TiffTag.FillOrder, 1) == 2,
        planar=samples > 1 and _one(directory, TiffTag.PlanarConfiguration, 1) == 2,
        tiled=tiled,
        chunk_rows=chunk_rows,
        chunk_columns=chunk_columns,
        offsets=directory.get(TiffTag.TileOffsets if tiled else TiffTag.StripOffsets, ()),
        byte_counts=directory.get(TiffTag.TileByteCounts if tiled else TiffTag.StripByteCounts, ()),
    )
    return _checked(layout, limits)


def _checked(layout: TiffLayout, limits: ReadingLimits) -> TiffLayout:
    chunks = layout.chunks_across * layout.chunks_down
    if chunks * layout.chunk_rows * layout.chunk_columns > _MOST_PADDED * limits.max_pixels:
        raise UnsupportedPixels("the TIFF's tiles are far larger than its picture")
    if len(layout.offsets) != chunks * layout.planes:
        raise broken("the number of its strips or tiles does not fit its size")
    if len(layout.byte_counts) != len(layout.offsets):
        raise broken("the lengths of its strips or tiles are missing")
    return layout


def _one(directory: Directory, tag: TiffTag, default: int | None = None) -> int:
    values = directory.get(tag, ())
    if values:
        return values[0]
    if default is None:
        raise broken(f"the tag {tag.name} is missing")
    return default


def _bits(directory: Directory, samples: int) -> int:
    bits = set(directory.get(TiffTag.BitsPerSample, (1,)))
    formats = set(directory.get(TiffTag.SampleFormat, (1,)))
    if not formats <= _UNSIGNED_FORMATS or len(bits) != 1 or not 1 <= samples <= 4:
        raise UnsupportedPixels("they are not unsigned samples of one depth")
    depth = bits.pop()
    if not 2 <= depth <= 16:
        raise UnsupportedPixels("they are not of 2 to 16 bits a sample")
    return depth


def _chunk_size(directory: Directory, rows: int, columns: int, *, tiled: bool) -> tuple[int, int]:
    if tiled:
        size = _one(directory, TiffTag.TileLength), _one(directory, TiffTag.TileWidth)
    else:
        size = min(_one(directory, TiffTag.RowsPerStrip, rows), rows), columns
    if min(size) < 1:
        raise broken("it declares an empty strip or tile")
    return size
