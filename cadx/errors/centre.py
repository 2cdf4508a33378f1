"""Refusals: the marked centre cannot be used."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors.base import CadxError


@dataclass(eq=False)
class CentreError(CadxError):
    """The marked centre cannot be used."""

    code: ClassVar[str] = "centre_error"


@dataclass(eq=False)
class CentreOutsideImage(CentreError):
    """The centre is not on the image."""

    x: float
    y: float
    columns: int
    rows: int

    code: ClassVar[str] = "centre_outside_image"
    summary: ClassVar[str] = "The centre (x={x:g}, y={y:g}) lies outside the image of {columns} columns x {rows} rows."
    remedy: ClassVar[str] = (
        "Give x (column) and y (row) in pixels of the stored image, with (0, 0) at its top-left corner."
    )


@dataclass(eq=False)
class CentreInPadding(CentreError):
    """The centre lies where the file holds padding and no image."""

    x: float
    y: float

    code: ClassVar[str] = "centre_in_padding"
    summary: ClassVar[str] = "The centre (x={x:g}, y={y:g}) lies in the padding about the image."
    remedy: ClassVar[str] = "Mark the middle of the lesion; x is the column and y the row of the stored image."


@dataclass(eq=False)
class CentreInAir(CentreError):
    """The centre lies on constant background, not on tissue."""

    x: float
    y: float

    code: ClassVar[str] = "centre_in_air"
    summary: ClassVar[str] = "The centre (x={x:g}, y={y:g}) lies on empty background."
    remedy: ClassVar[str] = "Mark the middle of the lesion; x is the column and y the row of the stored image."
