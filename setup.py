"""The compiled kernels of `cadx.lesion`; everything else about the package is in pyproject.toml.

They are optional: where no C compiler is, the build goes on without them, and the numpy reference runs in their place
(docs/decisions/compiled-kernels.md).
"""

import sys
from pathlib import Path

from setuptools import Extension, setup

# No fused multiply-add where the source has a product and a sum: sums then agree to the bit with numpy's and SciPy's.
# Nobody reads errno or floating-point exceptions: several square roots or comparisons are then computed at once.
FLAGS = [] if sys.platform == "win32" else ["-O3", "-g0", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
KERNELS = Extension(
    "cadx.lesion.kernels.compiled",
    ["cadx/lesion/kernels/compiled.pyx"],
    depends=sorted(map(str, Path("cadx/lesion/kernels").glob("*.pxi"))),
    extra_compile_args=FLAGS,
    optional=True,
)

setup(ext_modules=[KERNELS])
