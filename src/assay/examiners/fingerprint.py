"""Examiner ``fingerprint``: what the files of one workshop or one device have in common.

A key is the digest of what stays from picture to picture: tool, models, LoRAs and workflow of a
generator, or make, model and serial number of a camera. Two files with one key are a lead, never
evidence: it reads what other examiners established, has level N and judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.facts import Observation
from assay.core.jsonvalue import Json, JsonObject, digest_of
from assay.core.slots import SlotKind
from assay.core.vocab import Need
from assay.examiners._fingerprints import Print, camera_print, generator_print
from assay.media.note_serial import note_serial
from assay.media.tiff import read_exif

KIND = "fingerprint"
GENERATOR, SERIAL, CAMERA = "generator", "camera_serial", "camera"
_BASIS = {
    GENERATOR: "The same tool, models, LoRAs and workflow; seed, prompts and names do not count.",
    SERIAL: "The same make, model and serial number, as the files state them.",
    CAMERA: "The same make, model and firmware, or JPEG tables where no firmware is stated: every"
    " device of that model may write them.",
}


class FingerprintExaminer:
    """Yields a key for each generation record, and one for the camera that a file names."""

    info = ExaminerInfo(
        name="fingerprint",
        version="1",
        kinds=(KIND,),
        media_types=("image/*", "video/*", "audio/*", "application/pdf", "application/postscript"),
        needs=frozenset({Need.EARLIER, Need.SLOTS}),
        after=("genparams", "camera", "exif"),
    )

    def prepare(self, settings: Settings) -> None:
        """Nothing to load."""

    def examine(self, view: View) -> Iterator[Observation]:
        """Yield one observation for each key, in the order of what it was read from."""
        seen: set[str] = set()
        for kind, found, locator in _prints(view):
            key = key_of(kind, found.parts)
            if key not in seen:
                seen.add(key)
                value: dict[str, Json] = {
                    "kind": kind,
                    "key": key,
                    "parts": found.parts,
                    "text": found.text,
                }
                yield view.observe(KIND, value, basis=_BASIS[kind], locator=locator)

    def examples(self) -> Iterable[Sample]:
        yield Sample("a generation record", _record(), "image/png", (KIND,))
        yield Sample("a camera's serial number", _photo(), "image/jpeg", (KIND,))


def key_of(kind: str, parts: JsonObject) -> str:
    """Return the key of these parts: 32 hex digits of the SHA-256 of their canonical JSON."""
    return digest_of({"kind": kind, "parts": parts})[:32]


def _prints(view: View) -> Iterator[tuple[str, Print, str]]:
    for record in view.earlier("generator"):
        made = generator_print(record.value)
        if made is not None:
            yield GENERATOR, made, record.locator
    for camera in view.earlier("camera"):
        found = camera_print(
            camera.value,
            note=_note_serial(view, camera),
            blocks=[o.value for kind in ("exif", "xmp") for o in view.earlier(kind)],
            tables=next((o.value for o in view.earlier("tables")), {}),
        )
        if found is not None:
            yield (SERIAL if "serial" in found.parts else CAMERA), found, camera.locator


def _note_serial(view: View, camera: Observation) -> str:
    """Return the serial number in the maker note of the block that names the camera, or ''."""
    make = camera.value.get("make")
    for slot in view.walk().slots:
        if slot.kind is SlotKind.EXIF and slot.locator == camera.locator and isinstance(make, str):
            exif = read_exif(slot.data)
            tag = exif.find("MakerNote")
            if tag is not None and isinstance(tag.value, bytes):
                return note_serial(make, tag.value, slot.data, tag.offset, little=exif.little)
    return ""


def _record() -> bytes:
    from assay.examiners.dialects.samples import png

    return png(
        {
            "parameters": "a lighthouse at noon\nSteps: 20, Sampler: Euler a, CFG scale: 7, "
            "Seed: 1234, Size: 16x16, Model hash: 6ce0161689, Model: base"
        }
    )


def _photo() -> bytes:
    import io

    from PIL import Image

    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Example Corp", "Model 7"
    exif.get_ifd(0x8769)[0xA431] = "0012345"
    out = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).save(out, "JPEG", exif=exif)
    return out.getvalue()
