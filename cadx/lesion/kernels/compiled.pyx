# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The kernels in C, without the interpreter's lock: the same functions as `cadx.lesion.kernels.reference`.

One module, so that the code by which Cython handles arrays is compiled once; one file a family. Every function checks
sizes and values first and then cannot leave its arrays, and every loop is bounded by their size: a thread cannot be
killed.
"""

import numpy as np

from libc.math cimport atan2, atan2f, cos, fabs, fabsf, sin, sqrt, sqrtf
from libc.string cimport memchr

include "flooding.pxi"
include "nested.pxi"
include "smoothing.pxi"
include "settling.pxi"
include "surroundings.pxi"
include "orientation.pxi"
include "texture.pxi"
include "moments.pxi"
include "outline.pxi"
include "blocks.pxi"
