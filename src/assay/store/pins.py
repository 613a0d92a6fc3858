"""What a case is pinned to: tool, policy, examiner versions, dates, trust lists; as TOML too.

The database holds the pins; ``case.toml`` shows the same to people, and ``check`` compares them.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.core.jsonvalue import Json, JsonObject, digest_of
from assay.store.errors import file_errors

_HEADER = """\
# An Assay case. This file shows what the case is pinned to; the database case.db holds the same.
# Changing it changes nothing but makes `assay verify` report it.

"""


@dataclass(frozen=True, slots=True)
class TrustPin:
    """A list of trust anchors as it was when it was pinned."""

    name: str
    role: str  # "signer", "timestamp"
    digest: str  # SHA-256 of the file that the list was read from
    count: int  # anchors
    tier: str = ""  # "official", "interim", "operator"; empty in cases older than the tiers
    date: str = ""  # ISO date of the list; empty where it has none

    def to_json(self) -> JsonObject:
        """Return typed JSON; what is empty is left out, so that old pins keep their digest."""
        row: dict[str, Json] = {
            "name": self.name,
            "role": self.role,
            "digest": self.digest,
            "count": self.count,
        }
        row.update({k: v for k, v in (("tier", self.tier), ("date", self.date)) if v})
        return row


@dataclass(frozen=True, slots=True)
class Pins:
    """Everything that decides how a case's items are examined, judged and placed."""

    case_id: str
    created: str  # ISO 8601 UTC
    assay_version: str
    policy_version: str
    policy_digest: str
    evaluation_date: str  # ISO date
    schema: str = ""  # filled by the store
    timezone: str | None = None  # assumed for zoneless times; None = unknown
    examiners: Mapping[str, str] = field(default_factory=dict)  # name -> version
    configs: Mapping[str, str] = field(default_factory=dict)  # name -> digest of its settings
    trust: tuple[TrustPin, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since: str | None = None

    def to_json(self) -> JsonObject:
        return {
            "case_id": self.case_id,
            "created": self.created,
            "assay_version": self.assay_version,
            "schema": self.schema,
            "policy_version": self.policy_version,
            "policy_digest": self.policy_digest,
            "evaluation_date": self.evaluation_date,
            "timezone": self.timezone,
            "examiners": dict(self.examiners),
            "configs": dict(self.configs),
            "trust": [t.to_json() for t in self.trust],
            "limits": dict(self.limits),
            "include": list(self.include),
            "exclude": list(self.exclude),
            "since": self.since,
        }

    @property
    def digest(self) -> str:
        return digest_of(self.to_json())


def pins_from_json(value: JsonObject) -> Pins:
    """Read pins back; raises ValueError where a field is missing or of another type."""
    try:
        return Pins(
            case_id=_text(value["case_id"]),
            created=_text(value["created"]),
            assay_version=_text(value["assay_version"]),
            schema=_text(value["schema"]),
            policy_version=_text(value["policy_version"]),
            policy_digest=_text(value["policy_digest"]),
            evaluation_date=_text(value["evaluation_date"]),
            timezone=_text_or_none(value.get("timezone")),
            examiners={k: _text(v) for k, v in _table(value["examiners"]).items()},
            configs={k: _text(v) for k, v in _table(value["configs"]).items()},
            trust=tuple(_trust_pin(_table(row)) for row in _list(value["trust"])),
            limits={k: _int(v) for k, v in _table(value["limits"]).items()},
            include=tuple(map(_text, _list(value["include"]))),
            exclude=tuple(map(_text, _list(value["exclude"]))),
            since=_text_or_none(value.get("since")),
        )
    except KeyError as error:
        raise ValueError(f"the field {error} is missing") from error


def _trust_pin(row: JsonObject) -> TrustPin:
    return TrustPin(
        name=_text(row["name"]),
        role=_text(row["role"]),
        digest=_text(row["digest"]),
        count=_int(row["count"]),
        tier=_text(row.get("tier", "")),
        date=_text(row.get("date", "")),
    )


def write_toml(pins: Pins, settings_digest: str, path: Path) -> None:
    """Write ``case.toml``, whole or not at all; raises CaseError."""
    value = {**pins.to_json(), "settings_digest": settings_digest}
    partial = path.with_name(path.name + ".partial")
    with file_errors(path.parent):
        with partial.open("w", encoding="utf-8", newline="\n") as out:
            out.write(_HEADER + dump_toml(value))
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)


def read_toml(path: Path) -> tuple[Pins, str]:
    """Return the pins and the settings digest of a ``case.toml``; raises ValueError, OSError."""
    value = tomllib.loads(path.read_text(encoding="utf-8"))
    settings_digest = _text(value.get("settings_digest", ""))
    return pins_from_json({"trust": [], **value}), settings_digest


# ---- a TOML writer for the one level of tables that a case needs (https://toml.io/en/v1.0.0)


def dump_toml(value: JsonObject) -> str:
    """Return strings, integers, lists of strings, tables of these and arrays of tables as TOML.

    None is left out. A string with lone surrogates, which TOML cannot hold, becomes
    ``{json = "…"}`` with JSON's escapes.
    """
    simple, tables = [], []
    for key, v in value.items():
        if isinstance(v, Mapping):
            tables.append(f"\n[{_key(key)}]\n" + _pairs(v))
        elif isinstance(v, Sequence) and v and all(isinstance(row, Mapping) for row in v):
            tables += [f"\n[[{_key(key)}]]\n" + _pairs(_table(row)) for row in v]
        elif v is not None and not (key == "trust" and not v):
            simple.append(f"{_key(key)} = {_value(v)}\n")
    return "".join(simple + tables)


def _pairs(table: JsonObject) -> str:
    return "".join(f"{_key(k)} = {_value(v)}\n" for k, v in table.items() if v is not None)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _value(value: Json) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"{{json = {_quoted(json.dumps(value))}}}"
        return _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    raise ValueError(f"no TOML form for {type(value).__name__}")


def _quoted(value: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(c) or _escaped(c) for c in value) + '"'


def _escaped(char: str) -> str:
    """Escape what TOML forbids in a basic string, and what could hide text in a terminal."""
    if char.isprintable():
        return char
    return f"\\u{ord(char):04X}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08X}"


# ---- checked reading


def _text(value: Json) -> str:
    if isinstance(value, Mapping) and isinstance(value.get("json"), str):
        value = json.loads(str(value["json"]))
    if not isinstance(value, str):
        raise _unlike("text", value)
    return value


def _text_or_none(value: Json) -> str | None:
    return None if value is None else _text(value)


def _int(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unlike("an integer", value)
    return value


def _table(value: Json) -> JsonObject:
    if not isinstance(value, Mapping):
        raise _unlike("a table", value)
    return value


def _list(value: Json) -> Sequence[Json]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _unlike("a list", value)
    return value


def _unlike(expected: str, value: Json) -> ValueError:
    return ValueError(f"{expected} expected, not {type(value).__name__}")
