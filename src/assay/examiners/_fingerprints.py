"""What of a record or of a camera's text stays from picture to picture, in comparable form.

Pure: values of ``generator``, ``camera``, ``tables``, ``exif`` and ``xmp`` observations in, parts
and a sentence out. Parts are the whole preimage of a key: nothing else goes into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners._tables import device
from assay.examiners.dialects.bounded import MAX_ITEMS, MAX_NAME, as_list, as_object, clean, number

_SHOWN = 3  # names of one list in a sentence
_MODEL_FILE = re.compile(r"\.(safetensors|ckpt|pth?|bin|gguf|sft|onnx)$")
_HASH_BEHIND = re.compile(r"\s*\[[0-9a-f]{8,64}\]$")  # "base [6ce0161689]", as AUTOMATIC1111 shows
# The full SHA-256 of a model file, and what AUTOMATIC1111 and its heirs keep of it.
_FULL, _KEPT = 64, 10
_PLACEHOLDERS = ("unknown", "none", "null", "serial", "default", "1234567890", "123456789")
_MIN_SERIAL = 4  # letters and digits that are left without leading zeros
# Where a serial number stands beside the field that ``camera`` reads: exiftool.org/TagNames
# (EXIF, XMP aux, XMP exifEX). That of the lens only where the body's is nowhere.
_BODY = ("Exif:BodySerialNumber", "IFD0:CameraSerialNumber", "aux:SerialNumber",
         "exifEX:BodySerialNumber")  # fmt: skip
_LENS = ("Exif:LensSerialNumber", "aux:LensSerialNumber", "exifEX:LensSerialNumber")


@dataclass(frozen=True, slots=True)
class Print:
    """The parts of a key, as they are compared, and what they are in words (≤ 300 characters)."""

    parts: JsonObject
    text: str


def generator_print(value: JsonObject) -> Print | None:
    """Return tool, models, LoRAs and workflow of a record; None where only the tool is known.

    Without a workflow the settings stand for it: sampler, scheduler, steps, CFG scale and VAE. The
    size does not count: it changes with the format of the picture.
    """
    tool = clean(value.get("tool"))
    models = _names(value.get("models") or [value.get("model")], value.get("model_hashes"))
    loras = _names(value.get("loras"), value.get("lora_hashes"))
    graph = clean(as_object(value.get("graph")).get("key"))
    if not tool or not (models or loras or graph):
        return None
    parts: dict[str, Json] = {"tool": tool.casefold(), "models": models, "loras": loras}
    if graph:
        parts["graph"] = graph
    else:
        parts["settings"] = _settings(value)
    said = [tool]
    said += _listed("model", value.get("models") or [value.get("model")], models)
    said += _listed("LoRA", value.get("loras"), loras)
    said.append(f"workflow {graph[:8]}" if graph else _told(as_object(parts["settings"])))
    return Print(parts, clean("; ".join(part for part in said if part), 300))


def camera_print(
    value: JsonObject, *, note: str, blocks: Iterable[JsonObject], tables: JsonObject
) -> Print | None:
    """Return make, model and serial number, or without one its firmware or tables.

    ``note`` is the serial number of a maker note, ``blocks`` are values of ``exif`` and ``xmp``
    observations. None where the model is not named, or nothing beyond make and model is known.
    """
    make, model = clean(value.get("make")), clean(value.get("model"))
    if not model:
        return None
    name = device(make, model)
    parts: dict[str, Json] = {"maker": _maker(make), "model": _model(make, model)}
    stated = dict(_stated(blocks))
    bodies = (clean(value.get("serial")), *(stated.get(field, "") for field in _BODY), note)
    written = next((s for s in bodies if serial_of(s)), "")
    lens = next((s for field in _LENS if serial_of(s := stated.get(field, ""))), "")
    if written:
        return Print({**parts, "serial": serial_of(written)}, _cut(f"{name}; serial {written}"))
    if lens:
        serial = f"lens {serial_of(lens)}"
        return Print({**parts, "serial": serial}, _cut(f"{name}; serial of the lens {lens}"))
    firmware, digest = clean(value.get("firmware")), clean(tables.get("quantisation"))
    if not firmware and not digest:
        return None
    # Newer phones choose their tables by the picture (docs/guide/threads.md), so tables count only
    # where the firmware, which stays, is not stated.
    quality = tables.get("ijg_quality")
    encoder = f"tables of IJG quality {quality}" if quality else f"JPEG tables {digest[:8]}"
    parts |= {"firmware": firmware.casefold()} if firmware else {"quantisation": digest}
    said = f"firmware {firmware}" if firmware else encoder
    return Print(parts, _cut(f"{name}; {said}; no serial number"))


def serial_of(text: str) -> str:
    """Return a serial number in comparable form; '' for placeholders such as "0000000"."""
    squeezed = re.sub(r"[\s\0]+", "", text).casefold().lstrip("0")
    plain = re.sub(r"[^0-9a-z]", "", squeezed)
    if len(plain) < _MIN_SERIAL or len(set(plain)) == 1 or plain in _PLACEHOLDERS:
        return ""
    return squeezed[:MAX_NAME]


def model_name(text: str) -> str:
    """Return the name of a model file without folder, ending and case."""
    name = text.replace("\\", "/").rpartition("/")[2].casefold()
    return _MODEL_FILE.sub("", _HASH_BEHIND.sub("", name)).strip()


def _names(names: Json, hashes: Json) -> list[Json]:
    """Return models or LoRAs by their digests, and by their names where none is stated."""
    known: set[str] = set()  # names with a digest
    digests: set[str] = set()
    for pair in as_list(hashes):
        name, digest = (*as_list(pair), "", "")[:2]
        if clean(digest):
            digests.add(_digest(clean(digest)))
            known.add(model_name(clean(name)))
    plain = {model_name(clean(name)) for name in as_list(names)} - {""}
    # where only the digest is known it stands as the name, too
    rest = {n for n in plain - known if _digest(n) not in digests}
    found: list[Json] = [*sorted(digests), *sorted(rest)]
    return found[:MAX_ITEMS]


def _digest(text: str) -> str:
    """Return a digest in the form in which tools of one family agree."""
    plain = text.casefold().removeprefix("sha256:")
    full = len(plain) == _FULL and ":" not in plain
    return plain[:_KEPT] if full else plain


def _settings(value: JsonObject) -> dict[str, Json]:
    said: dict[str, Json] = {
        name: model_name(clean(value.get(name))) for name in ("sampler", "scheduler", "vae")
    }
    return {**said, "steps": number(value.get("steps")), "cfg": number(value.get("cfg"))}


def _told(settings: JsonObject) -> str:
    steps, cfg = number(settings.get("steps")), number(settings.get("cfg"))
    said = [str(settings[name]) for name in ("sampler", "scheduler") if settings.get(name)]
    said += [f"{steps:g} steps"] if steps is not None else []
    said += [f"CFG {cfg:g}"] if cfg is not None else []
    return ", ".join(said)


def _listed(what: str, names: Json, compared: Sequence[Json]) -> list[str]:
    """Return names as they are written, or the digests where nothing is named."""
    shown = [name for raw in as_list(names) if (name := clean(raw, 60))]
    shown = shown or [str(part)[:60] for part in compared]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return [f"{what} {', '.join(shown[:_SHOWN])}{more}"] if shown else []


def _stated(blocks: Iterable[JsonObject]) -> Iterable[tuple[str, str]]:
    """Yield the serial numbers of EXIF and XMP blocks by field, the first of a field last."""
    for block in reversed(list(blocks)):
        for field in (*_BODY, *_LENS):
            for group in ("tags", "properties"):
                fields = block.get(group)
                found = fields.get(field) if isinstance(fields, Mapping) else None
                text = clean(found if isinstance(found, str) else next(iter(as_list(found)), ""))
                if text:
                    yield field, text


def _maker(make: str) -> str:
    """Return a maker's first word: "nikon" of "NIKON CORPORATION"."""
    return (make.casefold().split() or [""])[0].rstrip(",.")


def _model(make: str, model: str) -> str:
    """Return a model without its maker: "z 9" of "NIKON Z 9", "eos 40d" of "Canon EOS 40D"."""
    words = model.casefold().split()
    return " ".join(words[1:] if len(words) > 1 and words[0] == _maker(make) else words)


def _cut(text: str) -> str:
    return clean(text, 300)
