"""The standing sentences of reports: what lanes, bands and origins mean, what methods cannot."""

from __future__ import annotations

from assay.core.vocab import Band, Lane, Origin
from assay.exports.selection import Selection

LANES: tuple[tuple[Lane | None, str, str], ...] = (
    (Lane.POSSIBLE_NEW_VICTIM, "lane 1", "possible new victim: everything not placed elsewhere"),
    (
        Lane.KNOWN_NOT_IDENTIFIED,
        "lane 2",
        "known and not known to be identified, or near a known or lane-1 file",
    ),
    (Lane.KNOWN_IDENTIFIED, "lane 3", "known and identified"),
    (Lane.SYNTHETIC, "lane 4", "synthetic, by evidence that is listed with each file"),
    (Lane.NOT_RELEVANT, "lane 5", "not relevant, by a person's decision or a list"),
    (None, "inventory", "kinds without pictures, sound or chats, and containers fully read"),
)

BANDS = {
    Band.A: "conflict; camera and edited files that show a person or where that was not told",
    Band.B: "other pictures that show a person, or whose kind or person was not told",
    Band.C: "remaining camera and edited files, photographs, captures with a photographic region",
    Band.D: "drawings, screenshots, icons",
    Band.E: "nothing in it could be examined, grouped by cause",
    Band.F: "sound alone: sound was not examined",
}

ORIGINS = {
    Origin.CONFLICT: "evidence of a camera and of a machine in one file; treated as possibly real",
    Origin.CAMERA: "a camera record that agrees with the file, or a trusted camera signature",
    Origin.EDITED: "something was changed, or an input picture is named; may show a real person",
    Origin.SYNTHETIC: "made by a machine, by evidence strong enough to say so",
    Origin.UNKNOWN: "the evidence does not decide",
}

LIMITS = (
    "Metadata can be removed, added or copied. A missing record says nothing about the origin.",
    "A signature proves who signed, and that the bytes did not change since; not what is shown.",
    "No pixel detector is part of this version: a generation record alone leaves a file unknown.",
    "A public watermark in the pixels is a statement: a library puts it into any picture. That "
    "none was found says nothing.",
    "Evidence levels S1-S5, E and C1-C3 are ordered by what forging them costs; no error rate was "
    "measured for them and none is claimed.",
    "A known-hash list says what its owner thinks of a content. Lanes 2 and 3 hold what the lists "
    "of this case know and what people decided; what no list knows is not new for that.",
    "Of moving pictures frames were sampled and examined as pictures; motion and sound were not. "
    "Where not every frame was looked at, a finding says how many were.",
    "Text in documents, messages and databases was not read; such files stay in lane 1.",
    "What a picture depicts was not judged by any program.",
    "Times are shown as recorded, with the zone beside them; a clock can be wrong.",
)


def filters(include: tuple[str, ...], exclude: tuple[str, ...], since: str | None) -> str:
    """Say in words what was left out on request."""
    parts = []
    if include:
        parts.append("only " + ", ".join(include))
    if exclude:
        parts.append("without " + ", ".join(exclude))
    if since:
        parts.append(f"changed since {since}")
    return "; ".join(parts)


def selection(chosen: Selection) -> str:
    """Say in words what was selected."""
    parts = []
    if chosen.lane is not None:
        parts.append(f"lane {chosen.lane}")
    if chosen.origin is not None:
        parts.append(f"origin {chosen.origin.value}")
    parts += [f"{field} = {value}" for field, value in chosen.where]
    return ", ".join(parts)
