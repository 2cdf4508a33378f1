"""Versions of the libraries that a bundle's numbers depend on."""

import platform
from importlib.metadata import version

LIBRARIES = ("mammo-cadx", "joblib", "numpy", "onnxruntime", "scikit-image", "scikit-learn", "scipy")


def library_versions() -> dict[str, str]:
    """Versions of what a bundle's numbers depend on, without local labels such as ``+cpu``."""
    found = {name: version(name).split("+")[0] for name in LIBRARIES}
    return {"python": ".".join(platform.python_version_tuple()[:2]), **found}
