"""What a generator wrote down about one picture, in the same words for every dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from assay.core.jsonvalue import Json
from assay.examiners.dialects.bounded import MAX_ITEMS, MAX_NAME, clean

MAX_SIDE = 1 << 20  # pixels; no tool writes more


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

    family: str  # "png text", "exif", "xmp", "iptc", "comment", "tag"
    texts: tuple[Text, ...]

    def get(self, key: str) -> str:
        """Return the text under a key, or ''."""
        return next((t.text for t in self.texts if t.key == key), "")

    def has(self, key: str) -> bool:
        return any(t.key == key for t in self.texts)

    def cut(self, keys: Iterable[str]) -> bool:
        """Tell whether one of these texts is incomplete."""
        wanted = frozenset(keys)
        return any(t.key in wanted and not t.complete for t in self.texts)


Parser = Callable[[Bundle], Record | None]
