"""Running a tapped network by torch itself: on a GPU, or in another precision than float32."""

import torch

from cadx.cnn.engine import Features
from cadx.cnn.pytorch.network import TappedNetwork
from cadx.errors import InvalidBackboneSetting
from cadx.records import FloatImage

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
DEVICES = ("auto", "cpu", "cuda")


class TorchEngine:
    """Eager torch on one device.

    Parameters
    ----------
    network
        The tapped network; it is moved to the device.
    device
        ``cpu`` or ``cuda``.
    dtype
        One of `DTYPES`. The features come back as float32 whatever it is.
    """

    def __init__(self, network: TappedNetwork, device: str, dtype: str) -> None:
        self.name = f"torch-{device}-{dtype}"
        self._device = torch.device(device)
        self._dtype = DTYPES[dtype]
        self._network = network.to(self._device, self._dtype)

    def run(self, gray: FloatImage) -> Features:
        """Give every tapped layer's features, (n, d) each, of (n, 1, 512, 512) gray levels."""
        # cuDNN would round float32 to TF32 and pick its algorithm anew on each run.
        exact = torch.backends.cudnn.flags(deterministic=True, benchmark=False, allow_tf32=False)
        with torch.inference_mode(), exact:
            outputs = self._network(torch.from_numpy(gray).to(self._device, self._dtype))
        return tuple(values.float().cpu().numpy() for values in outputs)

    def maps(self, gray: FloatImage, layer: str) -> FloatImage | None:
        """None: a network for training on a GPU is not asked for maps."""
        return None


def resolve_device(device: str) -> str:
    """Turn ``auto`` into ``cuda`` where there is such a device, else ``cpu``.

    Raises
    ------
    InvalidBackboneSetting
        For an unknown device, or ``cuda`` on a machine that has none.
    """
    has_cuda = torch.cuda.is_available()
    if device not in DEVICES or (device == "cuda" and not has_cuda):
        raise InvalidBackboneSetting("device", device, "auto, cpu, or cuda where torch finds such a device")
    if device == "auto":
        return "cuda" if has_cuda else "cpu"
    return device
