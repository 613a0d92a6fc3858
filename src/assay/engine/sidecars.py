"""Sidecars: what a text file beside a picture, video or document says about it.

The join is by place alone: the same source, container and folder, and a name that belongs to the
other (``core.beside``). Nothing is stored for it. What a sidecar says is no part of the file, so it
only raises: it counts as an unsigned statement (S1) or as one of a change (E). A sidecar that is
there and was not read counts as a check that did not finish (DESIGN §5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from assay.core.beside import (
    LONGEST,
    STEM,
    WHOLE,
    WORDS,
    candidates,
    is_sidecar,
    split,
    stems,
)
from assay.core.contract import accepts
from assay.core.facts import Beside, Occurrence, Sha256
from assay.core.names import LONG_CHAIN, display, join_chain
from assay.core.vocab import EntryKind, Level, Role
from assay.engine.checks import Check, Pinned, opened_by
from assay.store import beside
from assay.store.beside import Spot, Text
from assay.store.records import Bundle, Found, LedgerRow
from assay.verdict.signals import AI_ORDER

CHECK = "sidecar"  # the examiner that reads them
MEDIA = ("image/*", "video/*", "audio/*", "application/pdf", "application/postscript")
MAX_BYTES = 1 << 20  # of a sidecar; what is longer counts as not read
PLACES = 64  # of one content that are looked at
CONTENTS = 16  # of sidecars at one place that are read; more say nothing and count as not read
_WHOLE = "open:file"  # the ledger's row of a top-level file gone through; it opens nothing
_FORMATS = {
    ".json": ("application/json",),
    ".xmp": ("application/rdf+xml", "text/xml"),
}
_LEVELS = {"S1": Level.S1, "E": Level.E}


@dataclass(slots=True)
class _Sought:
    """What was found beside one content."""

    texts: list[tuple[str, Sha256]] = field(default_factory=list)  # display path, content
    troubles: list[Beside] = field(default_factory=list)
    containers: dict[Sha256, str] = field(default_factory=dict)  # and a display path of each


class Sidecars:
    """The sidecars of one case, under the checks that it pins."""

    def __init__(self, connection: Connection, pinned: Pinned) -> None:
        self._connection = connection
        self._check: Check | None = pinned.checks.get(CHECK)

    def of(self, bundles: Mapping[Sha256, Bundle]) -> dict[Sha256, tuple[Beside, ...]]:
        """Return what lies beside these contents; nothing where the case has no such check."""
        if self._check is None:
            return {}
        sought = {s: self._seek(b) for s, b in bundles.items() if _is_media(b)}
        shas = dict.fromkeys(sha for found in sought.values() for _, sha in found.texts)
        key = self._check.key("text/plain")
        texts = beside.texts(self._connection, list(shas), key) if shas else {}
        containers = dict.fromkeys(c for found in sought.values() for c in found.containers)
        opened = beside.openings(self._connection, list(containers)) if containers else {}
        made = {
            sha: (
                *found.troubles,
                *_unopened(found.containers, opened),
                *self._said(found.texts, texts),
            )
            for sha, found in sought.items()
        }
        return {sha: _in_order(rows) for sha, rows in made.items() if rows}

    def _seek(self, bundle: Bundle) -> _Sought:
        sought = _Sought()
        asks = _asks(bundle)
        places = sorted(filter(_is_member, bundle.occurrences), key=_order)
        if asks and len(places) > PLACES:
            path = join_chain(places[0].occurrence.chain)
            why = f"it lies at {len(places)} places, and {PLACES} were looked at"
            sought.troubles.append(Beside(path, trouble=why))
        for place in places[:PLACES]:
            self._seek_at(place, sought)
            if asks and place.container is not None:
                path = join_chain(place.occurrence.chain)
                sought.containers.setdefault(place.container, path)
                if _is_cut(place.occurrence):
                    sought.troubles.append(Beside(path, trouble="its name was too long to keep"))
        return sought

    def _seek_at(self, place: Found, sought: _Sought) -> None:
        chain = place.occurrence.chain
        spot = Spot(place.occurrence.source, place.container, chain)
        words = candidates(chain[-1])
        rows = beside.at(self._connection, spot, words, 2 * CONTENTS + 1)
        contents = {sha for _, sha in rows if sha is not None}
        if len(contents) > CONTENTS or len(rows) > 2 * CONTENTS:
            why = f"more than {CONTENTS} files beside it could describe it"
            sought.troubles.append(Beside(join_chain(chain), trouble=why))
            return
        read = {chain for chain, sha in rows if sha is not None}
        for found, sha in rows:
            if sha is not None:
                sought.texts.append((join_chain(found), sha))
            elif found not in read:  # else it was read later
                sought.troubles.append(Beside(join_chain(found), trouble="it could not be read"))
        listed = WORDS.keys() & set(place.occurrence.flags)
        for word in sorted(listed - {words[found[-1]] for found, _ in rows}):
            name = f"{display(split(chain[-1])[1])} and its {WORDS[word]}"
            sought.troubles.append(Beside(name, trouble="listed, not read yet"))

    def _said(
        self, found: Sequence[tuple[str, Sha256]], texts: Mapping[Sha256, Text]
    ) -> Iterator[Beside]:
        assert self._check is not None
        for path, sha in found:
            text = texts.get(sha)
            trouble = _trouble(path, text, self._check)
            if trouble:
                yield Beside(path, sha, trouble=trouble)
            for o in text.observations if text is not None else ():
                level = _LEVELS.get(str(o.value.get("says")))
                if o.kind == CHECK and level is not None:
                    tool, told = str(o.value.get("tool", "")), str(o.value.get("text", ""))
                    yield Beside(path, sha, level, tool, told)


def described(connection: Connection, found: Iterable[Found], before: int) -> list[Sha256]:
    """Return the contents that lie beside sidecars which were just stored, once each.

    ``before`` is the custody event that stored them. Where so many lay at a place already that
    they say nothing, one more changes nothing: a flood of names costs its length, not its square.
    """
    known: dict[Sha256, None] = {}
    sidecars = (f for f in found if is_sidecar(f.occurrence.chain[-1]))
    spots = [Spot(f.occurrence.source, f.container, f.occurrence.chain) for f in sidecars]
    for spot in dict.fromkeys(spots):
        for stem in stems(spot.chain[-1]):
            if not _crowded(connection, spot, stem, STEM, before):
                _take(known, spot, beside.begun(connection, spot, stem, MEDIA))
            if not _crowded(connection, spot, stem, WHOLE, before):
                _take(known, spot, beside.called(connection, spot, stem, MEDIA))
    return list(known)


def _take(
    known: dict[Sha256, None], spot: Spot, found: Iterable[tuple[tuple[str, ...], Sha256]]
) -> None:
    for chain, sha in found:
        if chain[:-1] == spot.chain[:-1] and spot.chain[-1] in candidates(chain[-1]):
            known[sha] = None


def _crowded(
    connection: Connection, spot: Spot, stem: str, endings: Sequence[str], before: int
) -> bool:
    names = [stem + form for ending in endings for form in (ending, ending.upper())]
    rows = beside.at(connection, spot, names, 2 * CONTENTS + 1, before)
    return len({sha for _, sha in rows if sha is not None}) > CONTENTS


def waiting(connection: Connection, rows: Iterable[LedgerRow]) -> list[Sha256]:
    """Return the contents whose place rests on whether these containers were opened to the end."""
    ended = dict.fromkeys(row.item for row in rows if row.examiner.startswith("open:"))
    return beside.waiting(connection, list(ended)) if ended else []


def _is_media(bundle: Bundle) -> bool:
    return accepts(MEDIA, bundle.item.media_type)


def _is_member(found: Found) -> bool:
    o = found.occurrence
    return o.kind is EntryKind.FILE and o.role is Role.MEMBER


def _order(found: Found) -> tuple[str, tuple[str, ...]]:
    return found.occurrence.source, found.occurrence.chain


def _asks(bundle: Bundle) -> bool:
    """Tell whether a sidecar not yet met could matter: else its place is lane 1 in any case.

    The same is asked in SQL where a container has ended (``store.beside``).
    """
    return bool(bundle.matches) or any(o.level in AI_ORDER for o in bundle.observations)


def _is_cut(occurrence: Occurrence) -> bool:
    """Tell whether a sidecar's name might have been cut where this one's was not, or this one's."""
    length = sum(map(len, occurrence.chain)) + LONGEST
    return "long_name" in occurrence.flags or length > LONG_CHAIN


def _unopened(
    containers: Mapping[Sha256, str], opened: Mapping[Sha256, list[LedgerRow]]
) -> Iterator[Beside]:
    """Yield the containers that were not read to their end: a sidecar may be in the rest."""
    for sha, path in containers.items():
        rows = opened.get(sha, [])
        names = {row.examiner for row in rows}
        if not names - {_WHOLE} or names != set(opened_by(rows)):
            yield Beside(path, sha, trouble="the container was not read to its end")


def _trouble(path: str, text: Text | None, check: Check) -> str:
    """Return why a sidecar's content says nothing that can be relied on; "" where it was read."""
    if text is None:
        return "it could not be read"
    if text.size == 0:
        return ""
    if text.size > MAX_BYTES:
        return f"longer than {MAX_BYTES} bytes"
    if not accepts(check.media_types, text.media_type):
        return f"no text but {text.media_type}"
    if not text.read:
        return f"the check {CHECK} has not finished on it"
    for ending, kinds in _FORMATS.items():
        if path.lower().endswith(ending) and text.media_type not in kinds:
            return f"its name promises {ending[1:]}, its content is {text.media_type}"
    said = (str(o.value.get("trouble", "")) for o in text.observations)
    return next((trouble for trouble in said if trouble), "")


def _in_order(rows: Iterable[Beside]) -> tuple[Beside, ...]:
    """Return each statement once, a change first, then what says AI, then troubles."""
    kept: dict[tuple[object, ...], Beside] = {}
    for row in sorted(rows, key=lambda b: (b.path, b.item or "")):
        kept.setdefault((row.item or row.path, row.level, row.text, row.trouble), row)
    return tuple(
        sorted(
            kept.values(),
            key=lambda b: (bool(b.trouble), b.level is not Level.E, b.path, b.text, b.item or ""),
        )
    )
