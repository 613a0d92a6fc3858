"""What a generator wrote down about one picture, in the same words for every dialect."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects.bounded import MAX_ITEMS, MAX_NAME, clean, json_object

MAX_SIDE = 1 << 20  # pixels; no tool writes more

_DIGEST = re.compile(r"[0-9a-f]{6,128}")
_ALGORITHM = re.compile(r"[a-z0-9_-]{2,20}")

Hashes = tuple[tuple[str, str], ...]  # (name or "", digest as the tool writes it, lower case)


@dataclass(frozen=True, slots=True)
class Size:
    """A picture's size in pixels as stored."""

    width: int
    height: int

    def times(self, factor: float) -> Size:
        """Return the size scaled by ``factor``, rounded down as the tools do."""
        return Size(int(self.width * factor), int(self.height * factor))

    def on_grid(self, step: int) -> Size:
        """Return the size rounded down to multiples of ``step``, as a latent stores it."""
        return Size(self.width // step * step, self.height // step * step)


def size_of(width: float | None, height: float | None) -> Size | None:
    """Return a plausible size, or None."""
    if width is None or height is None:
        return None
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        return None
    return Size(int(width), int(height))


@dataclass(frozen=True, slots=True)
class Record:
    """A generation record. Empty and None mean that the record does not say."""

    tool: str
    tool_named: bool = False  # the record itself names the tool; False: inferred from its form
    version: str = ""
    model: str = ""
    models: tuple[str, ...] = ()
    loras: tuple[str, ...] = ()
    prompt: str = ""
    negative_prompt: str = ""
    seed: int | None = None
    seeds: tuple[int, ...] = ()  # all passes; ``seed`` is the first pass
    sampler: str = ""
    steps: int | None = None
    cfg: float | None = None
    sizes: tuple[Size, ...] = ()  # that the record's own steps end in, one per output
    input_pictures: tuple[str, ...] = ()  # names, as leads to an original
    changes: tuple[str, ...] = ()  # statements that name an input picture or a change of one
    inputs_unresolved: bool = False  # part of the record could not be followed
    media_types: tuple[str, ...] | None = None  # that the record's output steps write; None: any
    media_types_open: bool = False  # an output step is unknown: it may write others too
    claimed_fields: tuple[str, ...] = ()  # EXIF fields that this dialect occupies
    model_hashes: Hashes = ()
    lora_hashes: Hashes = ()
    vae: str = ""
    scheduler: str = ""
    literals: tuple[str, ...] = ()  # texts that the graph holds, as leads; quiet like a prompt
    graph_key: str = ""  # canonical digest of the graph that ran (dialects.canonical)
    read_from: tuple[str, ...] = ()  # keys of the texts it was read from; (): the dialect's own

    @property
    def complete(self) -> bool:
        """Tool, model, sampler, seed and size are there and nothing is unresolved (DESIGN §5)."""
        return (
            bool(self.tool and self.model and self.sampler and self.sizes)
            and self.seed is not None
            and not self.inputs_unresolved
        )

    def with_changes(self, changes: Iterable[str], pictures: Iterable[str] = ()) -> Record:
        """Return the record with more statements about input pictures."""
        return replace(
            self,
            changes=distinct((*self.changes, *changes)),
            input_pictures=distinct((*self.input_pictures, *pictures)),
        )

    def completed_by(self, other: Record) -> Record:
        """Return the record with its gaps filled from another record of the same writer.

        Input pictures and what is unresolved come from both: doubt moves up. Where the other one
        followed the picture through its own steps, its sizes count.
        """
        filled = {
            name: getattr(self, name) or getattr(other, name)
            for name in ("version", "model", "prompt", "negative_prompt", "sampler", "scheduler",
                         "vae", "literals", "graph_key")
        }  # fmt: skip
        return replace(
            self,
            **filled,
            models=distinct((*self.models, *other.models)),
            loras=distinct((*self.loras, *other.loras)),
            model_hashes=self.model_hashes or other.model_hashes,
            lora_hashes=self.lora_hashes or other.lora_hashes,
            seed=other.seed if self.seed is None else self.seed,
            seeds=tuple(dict.fromkeys((*self.seeds, *other.seeds))),
            steps=other.steps if self.steps is None else self.steps,
            cfg=other.cfg if self.cfg is None else self.cfg,
            sizes=other.sizes or self.sizes,
            input_pictures=distinct((*self.input_pictures, *other.input_pictures)),
            changes=distinct((*self.changes, *other.changes)),
            inputs_unresolved=self.inputs_unresolved or other.inputs_unresolved,
            claimed_fields=distinct((*self.claimed_fields, *other.claimed_fields)),
            read_from=distinct((*self.read_from, *other.read_from)),
        )


def hashes(pairs: Iterable[tuple[Json, Json]]) -> Hashes:
    """Return (name, digest) pairs once each; what is no plausible digest is dropped.

    Tools shorten: 8 (old AUTOMATIC1111), 10, 12 or 64 hex digits, with "0x" or "sha256:" before.
    """
    seen: dict[tuple[str, str], None] = {}
    for name, value in pairs:
        digest = clean(value, 200).lower().removeprefix("0x")
        kind, colon, rest = digest.rpartition(":")
        if _DIGEST.fullmatch(rest) and (not colon or _ALGORITHM.fullmatch(kind)):
            seen.setdefault((clean(name), digest))
        if len(seen) >= MAX_ITEMS:
            break
    return tuple(seen)


def distinct(names: Iterable[Json]) -> tuple[str, ...]:
    """Return the non-empty names once each, in order, cleaned and bounded."""
    seen: dict[str, None] = {}
    for name in names:
        text = clean(name, MAX_NAME)
        if text:
            seen.setdefault(text)
        if len(seen) >= MAX_ITEMS:
            break
    return tuple(seen)


@dataclass(frozen=True, slots=True)
class Text:
    """One named text of a file."""

    key: str  # lower case: PNG keyword, EXIF tag name, "prefix:name" in XMP, tag of a container
    text: str
    name: str = ""  # the key as the format spells it
    mechanism: str = ""  # "PNG tEXt", "JPEG APP1", …
    locator: str = ""
    complete: bool = True  # False where a limit or the end of the file cut it


@dataclass(frozen=True, slots=True)
class Bundle:
    """The texts that one mechanism of one file carries; a dialect sees this, never the file."""

    family: str  # "png text", "exif", "xmp", "iptc", "comment", "tag", "pixels", "sidecar"
    texts: tuple[Text, ...]
    _parsed: dict[str, JsonObject | None] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def get(self, key: str) -> str:
        """Return the text under a key, or ''."""
        return next((t.text for t in self.texts if t.key == key), "")

    def has(self, key: str) -> bool:
        return any(t.key == key for t in self.texts)

    def json(self, key: str) -> JsonObject | None:
        """Return the JSON object under a key, parsed once per bundle; None where it is none."""
        if key not in self._parsed:
            self._parsed[key] = json_object(self.get(key))
        return self._parsed[key]

    def cut(self, keys: Iterable[str]) -> bool:
        """Tell whether one of these texts is incomplete."""
        wanted = frozenset(keys)
        return any(t.key in wanted and not t.complete for t in self.texts)


Parser = Callable[[Bundle], Record | None]
