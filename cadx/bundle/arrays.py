"""Reading the array files of a bundle: nothing is unpickled, and every shape and value is checked."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cadx.classify.gram import Standardization
from cadx.errors import BundleFileInvalid
from cadx.explain import Whitening

Arrays = Mapping[str, NDArray[np.generic]]
WHITENING = ("columns", "mean", "scale", "axes", "variances", "rest_variance")


def packed(arrays: Arrays) -> bytes:
    """Return arrays as the content of an npz file, little-endian on every machine."""
    content = io.BytesIO()
    little = {name: np.asarray(value, dtype=value.dtype.newbyteorder("<"), order="C") for name, value in arrays.items()}
    np.savez_compressed(content, allow_pickle=False, **little)
    return content.getvalue()


class ArrayFile:
    """The arrays of one npz file, each fetched with what it must be.

    Parameters
    ----------
    bundle, file
        Names, for messages.
    content
        The file's bytes.
    """

    def __init__(self, bundle: str, file: str, content: bytes) -> None:
        self._bundle, self._file = bundle, file
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as found:
                self._arrays = {name: found[name] for name in found.files}
        except (ValueError, EOFError, OSError, AttributeError, zipfile.BadZipFile) as error:
            raise self.invalid(f"it holds no arrays ({type(error).__name__})") from None

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def invalid(self, reason: str) -> BundleFileInvalid:
        """Make the error that says what is wrong with the file."""
        return BundleFileInvalid(self._bundle, self._file, reason)

    def numbers(self, name: str, *shape: int | None) -> NDArray[np.float64]:
        """Return finite numbers of a shape, of which None is any length."""
        values = self._of(name, "f", shape).astype(np.float64)
        if not np.isfinite(values).all():
            raise self.invalid(f"{name} holds values that are not finite")
        return values

    def whole(self, name: str, *shape: int | None) -> NDArray[np.intp]:
        """Return whole numbers."""
        return self._of(name, "i", shape).astype(np.intp)

    def flags(self, name: str, *shape: int | None) -> NDArray[np.bool_]:
        """Return truth values."""
        return self._of(name, "b", shape).astype(np.bool_)

    def bytes(self, name: str, *shape: int | None) -> NDArray[np.uint8]:
        """Return 8-bit gray levels."""
        return self._of(name, "u", shape).astype(np.uint8)

    def whitening(self, prefix: str) -> Whitening:
        """Return a whitening from its arrays."""
        columns = self.whole(f"{prefix}.columns", None)
        mean, scale = (self.numbers(f"{prefix}.{name}", len(columns)) for name in ("mean", "scale"))
        variances = self.numbers(f"{prefix}.variances", None)
        axes = self.numbers(f"{prefix}.axes", len(columns), len(variances))
        rest = float(self.numbers(f"{prefix}.rest_variance"))
        if not ((scale > 0).all() and (variances > 0).all() and len(variances) and rest >= 0):
            raise self.invalid(f"{prefix} has no scale or no variance")
        if len(columns) and (columns.min() < 0 or len(np.unique(columns)) < len(columns)):
            raise self.invalid(f"{prefix}.columns are not columns' numbers")
        return Whitening(Standardization(columns, mean, scale), axes, variances, rest)

    def _of(self, name: str, kind: str, shape: tuple[int | None, ...]) -> NDArray[np.generic]:
        if name not in self._arrays:
            raise self.invalid(f"it lacks {name}")
        found = self._arrays[name]
        fits = found.ndim == len(shape) and all(
            length in {None, there} for length, there in zip(shape, found.shape, strict=True)
        )
        if found.dtype.kind != kind or not fits:
            raise self.invalid(f"{name} is {found.dtype} of shape {found.shape}")
        return np.asarray(found)


def whitening_arrays(prefix: str, whitening: Whitening) -> dict[str, NDArray[np.generic]]:
    """Return a whitening's arrays by name; axes in single precision, the widest of them."""
    learnt = whitening.standardization
    values: tuple[NDArray[np.generic], ...] = (
        learnt.columns.astype(np.int64),
        learnt.mean,
        learnt.scale,
        whitening.axes.astype(np.float32),
        whitening.variances,
        np.array(whitening.rest_variance),
    )
    return {f"{prefix}.{name}": value for name, value in zip(WHITENING, values, strict=True)}
