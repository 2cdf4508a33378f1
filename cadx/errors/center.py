"""Refusals: the marked center cannot be used."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors.base import CadxError


@dataclass(eq=False)
class CenterError(CadxError):
    """The marked center cannot be used."""

    code: ClassVar[str] = "center_error"


@dataclass(eq=False)
class CenterOutsideImage(CenterError):
    """The center is not on the image."""

    x: float
    y: float
    columns: int
    rows: int

    code: ClassVar[str] = "center_outside_image"
    summary: ClassVar[str] = "The center (x={x:g}, y={y:g}) lies outside the image of {columns} columns x {rows} rows."
    remedy: ClassVar[str] = (
        "Give x (column) and y (row) in pixels of the stored image, with (0, 0) at its top-left corner."
    )


@dataclass(eq=False)
class CenterInPadding(CenterError):
    """The center lies where the file holds padding and no image."""

    x: float
    y: float

    code: ClassVar[str] = "center_in_padding"
    summary: ClassVar[str] = "The center (x={x:g}, y={y:g}) lies in the padding about the image."
    remedy: ClassVar[str] = "Mark the middle of the lesion; x is the column and y the row of the stored image."


@dataclass(eq=False)
class CenterInAir(CenterError):
    """The center lies on constant background, not on tissue."""

    x: float
    y: float

    code: ClassVar[str] = "center_in_air"
    summary: ClassVar[str] = "The center (x={x:g}, y={y:g}) lies on empty background."
    remedy: ClassVar[str] = "Mark the middle of the lesion; x is the column and y the row of the stored image."
