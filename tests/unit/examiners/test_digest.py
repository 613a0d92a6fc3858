"""The digests that exact lists are matched on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.engine.view import FileView
from assay.examiners.digest import DigestExaminer
from tests.support.views import make_view


def test_the_digests_of_abc_are_those_of_the_standards() -> None:
    """RFC 1321 A.5, FIPS 180-2 A.1 and B.1."""
    (seen,) = DigestExaminer().examine(make_view(DigestExaminer(), b"abc", "text/plain"))
    assert seen.value == {
        "md5": "900150983cd24fb0d6963f7d28e17f72",
        "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "size": 3,
    }


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_the_pieces_a_file_is_read_in_do_not_matter(pieces: list[bytes]) -> None:
    class InPieces(FileView):
        def stream(self):  # type: ignore[no-untyped-def]
            yield from pieces

    examiner, whole = DigestExaminer(), b"".join(pieces)
    (in_pieces,) = examiner.examine(make_view(examiner, whole, "text/plain", kind=InPieces))
    (at_once,) = examiner.examine(make_view(examiner, whole, "text/plain"))
    assert in_pieces.value == at_once.value
