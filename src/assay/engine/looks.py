"""The looks under which a picture is asked for: turned and mirrored by the hashes that it has.

Binds what makes them (``media.pdq_turns``) to what asks lists for them (``lists.variants``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.lists import variants
from assay.media.pdq_turns import VARIANTS, eight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

fold = variants.fold


def expand(
    hashes: NDArray[np.uint8], turned: Sequence[bytes], parts: Sequence[str] = ()
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    """Return the queries that N hashes make, whose each is and its name.

    See ``assay.lists.variants.expand``, which says what goes in and what comes out.
    """
    return variants.expand(hashes, turned, eight, VARIANTS, parts)
