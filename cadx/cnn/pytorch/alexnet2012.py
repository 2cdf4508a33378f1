"""The AlexNet of 2012 that the paper used: 96 filters, two groups, local response normalization.

Layer by layer as published in Caffe's model zoo (bvlc_alexnet), whose pooling rounds sizes up: on 256 x 256 pixels
pool1 is 96 x 31 x 31 = 92,256 values and conv4 384 x 15 x 15 = 86,400, the lengths of the paper's figure 2.

There pool5 is 7 x 7, and fc6 was trained on the 6 x 6 that a 227 x 227 crop gives. The four 6 x 6 corners of pool5 are
averaged, as torchvision's AlexNet does by its adaptive pooling; docs/decisions/alexnet2012.md says why.

References
----------
Krizhevsky, Sutskever, Hinton, NIPS 2012.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional

CAFFE_MEAN = (104.007, 116.669, 122.679)
"""Mean blue, green and red of ImageNet on the scale 0 to 255, which Caffe's models expect to be subtracted."""


class LocalResponseNorm(nn.Module):
    """b = a / (1 + alpha/size * sum of a^2 over `size` neighboring channels)^beta (Krizhevsky 2012, section 3.3).

    The sum over neighbors is a product with a banded matrix, which every engine does at the speed of its GEMM.
    """

    SIZE = 5
    ALPHA = 1e-4
    BETA = 0.75

    band: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        index = torch.arange(channels)
        near = (index[:, None] - index[None, :]).abs() <= self.SIZE // 2
        self.register_buffer("band", near.float()[:, :, None, None], persistent=False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Normalize (n, channels, rows, columns)."""
        energy = functional.conv2d(values * values, self.band)
        return values * (1.0 + self.ALPHA / self.SIZE * energy) ** -self.BETA


class AlexNet2012(nn.Sequential):
    """AlexNet with 1000 classes; its modules bear the paper's layer names, ReLUs the name of what they follow."""

    def __init__(self) -> None:
        super().__init__(
            OrderedDict(
                conv1=nn.Conv2d(3, 96, 11, stride=4),
                relu1=nn.ReLU(),
                norm1=LocalResponseNorm(96),
                pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
                conv2=nn.Conv2d(96, 256, 5, padding=2, groups=2),
                relu2=nn.ReLU(),
                norm2=LocalResponseNorm(256),
                pool2=nn.MaxPool2d(3, 2, ceil_mode=True),
                conv3=nn.Conv2d(256, 384, 3, padding=1),
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(384, 384, 3, padding=1, groups=2),
                relu4=nn.ReLU(),
                conv5=nn.Conv2d(384, 256, 3, padding=1, groups=2),
                relu5=nn.ReLU(),
                pool5=nn.MaxPool2d(3, 2, ceil_mode=True),
                corners=nn.AdaptiveAvgPool2d(6),
                flat=nn.Flatten(),
                fc6=nn.Linear(256 * 6 * 6, 4096),
                relu6=nn.ReLU(),
                fc7=nn.Linear(4096, 4096),
                relu7=nn.ReLU(),
                fc8=nn.Linear(4096, 1000),
            )
        )


NODES = {
    "conv1": "relu1",
    "pool1": "pool1",
    "conv2": "relu2",
    "pool2": "pool2",
    "conv3": "relu3",
    "conv4": "relu4",
    "conv5": "relu5",
    "pool5": "pool5",
    "fc6": "relu6",
    "fc7": "relu7",
    "fc8": "fc8",
}
"""The graph node of each of the 11 layers: what leaves its ReLU, where it has one."""
