"""What a network is shown of a ROI: its squares about the lesion, each in its turns and flips, as one batch."""

from collections.abc import Sequence

import torch
from torch import nn

from cadx.cnn.pytorch.architectures import InputScaling
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM

SIDE_PX = 256
"""ROIs go from 512 to 256 pixels a side (Huynh 2016, figure 2), by the mean of 2 x 2 pixels."""
_ROWS, _COLUMNS = -2, -1
_FLIPS: tuple[tuple[int, ...], ...] = ((), (_COLUMNS,), (_ROWS,), (_ROWS, _COLUMNS))


class Sights(nn.Module):
    """Squares of a ROI at 256 x 256 pixels, three channels, normalized, each in all its turns.

    Parameters
    ----------
    scaling
        Normalization of the input.
    scales_mm
        Sides of the squares. The middle 25.6 mm are 256 pixels of the ROI, which are taken one for one.
    turns
        1, or 8 for the symmetries of the square: four flips of the region and of its transpose.
    """

    def __init__(self, scaling: InputScaling, scales_mm: Sequence[float], turns: int) -> None:
        super().__init__()
        self.sides_px = tuple(round(scale / ROI_SPACING_MM) for scale in scales_mm)
        self.turns = turns
        self.entrances = nn.ModuleList(_entrance(scaling, side // SIDE_PX) for side in self.sides_px)

    @property
    def count(self) -> int:
        """Images that one ROI becomes."""
        return len(self.sides_px) * self.turns

    def forward(self, gray: torch.Tensor) -> torch.Tensor:
        """Give (n x count, 3, 256, 256) of (n, 1, 512, 512): for each ROI scale by scale, and of each the turns."""
        squares: list[torch.Tensor] = [
            entrance(_middle(gray, side)) for entrance, side in zip(self.entrances, self.sides_px, strict=True)
        ]
        if self.count == 1:
            return squares[0]
        return torch.flatten(torch.stack([image for square in squares for image in self._turned(square)], dim=1), 0, 1)

    def joined(self, values: torch.Tensor) -> torch.Tensor:
        """Give (n, scales x d) of (n x count, d): the mean over the turns, scale after scale."""
        if self.count == 1:
            return values
        of_each = values.reshape(-1, len(self.sides_px), self.turns, *values.shape[1:])
        return torch.flatten(of_each.mean(dim=2), 1, 2)

    def upright(self, maps: torch.Tensor) -> torch.Tensor:
        """Give (n, scales, turns, channels, rows, columns) of maps of all sights, each turned back."""
        of_each = maps.reshape(-1, len(self.sides_px), self.turns, *maps.shape[1:])
        back = []
        for number in range(self.turns):
            transposed, flips = divmod(number, len(_FLIPS))
            image = _flipped(of_each[:, :, number], _FLIPS[flips])
            back.append(image.transpose(_ROWS, _COLUMNS) if transposed else image)
        return torch.stack(back, dim=2)

    def _turned(self, square: torch.Tensor) -> list[torch.Tensor]:
        if self.turns == 1:
            return [square]
        return [_flipped(image, flips) for image in (square, square.transpose(_ROWS, _COLUMNS)) for flips in _FLIPS]


def _flipped(image: torch.Tensor, flips: tuple[int, ...]) -> torch.Tensor:
    return torch.flip(image, flips) if flips else image


def _middle(gray: torch.Tensor, side_px: int) -> torch.Tensor:
    edge = (ROI_SIZE_PX - side_px) // 2
    return gray[:, :, edge : edge + side_px, edge : edge + side_px] if edge else gray


def _entrance(scaling: InputScaling, reduction: int) -> nn.Conv2d:
    """Mean of 2 x 2 pixels, repeated on 3 channels, (gray - mean) / deviation: a linear map, hence one convolution.

    One convolution takes a third of the time of the four operations that it stands for.
    """
    entrance = nn.Conv2d(1, 3, kernel_size=reduction, stride=reduction)
    slope = 1.0 / torch.tensor(scaling.deviation, dtype=torch.float64)
    offset = -torch.tensor(scaling.mean, dtype=torch.float64) * slope
    with torch.no_grad():
        entrance.weight.copy_((slope / reduction**2)[:, None, None, None].expand_as(entrance.weight))
        entrance.bias.copy_(offset)  # type: ignore[union-attr]
    return entrance
