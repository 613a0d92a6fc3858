"""Examiner ``camera``: levels C1 and C2, the structure rules, and editors named (DESIGN §5).

First version: maker notes are not parsed and quantisation tables not compared. It never says that
a picture is what a camera saw; it says what the file states and whether the file agrees with it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assay.core.contract import ExaminerInfo, PictureInfo, Sample, Settings, View
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.facts import Observation
from assay.core.jsonvalue import Json
from assay.core.vocab import Level, Need, Polarity
from assay.examiners._camera_text import CameraText, Claim, camera_text
from assay.examiners._devices import container_agrees
from assay.examiners._editors import Named, editors
from assay.examiners._structure import SizeCheck, SizeRelation, check_size
from assay.examiners._thumbnail import ThumbnailCheck, check_thumbnail

_EXIF = "CIPA DC-008 (Exif)"
_BASIS = {
    Level.C2: f"Make, model, exposure and time stand in the file, and its size, thumbnail and"
    f" container agree with them; forging that takes moderate effort ({_EXIF}).",
    Level.C1: f"The file names a camera; one command writes such text ({_EXIF}).",
}
_CONTRADICTION = (
    f"Cameras write the size and the thumbnail of the picture itself ({_EXIF}, 4.6); no editor is"
    " named that would explain the difference."
)
_RESAVE = f"Devices write their own size and container ({_EXIF}); something saved this file again."
_EDITOR = "The file names a program that changes pictures, in a field that such programs write."


@dataclass(frozen=True, slots=True)
class _Agreement:
    """Whether the file agrees with its camera text; None where that could not be told."""

    size: SizeCheck
    thumbnail: ThumbnailCheck | None  # None: there is none
    container: bool | None
    measured: bool  # the picture decoded in full

    @property
    def size_agrees(self) -> bool | None:
        if self.size.relation is SizeRelation.UNKNOWN or not self.measured:
            return None
        return self.size.relation is SizeRelation.SAME

    @property
    def thumbnail_agrees(self) -> bool | None:
        return None if self.thumbnail is None else self.thumbnail.agrees

    @property
    def all(self) -> bool:
        return (
            self.size_agrees is True
            and (self.thumbnail is None or self.thumbnail.agrees is True)
            and self.container is True
        )


class CameraExaminer:
    """Yields camera, structure and editor observations."""

    info = ExaminerInfo(
        name="camera",
        version="1",
        kinds=("camera", "structure", "editor"),
        media_types=("image/*", "video/*"),
        needs=frozenset({Need.SLOTS, Need.PLANES, Need.EARLIER}),
        after=("exif", "genparams"),
        place_check=True,
        reads=("timezone",),
    )

    def __init__(self) -> None:
        self._timezone: str | None = None

    def prepare(self, settings: Settings) -> None:
        self._timezone = settings.timezone

    def examine(self, view: View) -> Iterable[Observation]:
        walk = view.walk()
        named = editors(walk)
        for editor in named:
            yield _editor(view, editor)
        text = camera_text(walk, _claims(view))
        if not text.any:
            return
        header = (walk.width, walk.height) if walk.width and walk.height else None
        agreement = _agreement(view, text, header)
        yield self._camera(view, text, agreement)
        yield from _structure(view, text, agreement, named)

    def _camera(self, view: View, text: CameraText, agreement: _Agreement) -> Observation:
        complete = bool(text.make and text.model and text.exposure and text.taken_at)
        level = Level.C2 if complete and agreement.all else Level.C1
        zone = text.zone or (f"assumed {self._timezone}" if self._timezone else "unknown")
        value: dict[str, Json] = {
            "level": str(level),
            "make": text.make,
            "model": text.model,
            "caption": text.caption,
            "serial": text.serial,
            "lens": text.lens,
            "firmware": text.firmware,
            "taken_at": text.taken_at,
            "zone": zone if text.taken_at else None,
            "exposure": {**text.exposure},
            "maker_note": text.maker_note,
            "gps": list(text.gps) if text.gps else None,
            "agrees": {
                "size": agreement.size_agrees,
                "thumbnail": agreement.thumbnail_agrees,
                "container": agreement.container,
            },
            "mechanism": text.source,
            "tool": "",
            "text": _sentence(text, agreement, zone),
        }
        return view.observe(
            "camera",
            value,
            level=level,
            polarity=Polarity.CAMERA,
            basis=_BASIS[level],
            locator=text.locator,
        )

    def examples(self) -> Iterable[Sample]:
        yield Sample("a photo with its camera's data", _example(), "image/jpeg", ("camera",))
        yield Sample(
            "camera data in a PNG that names an editor",
            _example("PNG", software="GIMP 2.10"),
            "image/png",
            ("camera", "structure", "editor"),
        )


def _claims(view: View) -> list[Claim]:
    claims = []
    for record in view.earlier("generator"):
        fields = record.value.get("claimed_fields")
        if isinstance(fields, list | tuple):
            claims.append(Claim(frozenset(str(name) for name in fields), record.locator))
    return claims


def _agreement(view: View, text: CameraText, header: tuple[int, int] | None) -> _Agreement:
    info = _picture(view)
    whole = info is not None and info.decoded == "full"
    actual = (info.width, info.height) if info is not None else header
    thumbnail = None
    if text.thumbnail is not None:
        thumbnail = ThumbnailCheck(None, None)
        if whole:
            thumbnail = check_thumbnail(text.thumbnail, view.luma())
    return _Agreement(
        size=check_size(actual, text.sizes),
        thumbnail=thumbnail,
        container=container_agrees(text.make, view.media_type),
        measured=whole,
    )


def _picture(view: View) -> PictureInfo | None:
    """What does not decode cannot agree; that it did not is the finding of ``picture``."""
    try:
        return view.picture()
    except (NotApplicable, Malformed, LimitReached):
        return None


def _structure(
    view: View, text: CameraText, agreement: _Agreement, named: tuple[Named, ...]
) -> Iterator[Observation]:
    size, thumbnail = agreement.size, agreement.thumbnail
    numbers: dict[str, Json] = {
        "stated": list(size.stated) if size.stated else None,
        "proportions_off": round(size.off, 4),
        "correlation": thumbnail.correlation if thumbnail else None,
    }
    against = []
    if thumbnail is not None and thumbnail.agrees is False:
        against.append(
            ("thumbnail_differs", "The embedded thumbnail shows another picture than the file.")
        )
    if size.relation is SizeRelation.OTHER and size.stated:
        wide, high = size.stated
        against.append(
            (
                "proportions_differ",
                f"The file states {wide}×{high} pixels; its picture has other proportions.",
            )
        )
    for rule, sentence in against:
        explained = f" {named[0].name} is named." if named else ""
        yield view.observe(
            "structure",
            {
                "rule": rule,
                "outcome": "explained" if named else "contradiction",
                "tool": named[0].tool if named else "",
                "text": sentence + explained,
                **numbers,
            },
            basis=_CONTRADICTION if not named else _EDITOR,
            locator=text.locator,
        )
    if against:
        return
    for rule, sentence in _resaves(view, text, agreement):
        yield view.observe(
            "structure",
            {"rule": rule, "outcome": "resave", "tool": "", "text": sentence, **numbers},
            level=Level.E,
            polarity=Polarity.EDITED,
            basis=_RESAVE,
            locator=text.locator,
        )


def _resaves(view: View, text: CameraText, agreement: _Agreement) -> Iterator[tuple[str, str]]:
    size = agreement.size
    if size.relation is SizeRelation.SMALLER and size.stated:
        wide, high = size.stated
        sentence = (
            f"The picture is a smaller copy of the {wide}×{high} pixels that the file states."
        )
        yield "smaller_same_proportions", sentence
    if agreement.container is False and text.named:
        sentence = f"Camera data of {_device(text)} in {view.media_type}, which it does not write."
        yield "foreign_container", sentence


def _editor(view: View, editor: Named) -> Observation:
    return view.observe(
        "editor",
        {
            "tool": editor.tool,
            "program": editor.name,
            "field": editor.field,
            "text": f"{editor.field} names {editor.name}: {editor.tool}",
        },
        level=Level.E,
        polarity=Polarity.EDITED,
        basis=_EDITOR,
        locator=editor.locator,
    )


def _device(text: CameraText) -> str:
    make, model = text.make or "", text.model or ""
    if model.lower().startswith(make.lower()):  # "Canon" and "Canon EOS 40D"
        return model or "an unnamed camera"
    return f"{make} {model}".strip()


def _sentence(text: CameraText, agreement: _Agreement, zone: str) -> str:
    parts = [_device(text) if text.named else text.caption or "exposure data of an unnamed camera"]
    if text.taken_at:
        parts.append(f"taken {text.taken_at} ({zone})")
    checks = (
        ("size", agreement.size_agrees),
        ("thumbnail", agreement.thumbnail_agrees if agreement.thumbnail else True),
        ("container", agreement.container),
    )
    doubts = [name for name, agrees in checks if agrees is not True]
    parts.append(f"not confirmed: {', '.join(doubts)}" if doubts else "the file agrees with it")
    return "; ".join(parts)[:300]


def _example(kind: str = "JPEG", software: str = "1.0") -> bytes:
    """Return a small picture of stripes that carries a camera's data, thumbnail included."""
    from PIL import Image, ImageOps

    ramp = Image.linear_gradient("L").resize((160, 120))
    picture = Image.merge("RGB", (ramp, ImageOps.mirror(ramp.rotate(90).resize((160, 120))), ramp))
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Example Corp", "Model 7", software
    details = exif.get_ifd(0x8769)
    details[0x829A], details[0x829D], details[0x8827] = 0.01, 2.8, 100
    details[0x9003], details[0xA002], details[0xA003] = "2024:05:06 07:08:09", 160, 120
    out = io.BytesIO()
    picture.save(out, kind, exif=exif)
    return out.getvalue()
