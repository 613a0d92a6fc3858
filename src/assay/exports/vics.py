"""A selection of items as a VICS 2.0 case, for the review tool of a laboratory.

Written item by item, so that memory does not grow with the case. The originals go beside it with
``export media``: ``RelativeFilePath`` is the name that it gives them for the same selection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assay import __version__
from assay.core.errors import UsageError
from assay.core.jsonvalue import Json
from assay.core.names import display
from assay.engine.foreign_record import OWN
from assay.engine.session import Session
from assay.exports import words
from assay.exports.handover import require_new
from assay.exports.items import records
from assay.exports.lists_used import Used, lists_used
from assay.exports.selection import Selection
from assay.exports.vics_media import Maker
from assay.exports.whole import written_whole
from assay.lists.model import ListEntry
from assay.lists.writers.vics import CONTEXTS, write_vics


@dataclass(slots=True)
class Exported:
    """What an export came to."""

    items: int = 0
    decided: int = 0  # with a person's category
    listed: int = 0  # with a category of a list
    contradicted: int = 0  # without one, since people or lists contradict each other
    elsewhere: Counter[str] = field(default_factory=Counter)  # decided in another VICS scheme
    lists: Counter[str] = field(default_factory=Counter)  # items that hold a record of a list
    handling: dict[str, str] = field(default_factory=dict)  # what those lists ask for, by name


def write_case(
    session: Session, selection: Selection, out: Path, context: str, contact: str = ""
) -> Exported:
    """Write the selection as a VICS 2.0 case, whole or not at all.

    ``context`` (US, UK, Default, CUSTOM) says whose categories are written; ``contact`` names the
    person who hands it over. Raises UsageError, CaseError.
    """
    if context not in CONTEXTS:
        raise UsageError(
            f"--context {context!r} is no VICS context", hint=f"one of {', '.join(CONTEXTS)}"
        )
    require_new(session, out)
    scheme = f"vics:{context}"
    where = session.case.reader.places_of_sources()
    sources = {str(source): display(path) for source, path in where.items()}
    exported = Exported()
    maker = Maker(scheme, session.lanes_of, sources)

    def entries() -> Iterator[ListEntry]:
        for row in records(session, selection):
            made = maker.media(row)
            _count(exported, row, made.category.contradicted, scheme)
            exported.decided += made.category.decision is not None
            exported.listed += bool(made.category.lists)
            exported.lists.update(made.lists)
            yield made.entry

    used = lists_used(session)
    with written_whole(out) as stream:
        written = write_vics(entries(), stream, context, _case(session, selection, contact, used))
    exported.items = written.count
    exported.handling = {u.name: _handling(u) for u in used if exported.lists[u.name]}
    return exported


def _count(exported: Exported, row: Mapping[str, Json], contradicted: bool, scheme: str) -> None:
    exported.contradicted += contradicted
    decisions = row["decisions"]
    made = decisions if isinstance(decisions, list) else []
    others = {
        str(d["scheme"]) for d in made if isinstance(d, Mapping) and d["category"] is not None
    }
    exported.elsewhere.update(s for s in others if s.startswith("vics:") and s != scheme)


def _case(
    session: Session, selection: Selection, contact: str, used: list[Used]
) -> dict[str, Json]:
    pins = session.case.pins
    said = [
        ("policy", pins.policy_version),
        ("evaluation date", pins.evaluation_date),
        ("selection", words.selection(selection)),
        *((f"list {u.name}", f"version {u.version}; {_handling(u)}") for u in used),
    ]
    properties: list[Json] = [
        {"CaseID": pins.case_id, "PropertyName": OWN + name, "PropertyValue": value}
        for name, value in said
        if value
    ]
    case: dict[str, Json] = {
        "CaseID": pins.case_id,
        "CaseNumber": display(session.case.folder.resolve().name),
        "SourceApplicationName": "Assay",
        "SourceApplicationVersion": __version__,
        "CaseMetadata": properties,
    }
    return {**case, "ContactName": contact} if contact else case


def _handling(used: Used) -> str:
    owner = f"of {used.owner}" if used.owner else "owner not stated"
    return f"{owner}, handling: {used.handling or 'not stated'}"
