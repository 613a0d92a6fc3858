"""Texts hidden in the picture itself: payloads in the lowest bits become texts like any other."""

from __future__ import annotations

from assay.core.contract import View
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.slots import Walk
from assay.examiners.dialects.record import Bundle
from assay.examiners.dialects.texts import carried
from assay.media.stealth import hidden_texts

_TYPES = ("image/png", "image/apng", "image/webp")


def pixel_bundles(view: View, _walk: Walk) -> tuple[tuple[Bundle, ...], str]:
    """Return the texts that the pixels carry, each through ``texts.carried``; never raise.

    And what of them was not read, or "".
    """
    if view.media_type not in _TYPES:  # no other kind stores pixels: nothing need be decoded
        return (), ""
    try:
        found = tuple(hidden_texts(view.pixels))
    except (NotApplicable, Malformed, LimitReached):
        return (), ""  # the picture examiner reports why nothing could be decoded
    cut = next((hidden.channel for hidden in found if not hidden.complete), "")
    made = tuple(
        bundle
        for hidden in found
        for bundle in carried(
            hidden.text,
            locator=f"pixels: {hidden.channel}, lowest bits",
            mechanism=f"stealth {hidden.channel}",
            complete=hidden.complete,
        )
    )
    return made, cut and f"the text in the lowest bits of {cut} is damaged, cut or too large"
