"""Small builders of facts, for tests of the verdict and of what shows it."""

from __future__ import annotations

from dataclasses import replace

from assay.core.contract import Frame
from assay.core.facts import Decision, Failure, Item, Match, Observation, Sha256
from assay.core.jsonvalue import Json
from assay.core.vocab import FailureReason, Level, ListPolarity, Polarity

SHA = Sha256("ab" * 32)
CHECKS = frozenset(
    {"content", "picture", "pdq", "exif", "camera", "genparams", "c2pa", "signature"}
)


def item(media_type: str = "image/jpeg", sha256: Sha256 = SHA) -> Item:
    return Item(sha256=sha256, md5="0" * 32, sha1="0" * 40, size=1000, media_type=media_type)


def seen(
    kind: str,
    level: Level = Level.N,
    polarity: Polarity = Polarity.NONE,
    examiner: str = "",
    llr: float | None = None,
    **value: Json,
) -> Observation:
    value.setdefault("tool", "")
    value.setdefault("text", f"{kind} says {level}")
    return Observation(
        item=SHA,
        examiner=examiner or _EXAMINER.get(kind, kind),
        version="1",
        kind=kind,
        value=value,
        level=level,
        polarity=polarity,
        llr=llr,
    )


_EXAMINER = {
    "generator": "genparams",
    "label": "genparams",
    "structure": "camera",
    "editor": "camera",
}


def in_frame(index: int, o: Observation) -> Observation:
    """Return the observation as one about a frame of a moving picture."""
    return replace(o, locator=Frame(index, index / 25).locator)


def finding(flag: str, examiner: str = "picture") -> Observation:
    return seen("finding", examiner=examiner, flag=flag, detail="in a test")


def failed(examiner: str, reason: FailureReason = FailureReason.CRASH) -> Failure:
    return Failure(item=SHA, examiner=examiner, version="1", stage="examine", reason=reason)


def decided(category: str | None, actor: str = "A. Examiner") -> Decision:
    return Decision(
        item=SHA,
        actor=actor,
        scheme="neutral",
        category=category,
        note="",
        at="2026-01-01T00:00:00Z",
    )


def match(
    polarity: ListPolarity = ListPolarity.POSITIVE,
    *,
    name: str = "known",
    identified: bool | None = None,
    disputed: bool = False,
    distributed: bool | None = None,
    differs: tuple[str, ...] = (),
    unread: str = "",
    near: int | None = None,
    frame: int = -1,
    more: int = 0,
    variant: str = "",
) -> Match:
    """Return a hit by digest, or with ``near`` (bits) one by PDQ."""
    return Match(
        item=SHA,
        list_id=name,
        entry="7",
        algorithm="sha1" if near is None else "pdq",
        distance=near or 0,
        threshold=0 if near is None else 31,
        list_version="ef" * 32,
        record={"Category": 1},
        edition="01" * 16,
        frame=frame,
        value="" if near is None else "ab" * 32,
        polarity=polarity,
        identified=identified,
        distributed=distributed,
        disputed=disputed,
        differs=differs,
        unread=unread,
        category="1",
        namespace="vics:US",
        more=more,
        variant="" if near is None else variant,
    )


PICTURE = seen("picture", decoded="full")
CAMERA_C1 = seen("camera", Level.C1, Polarity.CAMERA)
CAMERA_C2 = seen("camera", Level.C2, Polarity.CAMERA)
LABEL = seen("label", Level.S1, Polarity.SYNTHETIC)
RECORD = seen("generator", Level.S2, Polarity.SYNTHETIC)
EDITED_RECORD = seen("generator", Level.E, Polarity.EDITED, input_pictures=["a.png"])
SIGNED = seen("c2pa", Level.S5, Polarity.SYNTHETIC)
EXPIRED = seen("c2pa", Level.S3, Polarity.SYNTHETIC)
CONTRADICTION = seen("structure", outcome="contradiction")
EDITOR = seen("editor", Level.E, Polarity.EDITED)
