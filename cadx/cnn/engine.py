"""What runs a tapped network. On the CPU that is onnxruntime, in training and serving alike.

docs/decisions/cnn-engine.md measures it against eager torch, channels_last, torch.compile and OpenVINO. It is the
fastest of those that are small, it gives a ROI the same bits in any batch, and the service can do without torch.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as refusals

from cadx.errors import ExportedBackboneUnreadable

_UNREADABLE = (
    refusals.Fail,
    refusals.InvalidArgument,
    refusals.InvalidGraph,
    refusals.InvalidProtobuf,
    refusals.NoSuchFile,
    refusals.NotImplemented,
    refusals.RuntimeException,
)

LAYER_PREFIX = "layer:"
MAP_PREFIX = "map:"
"""Of an exported network's outputs: a layer's features, and the same before they were pooled."""
Features = tuple[NDArray[np.float32], ...]


class Engine(Protocol):
    """Runs the network on one batch."""

    @property
    def name(self) -> str:
        """What runs it, for people and for cache keys."""
        ...

    def run(self, gray: NDArray[np.float32]) -> Features:
        """Give every tapped layer's features, (n, d) each, of (n, 1, 512, 512) gray levels."""
        ...

    def maps(self, gray: NDArray[np.float32], layer: str) -> NDArray[np.float32] | None:
        """Give a layer before it is pooled, (n, channels, rows, columns), where it has such a form."""
        ...


class OnnxEngine:
    """A network exported to ONNX, run by onnxruntime on the CPU.

    Parameters
    ----------
    model
        The bytes of an exported network, or the path of a file that holds them.
    threads
        Threads that share one batch; 0 for one a physical core.
    """

    name = "onnxruntime"

    def __init__(self, model: bytes | Path, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Spinning workers would take a core from the lesion branch, which runs beside this one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        source = str(model) if isinstance(model, Path) else model
        try:
            self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except _UNREADABLE as error:
            raise ExportedBackboneUnreadable(str(error).rpartition(" : ")[2]) from error
        self._input = self._session.get_inputs()[0].name
        outputs = [output.name for output in self._session.get_outputs()]
        self._maps = frozenset(name for name in outputs if name.startswith(MAP_PREFIX))
        self._features = [name for name in outputs if name not in self._maps]

    @property
    def metadata(self) -> dict[str, str]:
        """The texts that were written into the model when it was exported."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, gray: NDArray[np.float32]) -> Features:
        """Give every tapped layer's features, (n, d) each, of (n, 1, 512, 512) gray levels."""
        return tuple(self._session.run(self._features, {self._input: gray}))

    def maps(self, gray: NDArray[np.float32], layer: str) -> NDArray[np.float32] | None:
        """Give a layer before it is pooled, where the network was exported with it."""
        name = f"{MAP_PREFIX}{layer}"
        if name not in self._maps:
            return None
        found: NDArray[np.float32] = self._session.run([name], {self._input: gray})[0]
        return found
