"""Versions of the libraries that a bundle was made with: recorded, and compared only before unpickling."""

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("mammo-cadx", "joblib", "numpy", "onnxruntime", "pillow", "scikit-image", "scikit-learn", "scipy")


def library_versions() -> dict[str, str]:
    """Versions of what is installed of them, without local labels such as ``+cpu``."""
    found = {name: _version(name).split("+")[0] for name in LIBRARIES}
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{name: text for name, text in found.items() if text},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
