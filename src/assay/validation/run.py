"""Runs the known-answer set the way evidence is run: a folder, a case, sealed workers, a policy."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from assay.core.jsonvalue import Json
from assay.engine import verify as checking
from assay.engine.session import CaseOptions, Session, create
from assay.engine.triage import add_sources, open_sources, run_case
from assay.exports.items import records
from assay.exports.selection import Selection
from assay.sandbox import report
from assay.sandbox.headstart import HeadStart
from assay.store import queries
from assay.validation import answers
from assay.validation.compare import Check, Value, compare
from assay.validation.tool import installation

_ACTOR = "validation"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that was checked, and the seal under which files were read."""

    seal: report.SealReport
    seals_used: tuple[str, ...]  # as recorded with the observations of the case
    policy: tuple[str, str]  # version, digest
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)


def validate(ahead: HeadStart | None = None) -> Outcome:
    """Examine the set in a temporary case and compare; raises AssayError where it cannot run."""
    seal = report.check()
    known = answers.load()
    with tempfile.TemporaryDirectory(prefix="assay-validate-") as place:
        evidence = Path(place) / "known-answers"
        for answer in known:
            target = evidence / answer.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(answers.data_of(answer))
        authority = Path(place) / answers.AUTHORITY
        authority.write_bytes(answers.folder().joinpath(answers.AUTHORITY).read_bytes())
        options = CaseOptions(evaluation_date=answers.EVALUATION_DATE, trust=(authority,))
        with create(Path(place) / "case", options, _ACTOR) as session:
            sources = open_sources(session, [evidence])
            add_sources(session, sources, _ACTOR)
            plan = session.plan(passwords=(answers.PASSWORD,))
            run_case(session, sources, plan, operator=_ACTOR, ahead=ahead)
            rows = list(records(session, Selection()))
            used = tuple(queries.seals(session.case.connection))
            checks = (
                _seal(seal),
                *installation(),
                *(compare(answer, rows) for answer in known),
                _account(session, len(known)),
            )
            return Outcome(seal, used, (session.policy.version, session.policy.digest), checks)


def _seal(seal: report.SealReport) -> Check:
    values = (Value("", "let through against its level", [], list(seal.leaks)),)
    basis = "a worker tries to break out; docs/reference/sandbox.md says what each level stops"
    return Check("workers are as sealed as their level says", "seal", "", "", basis, values)


def _account(session: Session, files: int) -> Check:
    """Check what holds for any case: nothing lost, nothing contradictory."""
    differences: list[Json] = [
        f"{finding.part}: {finding.text}" for finding in checking.verify(session, sources=True)
    ]
    # members that a limit or a lock stops are known answers of their own
    unread: list[Json] = [
        path for path in queries.unread(session.case.connection) if "!/" not in path
    ]
    roots = sum(
        1 for row in records(session, Selection()) for path in _top_level(row) if "!/" not in path
    )
    values = (
        Value("", "files accounted for", files, roots),
        Value("", "files that could not be read", [], unread),
        Value("", "differences when everything is judged again", [], differences),
    )
    basis = "every file once; chain, facts, verdicts and ranks recomputed as assay verify does"
    return Check("the case adds up and verifies", "case", "", "", basis, values)


def _top_level(row: dict[str, Json]) -> list[str]:
    places = row["occurrences"]
    assert isinstance(places, list)
    return [str(place["path"]) for place in places if isinstance(place, dict)]
