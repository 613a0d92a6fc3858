"""The eight ways to lay a picture on a page, as PDQ hashes, without its pixels.

Four hashes are made of the pixels (``pdq.pdq_hash``). Swapping rows and columns of a picture swaps
those of its spectrum and leaves their median as it is: the other four are the same bits in another
order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BYTES = 32  # of a hash
TURNED = 96  # bytes: the hashes of the picture mirrored, flipped and turned by 180 degrees

# What is done to the picture before it is hashed; turns are clockwise. "mirrored" swaps left and
# right, "flipped" top and bottom, "transposed" the corners beside the top left one, "transverse"
# the other two. The last four are the first four transposed.
VARIANTS: tuple[str, ...] = (
    "", "mirrored", "flipped", "turned 180", "transposed", "turned 270", "turned 90", "transverse",
)  # fmt: skip

_SIDE = 16  # components a side


def eight(hashes: NDArray[np.uint8], turned: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return N×8×32, in the order of ``VARIANTS``, from N×32 hashes and their N×96 ``turned``.

    Needs about 3 KiB for each of the N.
    """
    count = len(hashes)
    upright = np.concatenate((hashes[:, None], turned.reshape(count, 3, BYTES)), axis=1)
    bits = np.unpackbits(upright, axis=-1).reshape(count, 4, _SIDE, _SIDE)
    swapped = np.packbits(bits.swapaxes(-1, -2).reshape(count, 4, _SIDE * _SIDE), axis=-1)
    return np.concatenate((upright, swapped), axis=1)
