"""The examiner around a licensed hasher: it hands over pixels and keeps what it is given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.examiners.licensed import LicensedHashExaminer
from tests.support.pictures import jpeg
from tests.support.views import make_view


class Means:
    """An example: the mean of each of the nine fields of a picture."""

    algorithm = "means"
    version = "3"
    width = 9
    threshold = 5

    def distances(self, query: bytes, values: NDArray[np.uint8]) -> NDArray[np.int64]:
        asked = np.frombuffer(query, np.uint8).astype(np.int64)
        return np.abs(values.astype(np.int64) - asked).max(axis=1)

    def hash(self, rgb: NDArray[np.uint8]) -> bytes | None:
        if rgb.shape[0] < 9:
            return None
        fields = [f for rows in np.array_split(rgb, 3) for f in np.array_split(rows, 3, axis=1)]
        return bytes(int(field.mean()) for field in fields)


def test_the_value_of_a_picture_is_kept_and_none_where_there_is_none() -> None:
    examiner = LicensedHashExaminer(Means())
    assert (examiner.info.name, examiner.info.version) == ("means", "3")
    (seen,) = examiner.examine(make_view(examiner, jpeg(1), "image/jpeg"))
    assert seen.kind == "licensed_hash"
    assert seen.value["algorithm"] == "means"
    assert len(bytes.fromhex(str(seen.value["value"]))) == 9
    assert not list(examiner.examine(make_view(examiner, jpeg(1, (20, 8)), "image/jpeg")))
