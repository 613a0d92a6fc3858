"""The one place where a reason's code becomes a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from assay.core.facts import Reason
from assay.core.jsonvalue import Json
from assay.core.vocab import Level
from assay.verdict.policy import Policy

_SENTENCES: Mapping[str, str] = {
    "check_failed": (
        "{examiner} did not finish at {stage} ({reason}): {detail}. Nothing may lower this file "
        "because of it."
    ),
    "pending": "{examiner} has not run yet.",
    "held_back": (
        "A statement that AI made the file is present, but it cannot lower the file: not finished "
        "or not complete: {unfinished}."
    ),
    "sidecar.says": (
        "A file beside it, {path} ({item}), says {level}: {text}. The file itself does not carry "
        "this, so it counts as an unsigned statement at most and can only raise the file."
    ),
    "sidecar.unread": (
        "What may describe this file was not read: {path}: {why}. Nothing may lower this file "
        "because of it."
    ),
    "list.differs": (
        "The list {list} has a record ({entry}) that states a digest of this file, but another "
        "{differs} than the file has: no match, and it places nothing."
    ),
    "list.unread": (
        "The list {list} knows this file by its {algorithm}, but the record cannot be read "
        "({why}); nothing lowers the file until the list is mended."
    ),
    "frame": "Of the frames looked at, frame {frame} (time {time} s) places the file.",
    "preview.shown_with": (
        "A preview that shows the same as the picture that carries it ({picture}, {distance} bits "
        "apart): shown with it, in its place."
    ),
    "preview.differs": (
        "A preview that does not show what the picture that carries it shows ({picture}, "
        "{distance} bits apart, quality {quality}): an item of its own."
    ),
    "preview.not_compared": (
        "A preview of a picture that could not be compared with it ({picture}): an item of its own."
    ),
    "preview.kept": (
        "A preview that shows the same as the picture that carries it ({picture}, {distance} bits "
        "apart); it is not placed with it, because that would lower it although a check of the "
        "preview did not finish or something in it speaks for a camera or a change."
    ),
    "decision.reopened": (
        "{actor} chose category {category} before the list {list} was known to hold this file "
        "(entry {entry}): open again."
    ),
    "stack.member": (
        "A near-duplicate of {head} ({distance} bits apart): reviewed with it, as one stack."
    ),
    "stack.raised": (
        "A near-duplicate of {head} ({distance} bits apart): alone it would stand in lane {lane}; "
        "a stack takes the lowest lane number among its files."
    ),
    "preview.of_many": (
        "A preview that many pictures carry, or one deep inside other previews: an item of its own."
    ),
    "band.a": "Conflict, camera or edited: shown first; whether it shows a person was not told.",
    "band.b": "A picture whose kind was not told.",
    "band.c": "A remaining photograph, or a screenshot or collage with a photographic region.",
    "band.d": "A drawing, screenshot or icon.",
    "band.e": "Nothing in it could be examined: {cause}.",
    "band.f": "Sound alone; sound was not examined.",
}


def render(reason: Reason, policy: Policy) -> str:
    """Return the sentence of one reason; unknown codes show themselves."""
    params = {key: _shown(value) for key, value in reason.params.items()}
    if reason.code == "evidence":
        return _evidence(params, policy)
    for origin in policy.origins:
        if reason.code == f"origin.{origin.code}":
            return f"{origin.sentence.format_map(_Blank(params))} [{origin.source}]"
    for lane in policy.lanes:
        if reason.code == lane.code:
            return f"{lane.sentence.format_map(_Blank(params))} [{lane.source}]"
    template = _SENTENCES.get(reason.code)
    if template is None:
        return f"{reason.code} {dict(reason.params)}"
    return template.format_map(_Blank(params))


def _evidence(params: dict[str, str], policy: Policy) -> str:
    if params.get("level") == "N" and params.get("kind") == "structure":
        text = params.get("text", "").rstrip(".")
        return (
            f"Structure against the camera text: {text}. {params['examiner']} {params['version']}."
        )
    words = policy.levels[Level(params.get("level", "N"))]
    tool = f" (names {params['tool']})" if params.get("tool") else ""
    rate = "no error rate measured"
    if "llr" in params:
        rate = policy.verbal(float(params["llr"]))
    forge = f"; to forge: {words.forge}" if words.forge else ""
    return (
        f"{params.get('level')} {words.words}: {params.get('text', '').rstrip('.')}{tool}. "
        f"{params.get('examiner')} {params.get('version')}, {rate}{forge}."
    )


def _shown(value: Json) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return str(value)


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"
