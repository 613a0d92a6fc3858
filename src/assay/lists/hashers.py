"""The place for a licensed perceptual hash: what a plug-in of ``assay.hashers`` must offer.

Assay stores and exchanges the values that a list brings and never computes them. Without a plug-in
they are compared by Euclidean distance, and match only where they are equal unless ``distances``
in ``list.toml`` says how far is near.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from assay.core.errors import PolicyError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GROUP = "assay.hashers"


@runtime_checkable
class Hasher(Protocol):
    """Compares, and where it can makes, the hashes of one algorithm."""

    algorithm: str  # as lists name it: "photodna"
    version: str
    width: int  # bytes of a value
    threshold: int  # the distance its licensor calls similar

    def distances(self, query: bytes, values: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return how far a value lies from each of N×width others, in whole numbers from 0."""
        ...

    def hash(self, rgb: NDArray[np.uint8]) -> bytes | None:
        """Return the value of a picture (H×W×3, 0-255); None where it has none."""
        ...


def installed() -> dict[str, Hasher]:
    """Return the plug-ins by algorithm; raises PolicyError naming one that breaks the protocol."""
    from importlib.metadata import entry_points

    found: dict[str, Hasher] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        hasher = point.load()()
        if not isinstance(hasher, Hasher):
            raise PolicyError(
                f"{point.value} is no hasher", hint="docs/reference/lists.md says what it needs"
            )
        found[hasher.algorithm] = hasher
    return found
