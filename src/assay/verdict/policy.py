"""The policy file: rules, level words and verbal scale as checked, frozen records.

The file is data (``data/policy.toml``); what it may say is fixed here, and an unknown word in it is
an error, because a misspelt condition would silently widen a rule.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from assay.core.errors import PolicyError
from assay.core.vocab import Lane, Level, Origin
from assay.verdict.known import Met

_MOST_BITS = 63  # apart that the search of hashes finds, of 256
_MOST_QUALITY = 100


@dataclass(frozen=True, slots=True)
class OriginRule:
    code: str
    origin: Origin
    sentence: str
    source: str
    camera: Level | None = None  # at least this camera level
    ai: Level | None = None  # at least this statement level
    edited: bool = False
    contradiction: bool = False
    near_camera: bool = False
    detector: bool = False
    shipped_detector: bool = False
    no_camera_detector: bool = False
    checks_finished: bool = False


@dataclass(frozen=True, slots=True)
class LaneRule:
    code: str
    sentence: str
    source: str
    lane: Lane | None = None  # None = inventory, or the decision's own where ``decided``
    decided: bool = False
    no_pictures: bool = False
    container_read: bool = False
    complete: bool = False
    met: Met | None = None  # how it stands to the known-hash lists
    checks_finished: bool = False
    searched: bool = False
    every_frame: bool = False
    no_camera: bool = False
    near_possible: bool = False  # near an item in lane 1
    origins: frozenset[Origin] = frozenset()  # empty = any


@dataclass(frozen=True, slots=True)
class LevelWords:
    words: str
    forge: str  # what forging it costs
    strengthen: str = ""  # what would make the evidence stronger; "" in policies before it was said


@dataclass(frozen=True, slots=True)
class Policy:
    version: str
    digest: str  # SHA-256 of the file's bytes
    origins: tuple[OriginRule, ...]
    lanes: tuple[LaneRule, ...]
    levels: Mapping[Level, LevelWords]
    scale: tuple[tuple[float, str], ...]  # (upper bound of the likelihood ratio, words)
    shipped_detectors: frozenset[str]
    detector_cap: float
    near_distance: int  # bits of a PDQ hash within which two pictures count as near copies
    near_quality: int  # PDQ quality, 0-100, below which a hash is never compared

    @property
    def compares(self) -> bool:
        """Tell whether what a file's near copies say may place it."""
        return any(r.near_camera for r in self.origins) or any(r.near_possible for r in self.lanes)

    def verbal(self, llr: float) -> str:
        """Return the ENFSI words for a measured log10 likelihood ratio."""
        ratio = 10.0 ** abs(llr)
        words = next(words for below, words in self.scale if ratio < below)
        if words == self.scale[0][1]:
            return words
        return f"{words} for {'synthetic' if llr > 0 else 'camera'}"


@cache
def shipped_policy() -> Policy:
    """Return the policy that comes with this version of Assay."""
    return parse_policy(shipped_policy_bytes(), "the shipped policy")


def shipped_policy_bytes() -> bytes:
    """Return the shipped policy file as it is; a case keeps a copy."""
    return resources.files("assay.verdict").joinpath("data/policy.toml").read_bytes()


def load_policy(path: Path) -> Policy:
    """Read an operator's policy file; raises PolicyError naming the file and the fault."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}", hint="give a readable policy file") from None
    return parse_policy(data, str(path))


def parse_policy(data: bytes, name: str) -> Policy:
    """Build a policy from TOML bytes; raises PolicyError."""
    try:
        table = tomllib.loads(data.decode("utf-8"))
        policy = _build(table, hashlib.sha256(data).hexdigest())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{name}: not valid TOML: {error}") from None
    except KeyError as error:
        raise PolicyError(f"{name}: {error.args[0]!r} is missing") from None
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{name}: {error}") from None
    _check(policy, name)
    return policy


def _build(table: dict[str, Any], digest: str) -> Policy:
    near = table.get("near", {"distance": 31, "quality": 50})
    levels = {
        Level(key): LevelWords(str(row["words"]), str(row["forge"]), str(row.get("strengthen", "")))
        for key, row in table["level"].items()
    }
    return Policy(
        version=str(table["version"]),
        digest=digest,
        origins=tuple(_origin_rule(row) for row in table["origin"]),
        lanes=tuple(_lane_rule(row) for row in table["lane"]),
        levels=levels,
        scale=tuple((float(row["below"]), str(row["words"])) for row in table["scale"]),
        shipped_detectors=frozenset(str(name) for name in table["detectors"]["shipped"]),
        detector_cap=float(table["detectors"]["cap"]),
        near_distance=int(near["distance"]),
        near_quality=int(near["quality"]),
    )


def _origin_rule(row: dict[str, Any]) -> OriginRule:
    fields = dict(row)
    fields["origin"] = Origin(fields["origin"])
    for name in ("camera", "ai"):
        if name in fields:
            fields[name] = Level(fields[name])
    return OriginRule(**fields)


def _lane_rule(row: dict[str, Any]) -> LaneRule:
    fields = dict(row)
    number = fields.pop("lane", 0)
    fields["lane"] = Lane(number) if number else None
    fields["origins"] = frozenset(Origin(name) for name in fields.get("origins", ()))
    if "met" in fields:
        fields["met"] = Met(fields["met"])
    return LaneRule(**fields)


def _allowed(rule: LaneRule) -> bool:
    """Tell whether a rule about hits on lists asks for what its lane needs (DESIGN §5, b d e)."""
    if rule.lane is None:
        return False
    match rule.met:
        case Met.UNREAD:
            return rule.lane is Lane.POSSIBLE_NEW_VICTIM
        case Met.POSITIVE:
            return rule.lane <= Lane.KNOWN_NOT_IDENTIFIED
        case Met.IDENTIFIED:
            return rule.lane <= Lane.KNOWN_IDENTIFIED and rule.searched
        case Met.GENERATED:
            sure = rule.checks_finished and rule.no_camera
            doubtful = {Origin.CONFLICT, Origin.CAMERA, Origin.EDITED}
            return sure and bool(rule.origins) and not rule.origins & doubtful
        case Met.NEGATIVE:
            return rule.searched
        case Met.NEAR:
            sure = rule.checks_finished and rule.origins <= {Origin.UNKNOWN, Origin.SYNTHETIC}
            return rule.lane <= Lane.KNOWN_NOT_IDENTIFIED and sure and bool(rule.origins)
        case Met.NEAR_PART:  # may raise what is synthetic, never lower what is not known
            synthetic = rule.origins == {Origin.SYNTHETIC}
            return rule.lane <= Lane.KNOWN_NOT_IDENTIFIED and synthetic
    return True


def _check(policy: Policy, name: str) -> None:
    """Refuse a policy that could place a file low by accident."""
    if not policy.origins or policy.origins[-1].origin is not Origin.UNKNOWN:
        raise PolicyError(f"{name}: the last origin rule must be 'unknown'")
    last = policy.lanes[-1] if policy.lanes else None
    if last is None or last.lane is not Lane.POSSIBLE_NEW_VICTIM or last.origins:
        raise PolicyError(f"{name}: the last lane rule must place everything left in lane 1")
    for rule in policy.origins:
        if rule.origin is Origin.SYNTHETIC and not (rule.checks_finished and rule.ai):
            raise PolicyError(
                f"{name}: rule {rule.code} would call a file synthetic without a statement or with "
                "unfinished checks",
                hint="give it ai = … and checks_finished = true",
            )
    for lane in policy.lanes:
        if lane.lane is None and not lane.decided and not lane.complete:
            raise PolicyError(f"{name}: rule {lane.code} would set unfinished files aside")
        if lane.met is not None and not _allowed(lane):
            raise PolicyError(
                f"{name}: rule {lane.code} would place a file lower than a list may",
                hint="the shipped policy says what each kind of hit needs",
            )
    if not policy.scale or not math.isinf(policy.scale[-1][0]):
        raise PolicyError(f"{name}: the last row of the scale must have below = inf")
    if not (0 <= policy.near_distance <= _MOST_BITS and 0 <= policy.near_quality <= _MOST_QUALITY):
        raise PolicyError(
            f"{name}: near copies cannot be told by {policy.near_distance} bits at quality "
            f"{policy.near_quality}",
            hint=f"[near] takes a distance of 0-{_MOST_BITS} and a quality of 0-{_MOST_QUALITY}",
        )
    missing = [level for level in Level if level not in policy.levels]
    if missing:
        raise PolicyError(f"{name}: no words for level {missing[0]}")
