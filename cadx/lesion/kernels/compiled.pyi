"""Types of the compiled kernels: those of the reference."""

from cadx.lesion.kernels.reference import *
