"""Changes of a ROI under which a lesion keeps its pathology.

Turns and flips, a mark that is off by a few millimeters, a slightly other size and a slightly other exposure. Nothing
that would blur a margin, bend a shape or hide a part.
"""

import torch
from torch.nn import functional

SHIFT = 0.06
"""Of the half side: 1.5 mm of 51.2 mm."""
SIZE = 0.1
GAMMA = 0.15


def augmented(gray: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Change each of (n, 1, side, side) gray levels, 0 to 1, in its own way; drawn on the CPU, so the same anywhere."""
    n = len(gray)
    turns = torch.randint(8, (n,), generator=generator)
    images = torch.stack([turned(image, int(turn)) for image, turn in zip(gray, turns, strict=True)])
    draw = torch.rand((n, 4), generator=generator) * 2 - 1
    placed = torch.zeros((n, 2, 3))
    placed[:, 0, 0] = placed[:, 1, 1] = 1 + SIZE * draw[:, 0]
    placed[:, :, 2] = SHIFT * draw[:, 1:3]
    grid = functional.affine_grid(placed.to(gray.device), list(images.shape), align_corners=False)
    images = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    power = torch.exp(GAMMA * draw[:, 3]).to(gray.device)
    return images.clamp(0, 1) ** power[:, None, None, None]


def turned(image: torch.Tensor, turn: int) -> torch.Tensor:
    """Give one of the 8 turns and flips of (..., rows, columns)."""
    quarter, flip = divmod(turn, 2)
    rotated = torch.rot90(image, quarter, (-2, -1))
    return torch.flip(rotated, (-1,)) if flip else rotated
