"""Where `make install` takes torch from, asked before anything is installed: ``python scripts/torch_index.py``.

On Linux the torch of the package registry carries several GB of CUDA libraries, of no use without an NVIDIA GPU. Prints
the address of PyTorch's index of CPU builds where this machine has no such GPU and the index answers within a few
seconds, else nothing; and says which, in one line, on the error stream. Only Python's own library is needed.
"""

import platform
import sys
import threading
import urllib.request
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
ANSWERS_WITHIN_S = 4.0
GPU_SIGNS = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg", "/proc/driver/nvidia/version")
"""What the driver of an NVIDIA GPU puts there; /dev/dxg is that of Windows' subsystem for Linux."""


def choose(index: str, seconds: float, *, system: str, gpu: bool) -> tuple[str, str]:
    """Return the index to add to pip's own, or none, and one line that says why.

    Parameters
    ----------
    index
        Address of the index of CPU builds.
    seconds
        How long it may take to answer.
    system
        As `platform.system` has it.
    gpu
        Whether there is an NVIDIA GPU.
    """
    if system != "Linux":
        return "", f"torch: from pip's index, which has the CPU build for {system}"
    if gpu:
        return "", "torch: from pip's index, with CUDA, since there is an NVIDIA GPU"
    if answers(f"{index}/torch/", seconds):
        return index, f"torch: the CPU build from {index}, since there is no NVIDIA GPU (else: make TORCH_INDEX= ...)"
    return "", f"torch: from pip's index, with CUDA libraries, since {index} did not answer within {seconds:g} s"


def answers(address: str, seconds: float) -> bool:
    """Tell whether an address answers in time. In a thread, since looking up a host's name knows no timeout."""
    found: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(address, timeout=seconds) as response:  # noqa: S310 (https, or a test's own)
                found.append(response.status == 200)
        except (OSError, ValueError):
            found.append(False)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return bool(found and found[0])


def main() -> None:
    """Print the index for make, and the line for people."""
    index, line = choose(
        CPU_INDEX, ANSWERS_WITHIN_S, system=platform.system(), gpu=any(Path(sign).exists() for sign in GPU_SIGNS)
    )
    sys.stdout.write(f"{index}\n")
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
