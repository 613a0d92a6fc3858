"""The dated record of a validation: JSON for programs, one HTML file for the laboratory."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jinja2

from assay.core.errors import AssayError, UsageError
from assay.core.jsonvalue import Json
from assay.core.names import display
from assay.validation import answers
from assay.validation.compare import Check
from assay.validation.run import Outcome
from assay.validation.tool import libraries, machine, tool

FORMAT = 1
KINDS = (".html", ".json")


@dataclass(frozen=True, slots=True)
class Written:
    html: Path
    json: Path
    sha256: str  # of the JSON file; the HTML file states it too


def places(out: Path | None) -> tuple[Path, Path]:
    """Return where the HTML and the JSON go; raises UsageError where a file is there already.

    Asked for one, the other lies beside it. Without a name: a dated one in the current folder.
    """
    if out is None:
        now = datetime.datetime.now(datetime.UTC)
        out = Path(f"assay-validation-{now:%Y%m%dT%H%M%SZ}.html")
    if out.suffix.lower() not in KINDS:
        raise UsageError(
            f"{out}: the record is a .html and a .json file", hint=f"give -o {out.name}.html"
        )
    pair = out.with_suffix(".html"), out.with_suffix(".json")
    for path in pair:
        if path.exists():
            raise UsageError(f"{path}: exists already", hint="give another name with -o")
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: is no folder", hint="make it first, or give another")
    return pair


def describe(outcome: Outcome, operator: str) -> dict[str, Json]:
    """Return the record as JSON: who, when, what ran, where, every value expected and found."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    values = [value for check in outcome.checks for value in check.values]
    failed = sum(not check.passed for check in outcome.checks)
    return {
        "format": FORMAT,
        "title": "Validation of Assay with known answers",
        "result": "passed" if outcome.passed else "failed",
        "checks_total": len(outcome.checks),
        "checks_failed": failed,
        "values_compared": len(values),
        "values_different": sum(not value.agrees for value in values),
        "made_at": now.replace("+00:00", "Z"),
        "operator": operator,
        "tool": {
            **tool(),
            "policy": {"version": outcome.policy[0], "sha256": outcome.policy[1]},
        },
        "known_answers": {
            "sha256": answers.set_digest(),
            "evaluation_date": answers.EVALUATION_DATE,
        },
        "machine": machine(),
        "libraries": libraries(),
        "seal": {
            "level": outcome.seal.level.value,
            "sound": outcome.seal.sound,
            "attempts": dict(outcome.seal.attempts),
            "not_stopped": list(outcome.seal.leaks),
            "missing": list(outcome.seal.missing),
            "levels_of_the_run": list(outcome.seals_used),
        },
        "checks": [_check(check) for check in outcome.checks],
    }


def write(record: Mapping[str, Json], html: Path, target: Path) -> Written:
    """Write both files; raises AssayError where one cannot be written."""
    text = json.dumps(record, indent=1, ensure_ascii=True) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    page = _page(record, target.name, digest)
    try:
        for path, content in ((target, text), (html, page)):
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(content)
    except OSError as error:
        raise AssayError(
            f"{error.filename}: {error.strerror}", hint="give another place with -o"
        ) from error
    return Written(html, target, digest)


def differences(outcome: Outcome) -> list[str]:
    """Return one line for every value that is not what it should be."""
    return [
        f"{check.name}: {_where(value.path)}{value.field}: "
        f"expected {_shown(value.expected)}, found {_shown(value.found)}"
        for check in outcome.checks
        for value in check.values
        if not value.agrees
    ]


def _where(path: str) -> str:
    return f"{display(path)}: " if path else ""


def _check(check: Check) -> dict[str, Json]:
    return {
        "name": check.name,
        "area": check.area,
        "passed": check.passed,
        "file": check.file or None,
        "sha256": check.sha256 or None,
        "known_from": check.basis,
        "values": [
            {
                "path": display(value.path) or None,
                "field": value.field,
                "expected": value.expected,
                "found": value.found,
                "agrees": value.agrees,
            }
            for value in check.values
        ],
    }


def _page(record: Mapping[str, Json], json_name: str, digest: str) -> str:
    folder = resources.files("assay.validation").joinpath("templates")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = _shown
    template = environment.from_string(folder.joinpath("record.html").read_text("utf-8"))
    checks = record["checks"]
    assert isinstance(checks, list)
    areas: dict[str, list[Json]] = {}
    for check in checks:
        assert isinstance(check, Mapping)
        areas.setdefault(str(check["area"]), []).append(check)
    return template.render(r=record, areas=areas, json_name=json_name, json_sha256=digest)


def _shown(value: Json) -> str:
    """Write a JSON value for a person."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return display(value) or "(empty text)"
    if isinstance(value, Sequence):
        return "; ".join(map(_shown, value)) or "none"
    return display(json.dumps(value, ensure_ascii=False))
