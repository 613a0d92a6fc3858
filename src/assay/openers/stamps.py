"""Times as archives store them, kept raw beside their reading in UTC and its zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from assay.core.facts import Stamp

_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOWS = datetime(1601, 1, 1, tzinfo=UTC)


def unix_stamp(field: str, seconds: float, raw: str | None = None) -> Stamp:
    """Return a time stored as seconds since 1970 UTC."""
    return Stamp(field, raw if raw is not None else str(seconds), "UTC", _after(_UNIX, seconds))


def filetime_stamp(field: str, ticks: int) -> Stamp:
    """Return a time stored as 100 ns since 1601 UTC (Windows FILETIME)."""
    return Stamp(field, str(ticks), "UTC", _after(_WINDOWS, ticks / 10_000_000))


def dos_stamp(field: str, date: int, time: int, timezone: str | None) -> Stamp:
    """Return a time stored as an MS-DOS date and time: 2 s steps, local, no zone recorded.

    The zone is ``timezone`` where the case assumes one ("assumed Europe/Amsterdam"), else unknown.
    """
    zone = f"assumed {timezone}" if timezone else "unknown"
    try:
        local = datetime(  # noqa: DTZ001 - the zone is not recorded
            1980 + (date >> 9),
            date >> 5 & 15,
            date & 31,
            time >> 11,
            time >> 5 & 63,
            (time & 31) * 2,
        )
    except ValueError:
        return Stamp(field, f"0x{date:04x} 0x{time:04x}", zone)
    return Stamp(field, local.isoformat(" "), zone, _in_zone(local, timezone))


def local_stamp(field: str, parts: Sequence[int], timezone: str | None) -> Stamp:
    """Return a time stored as year, month, day, hour, minute, second, with no zone recorded."""
    zone = f"assumed {timezone}" if timezone else "unknown"
    year, month, day, hour, minute, second = parts
    raw = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
    try:
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - none recorded
    except ValueError:
        return Stamp(field, raw, zone)
    return Stamp(field, raw, zone, _in_zone(local, timezone))


def _in_zone(local: datetime, timezone: str | None) -> str | None:
    zone = zone_of(timezone) if timezone else None
    if zone is None:
        return None
    try:
        return _text(local.replace(tzinfo=zone).astimezone(UTC))
    except OverflowError:
        return None


@lru_cache(maxsize=8)
def zone_of(timezone: str) -> ZoneInfo | None:
    """Return a time zone by name; call it once before the seal, since it reads the zone's file."""
    try:
        return ZoneInfo(timezone)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None


def _after(epoch: datetime, seconds: float) -> str | None:
    try:
        return _text(epoch + timedelta(seconds=seconds))
    except (OverflowError, ValueError):
        return None


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"
