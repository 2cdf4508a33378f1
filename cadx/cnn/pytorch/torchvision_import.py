"""The one place that imports torchvision, and the way around its one trap.

On Linux the CPU build of torch beside PyPI's torchvision wheel cannot `import torchvision`: the wheel's compiled
operators are linked against CUDA libraries, so they do not load, and torchvision then stumbles over its own
registrations with "operator torchvision::nms does not exist". Models, transforms and feature extraction need none of
those operators; it is enough that the schemas of the two operators named at import time exist.

Nothing is touched unless the real import fails with exactly that error. The module can go when `import torchvision`
works with the CPU build of torch and the wheel of the package index;
tests/cadx/cnn/pytorch/test_torchvision_import.py shows which it is in a fresh interpreter.
"""

import importlib
import sys
from types import ModuleType

import torch

_SYMPTOM = "operator torchvision::nms does not exist"
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
# torch drops an operator's schema with the Library object that declared it.
_declared: list[torch.library.Library] = []


def import_torchvision(submodule: str = "") -> ModuleType:
    """Import torchvision, declaring its missing operator schemas when, and only when, that is what stops it.

    Parameters
    ----------
    submodule
        Dotted name of the submodule below ``torchvision``; empty for the package itself.

    Returns
    -------
    module
        The submodule, or the package.

    Raises
    ------
    ImportError, RuntimeError
        As torchvision raises them, when anything else is wrong with the installation.
    """
    name = f"torchvision.{submodule}".rstrip(".")
    try:
        return importlib.import_module(name)
    except RuntimeError as error:
        if str(error) != _SYMPTOM:
            raise
    for half_imported in [module for module in sys.modules if module.partition(".")[0] == "torchvision"]:
        del sys.modules[half_imported]
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    _declared.append(library)
    return importlib.import_module(name)
