"""Memory of a process whose data are large arrays.

glibc maps an array of its own pages, until the first that was mapped is freed: from then on it takes all up to that
size, 32 MiB at most, from its heap. There what is freed lies between what is kept, and an array of zeros is written
instead of left to the pages that nobody touched.
"""

import ctypes
from typing import Final

MAPPED_OCTETS: Final = 1 << 20
_M_MMAP_THRESHOLD: Final = -3  # malloc.h


def map_large_arrays() -> bool:
    """Arrays from MAPPED_OCTETS on get pages of their own, for good, and give them back when they go. Returns whether
    this system's malloc knows how (glibc: mallopt(3))."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_MMAP_THRESHOLD, MAPPED_OCTETS))
