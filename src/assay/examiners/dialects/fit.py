"""How well a record fits the file that carries it, and the level that follows (DESIGN §5).

Pure judgement over a record and a few facts of the file; reads no bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from assay.core.vocab import Level
from assay.examiners.dialects.label import Label
from assay.examiners.dialects.readings import GENERIC, Reading
from assay.examiners.dialects.record import Record, Size
from assay.media.tiff import Exif

# Camera text in EXIF (Exif 3.0, CIPA DC-008), besides Make and Model: exposure and lens.
_EXPOSURE = frozenset(
    {
        "ExposureTime",
        "FNumber",
        "ISOSpeedRatings",
        "PhotographicSensitivity",
        "ShutterSpeedValue",
        "ApertureValue",
        "BrightnessValue",
        "ExposureBiasValue",
        "FocalLength",
        "FocalLengthIn35mmFilm",
        "LensMake",
        "LensModel",
        "LensSpecification",
        "BodySerialNumber",
        "LensSerialNumber",
        "SubjectDistance",
    }
)
_POSITION = frozenset({"GPSLatitude", "GPSLongitude", "GPSTimeStamp", "GPSDateStamp"})
# The same as texts of PNG ("exif:Make", ImageMagick), XMP and QuickTime; lower case.
_TEXT_KEYS = frozenset(
    {
        "exif:make",
        "exif:model",
        "exif:exposuretime",
        "exif:fnumber",
        "exif:isospeedratings",
        "exif:focallength",
        "exif:photographicsensitivity",
        "exif:gpslatitude",
        "exif:gpslongitude",
        "tiff:make",
        "tiff:model",
        "exifex:lensmodel",
        "exifex:bodyserialnumber",
        "aux:lens",
        "aux:serialnumber",
        "com.apple.quicktime.make",
        "com.apple.quicktime.model",
        "com.apple.quicktime.location.iso6709",
        "com.android.manufacturer",
        "com.android.model",
        "©mak",
        "©mod",
        "©xyz",
    }
)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a record is held against."""

    media_type: str
    size: Size | None  # as stored; None = unknown
    exif: tuple[Exif, ...]
    text_keys: frozenset[str]  # keys of all texts, lower case


@dataclass(frozen=True, slots=True)
class Fit:
    """True agrees, False contradicts, None cannot be told."""

    size: bool | None
    container: bool | None
    camera_free: bool

    @property
    def full(self) -> bool:
        return self.size is True and self.container is True and self.camera_free


def fit_of(reading: Reading, facts: FileFacts) -> Fit:
    """Hold a record against its file."""
    record = reading.record
    return Fit(
        size=_size_fits(record, facts.size),
        container=_container_fits(reading, facts.media_type),
        camera_free=not camera_traces(facts, record.claimed_fields),
    )


def _size_fits(record: Record, size: Size | None) -> bool | None:
    if size is None or not record.sizes:
        return None
    return size in record.sizes


def _container_fits(reading: Reading, media_type: str) -> bool | None:
    record = reading.record
    if (media_type, reading.bundle.family) not in reading.dialect.writes:
        return False
    if record.media_types is None or media_type in record.media_types:
        return True
    return None if record.media_types_open else False


def camera_traces(facts: FileFacts, claimed: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the fields that speak of a camera and that no dialect occupies."""
    ours = frozenset(claimed)
    found = [
        tag.name
        for exif in facts.exif
        for tag in exif.tags
        if tag.value not in ("", b"", ())
        and (
            (
                tag.group in ("IFD0", "Exif")
                and tag.name in ("Make", "Model")
                and tag.name not in ours
            )
            or tag.name in _EXPOSURE
            or (tag.group == "GPS" and tag.name in _POSITION)
        )
    ]
    return tuple(dict.fromkeys([*found, *sorted(facts.text_keys & _TEXT_KEYS)]))


def level_of(reading: Reading, fit: Fit, *, seconded: bool) -> Level:
    """Return the level of a record: E before all, S2 by fit or by a second mechanism, else S1.

    ``seconded``: a record in a slot of another mechanism agrees on tool and seed. A size or camera
    trace that contradicts the record keeps it at S1 even then: doubt moves up.
    """
    if reading.record.changes or reading.record.input_pictures:
        return Level.E
    if reading.record.complete and fit.full:
        return Level.S2
    contradicted = fit.size is False or not fit.camera_free
    return Level.S2 if seconded and not contradicted else Level.S1


def agree(first: Reading, second: Reading) -> bool:
    """Tell whether two records by two mechanisms name the same tool and a common seed.

    A tool that no dialect knows is none: two such records agree on nothing. Nor does a copy that a
    converter wrapped into one text.
    """
    return (
        first.origin != second.origin
        and not first.wrapper
        and not second.wrapper
        and first.record.tool == second.record.tool
        and GENERIC not in (first.dialect, second.dialect)
        and bool(set(first.record.seeds) & set(second.record.seeds))
    )


def contradictions(found: Sequence[Reading], labels: Sequence[Label]) -> Iterator[tuple[str, str]]:
    """Yield (sentence, locator of the second) where two slots of a file contradict each other."""
    for reading in found:
        for name, record in reading.absorbed:
            detail = _contradiction(reading.record, record, same_writer=True)
            if detail:
                where = f"{reading.dialect.name} and {name} in {_place(reading)}"
                yield f"{detail}, {where}", reading.bundle.texts[0].locator
    for first, second in combinations(found, 2):
        detail = _contradiction(first.record, second.record, same_writer=False)
        if detail:
            yield f"{detail}, in {_place(first)} and {_place(second)}", second.texts[0].locator
    named = [reading for reading in found if reading.record.tool_named]
    for label in labels:
        if label.level is Level.E or label.vocabulary == "TC260 AIGC":
            continue  # an editor, or the company that runs the tool, contradicts no tool
        if label.tool and named and not any(_kin(label.tool, r.record.tool) for r in named):
            said = f"{named[0].record.tool} and {label.tool} both claim the picture"
            field = label.field
            place = f"{field.mechanism or 'a text'} {field.name}".strip()
            yield f"{said}, in {_place(named[0])} and {place}", field.locator


def _contradiction(one: Record, two: Record, *, same_writer: bool) -> str:
    """Return the sentence for two records that contradict each other, or ''."""
    if one.seeds and two.seeds and not set(one.seeds) & set(two.seeds):
        return f"seed {one.seeds[0]} ({one.tool}) and seed {two.seeds[0]} ({two.tool})"
    if same_writer:
        return ""
    if one.tool_named and two.tool_named and not _kin(one.tool, two.tool):
        return f"{one.tool} and {two.tool} both claim the picture"
    ours, theirs = _models(one), _models(two)
    if ours and theirs and not ours & theirs:
        return f"model {one.model} ({one.tool}) and model {two.model} ({two.tool})"
    return ""


_FAMILIES = ("google", "openai", "dall", "chatgpt", "sora", "bytedance", "dreamina", "jimeng")
# A model's name or a host's, whatever tool ran it.
_ANY_TOOL = frozenset({"Stable Diffusion", "FLUX", "Replicate", "fal"})


def _kin(one: str, two: str) -> bool:
    """Tell whether two names may stand for one tool: a model and its host, two of one house."""
    if one == two or _ANY_TOOL & {one, two}:
        return True
    first, second = one.lower(), two.lower()
    houses = [{h for h in _FAMILIES if h in name} for name in (first, second)]
    return first in second or second in first or bool(houses[0] and houses[1])


def _models(record: Record) -> frozenset[str]:
    """Return the names of a record's models, comparable; a digest or an id is no name."""
    names = (_stem(name) for name in (record.model, *record.models) if name)
    return frozenset(n for n in names if not re.fullmatch(r"[0-9a-f]{8,64}|(urn:|modelver).*", n))


def _stem(name: str) -> str:
    last = re.split(r"[\\/]", name)[-1].lower()
    return re.sub(r"\.(safetensors|ckpt|gguf|sft|pth?|bin)$", "", last)


def _place(reading: Reading) -> str:
    text = reading.texts[0]
    return f"{text.mechanism} {text.name}".strip()
