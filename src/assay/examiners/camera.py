"""Examiner ``camera``: levels C1 and C2, the structure rules, and editors named (DESIGN §5).

It never says that a picture is what a camera saw; it says what the file states and whether the
file agrees with it. Its tables, its times and what follows its end are facts of level N. Maker
notes are not parsed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.errors import PolicyError
from assay.core.facts import Observation
from assay.core.jsonvalue import Json
from assay.core.vocab import Level, Need, Polarity
from assay.examiners._agreement import Agreement, agreement
from assay.examiners._camera_facts import odd, tables, times, trailer
from assay.examiners._camera_text import CameraText, Claim, camera_text
from assay.examiners._editors import Named, editors, gallery
from assay.examiners._structure import SizeRelation
from assay.examiners._tables import KnownTables, device, rows_from_json, shipped_rows

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


class CameraExaminer:
    """Yields camera, structure, editor, tables and trailer observations."""

    info = ExaminerInfo(
        name="camera",
        version="2",
        kinds=("camera", "structure", "editor", "tables", "trailer"),
        media_types=("image/*", "video/*"),
        needs=frozenset({Need.SLOTS, Need.PLANES, Need.EARLIER, Need.BYTES}),
        after=("exif", "genparams"),
        place_check=True,
        reads=("timezone", "evaluation_date"),
    )

    def __init__(self) -> None:
        self._timezone: str | None = None
        self._evaluation_date = ""
        self._known = KnownTables(())

    def prepare(self, settings: Settings) -> None:
        """Load the shipped table and the laboratory's own: option ``cameras``, a list of rows."""
        self._timezone = settings.timezone
        self._evaluation_date = settings.evaluation_date
        try:
            own = rows_from_json(settings.options.get("camera", {}).get("cameras") or [])
        except (ValueError, KeyError, TypeError) as error:
            raise PolicyError(
                f"the case's table of cameras cannot be read: {error}",
                hint="learn it again with: assay trust learn-camera DIR",
            ) from error
        self._known = KnownTables((*own, *shipped_rows()))

    def examine(self, view: View) -> Iterable[Observation]:
        walk = view.walk()
        text = camera_text(walk, _claims(view))
        named = editors(walk)
        agrees = None
        if text.any:
            header = (walk.width, walk.height) if walk.width and walk.height else None
            agrees = agreement(view, text, header)
            if not named and agrees.looks_cut and (own := gallery(walk)) is not None:
                named = (own,)
        for editor in named:
            yield _editor(view, editor)
        if agrees is not None:
            yield self._camera(view, text, agrees, odd(walk, text))
            yield from _structure(view, text, agrees, named)
            yield from times(view, walk, self._evaluation_date)
        yield from tables(view, text, self._known)
        yield from trailer(view, walk)

    def _camera(
        self, view: View, text: CameraText, agrees: Agreement, doubts: list[Json]
    ) -> Observation:
        complete = bool(text.make and text.model and text.exposure and text.taken_at)
        level = Level.C2 if complete and agrees.all else Level.C1
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
                "size": agrees.size_agrees,
                "thumbnail": agrees.thumbnail_agrees,
                "container": agrees.container,
            },
            "doubts": doubts,
            "mechanism": text.source,
            "tool": "",
            "text": _sentence(text, agrees, zone),
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
        kinds = ("camera", "tables")
        yield Sample("a photo with its camera's data", _example(), "image/jpeg", kinds)
        tail = _example() + b"a note behind the end"
        yield Sample("a photo with text behind it", tail, "image/jpeg", (*kinds, "trailer"))
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


def _structure(
    view: View, text: CameraText, agrees: Agreement, named: tuple[Named, ...]
) -> Iterator[Observation]:
    size, thumbnail = agrees.size, agrees.thumbnail
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
    for rule, sentence in _resaves(view, text, agrees):
        yield view.observe(
            "structure",
            {"rule": rule, "outcome": "resave", "tool": "", "text": sentence, **numbers},
            level=Level.E,
            polarity=Polarity.EDITED,
            basis=_RESAVE,
            locator=text.locator,
        )


def _resaves(view: View, text: CameraText, agrees: Agreement) -> Iterator[tuple[str, str]]:
    size = agrees.size
    if size.relation is SizeRelation.SMALLER and size.stated:
        wide, high = size.stated
        sentence = (
            f"The picture is a smaller copy of the {wide}×{high} pixels that the file states."
        )
        yield "smaller_same_proportions", sentence
    if agrees.container is False and text.named:
        camera = device(text.make, text.model)
        sentence = f"Camera data of {camera} in {view.media_type}, which it does not write."
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


def _sentence(text: CameraText, agrees: Agreement, zone: str) -> str:
    parts = [
        device(text.make, text.model)
        if text.named
        else text.caption or "exposure data of an unnamed camera"
    ]
    if text.taken_at:
        parts.append(f"taken {text.taken_at} ({zone})")
    checks = (
        ("size", agrees.size_agrees),
        ("thumbnail", agrees.thumbnail_agrees if agrees.thumbnail else True),
        ("container", agrees.container),
    )
    doubts = [name for name, answer in checks if answer is not True]
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
