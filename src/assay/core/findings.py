"""The flag words of findings, each with its sentence and whether it leaves a check incomplete.

A finding is an ``Observation`` of kind ``finding`` whose value holds ``flag`` and parameters, or a
word in ``Occurrence.flags``. The law of failure (DESIGN §5) reads ``INCOMPLETE``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay.core.beside import WORDS
from assay.core.jsonvalue import Json


@dataclass(frozen=True, slots=True)
class FindingKind:
    flag: str
    text: str  # a sentence; {name} takes a parameter
    incomplete: bool = False  # True: something that could have been read was not


_KINDS = (
    # content
    FindingKind("empty", "The file is empty (0 bytes)."),
    FindingKind("truncated", "The file ends before its content does: {detail}.", True),
    FindingKind("malformed", "The bytes break their format: {detail}.", True),
    FindingKind("pixel_limit", "Not decoded: {detail} exceeds the pixel limit.", True),
    FindingKind("metadata_bomb", "A text block inflates beyond its limit: {detail}.", True),
    FindingKind("metadata_loop", "A metadata directory points at itself: {detail}.", True),
    FindingKind("trailing_data", "Data follows the end of the picture: {detail}."),
    FindingKind(
        "active_content", "The file contains script or active content; it is not rendered."
    ),
    FindingKind("embedded", "Another file's beginning was found inside: {detail}."),
    FindingKind(
        "frames_sampled",
        "Frames only: motion and sound were not examined; {detail}.",
    ),
    FindingKind("frames_unread", "Frames could not be decoded: {detail}.", True),
    FindingKind("lying_header", "The header claims what the content does not hold: {detail}."),
    FindingKind("unread_ranges", "Bytes that the medium did not give: {detail}.", True),
    FindingKind(
        "derived",
        "The stored bytes are no picture file by themselves; what was examined is a rendering "
        "made from them: {detail}.",
    ),
    FindingKind(
        "high_entropy",
        "No known kind, and its bytes look random throughout: it could be a locked container "
        "({detail}).",
        True,
    ),
    FindingKind("size_limit", "Larger than a worker reads whole: {detail}.", True),
    # containers
    FindingKind("decompression_bomb", "A member expands beyond its limit: {detail}.", True),
    FindingKind("nesting_limit", "Containers are nested deeper than the limit: {detail}.", True),
    FindingKind("count_limit", "The container has more members than the limit: {detail}.", True),
    FindingKind("total_limit", "The members together exceed the size limit: {detail}.", True),
    FindingKind("overlapping_entries", "Several entries share the same bytes: {detail}.", True),
    FindingKind("header_mismatch", "Directory and member header disagree: {detail}.", True),
    FindingKind("salvaged", "The directory is missing; members were found by their own headers."),
    FindingKind("encrypted", "Locked, and no given password opens it: {detail}.", True),
    FindingKind("unreadable_member", "A member could not be read: {detail}.", True),
    FindingKind(
        "not_opened", "A kind that can hold pictures and is not opened yet: {detail}.", True
    ),
    FindingKind("link", "A link inside the container is recorded and not followed: {detail}."),
    FindingKind("special_file", "A device, FIFO or socket is recorded and not created: {detail}."),
    FindingKind("left_out", "Parts that show no picture were not given out: {detail}."),
    FindingKind("carved", "Found by its structure alone, without a directory: {detail}."),
    FindingKind(
        "only_trace",
        "A small copy whose full-size original is nowhere in the case: it may be the only trace.",
    ),
    FindingKind("no_sibling", "The file that this one belongs to was not at hand: {detail}.", True),
    # names
    FindingKind("path_traversal", "A name points outside its folder; nothing was written there."),
    FindingKind("control_name", "The name holds control characters."),
    FindingKind("bidi_name", "The name holds characters that reverse or hide text."),
    FindingKind(
        "long_name", "The name is longer than any path; its beginning and its digest are kept."
    ),
    FindingKind("undecodable_name", "The name is not valid text; its bytes are kept."),
    FindingKind("duplicate_name", "The same name occurs twice in one container."),
    FindingKind("type_mismatch", "The name says another type than the content: {detail}."),
    # provenance
    FindingKind("second_opinion_differs", "Two credential readers disagree: {detail}."),
    FindingKind(
        "second_opinion_missing", "The second credential reader gave none: {detail}.", True
    ),
    FindingKind("signature_fails", "A generator's own signature does not verify: {detail}."),
    FindingKind("time_order", "Times in the file stand in an order that cannot be: {detail}."),
    FindingKind("slots_disagree", "Two records in the file contradict each other: {detail}."),
    FindingKind(
        "remote_manifest", "The credential lies on a server and was not fetched: {detail}."
    ),
    FindingKind("several_stores", "More than one store of credentials lies in the file: {detail}."),
    FindingKind("credential_unreadable", "The credential could not be read: {detail}.", True),
    FindingKind("detector_disagrees", "A detector speaks for a camera against a signature."),
    *(
        FindingKind(
            word,
            f"A file of the same name with the ending {ending} lies beside it: it may say more.",
        )
        for word, ending in WORDS.items()
    ),
    FindingKind("atime_not_protected", "The access time could not be protected on this source."),
)

KINDS: Mapping[str, FindingKind] = {kind.flag: kind for kind in _KINDS}
INCOMPLETE: frozenset[str] = frozenset(k.flag for k in _KINDS if k.incomplete)


def finding_text(flag: str, params: Mapping[str, Json]) -> str:
    """Return the sentence for a flag; an unknown flag (a third party's) is shown as it stands."""
    kind = KINDS.get(flag)
    if kind is None:
        return f"{flag}: {params.get('detail', '')}".rstrip(": ")
    return kind.text.format_map(_Blank({k: str(v) for k, v in params.items()}))


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "(no detail)"
