"""Which files of a source a person left out, by --include, --exclude and --since.

Whatever is left out is still listed, with the reason, so that the coverage account adds up.

Patterns are matched without regard to case (evidence comes from FAT, NTFS and phones as well).
A pattern without "/" is matched against the name alone, at any depth; one with "/" against the
whole path inside the source. ``*`` and ``?`` stay within one part of a path, ``**`` does not;
``[abc]`` and ``[!abc]`` are sets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from assay.core.errors import UsageError

_SECOND = 1_000_000_000  # ns


@dataclass(frozen=True, slots=True)
class Pattern:
    text: str
    expression: re.Pattern[str]

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Compile a glob; raises UsageError for an empty one."""
        cleaned = text.removeprefix("./").lstrip("/")
        if not cleaned:
            raise UsageError(
                "an empty pattern matches nothing", hint="for example --exclude '*.iso'"
            )
        anchored = "/" in text
        if cleaned.endswith("/"):
            cleaned += "**"
        prefix = "" if anchored else "(?:.*/)?"
        return cls(text, re.compile(prefix + _translate(cleaned), re.IGNORECASE | re.DOTALL))

    def matches(self, key: str) -> bool:
        return self.expression.fullmatch(key) is not None


def _translate(glob: str) -> str:
    out = []
    at = 0
    while at < len(glob):
        if glob.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 3
        elif glob.startswith("**", at):
            out.append(".*")
            at += 2
        elif glob[at] == "*":
            out.append("[^/]*")
            at += 1
        elif glob[at] == "?":
            out.append("[^/]")
            at += 1
        elif glob[at] == "[" and (end := glob.find("]", at + 2)) > 0:
            body = glob[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out.append("[" + ("^/" + body[1:] if body[0] == "!" else body) + "]")
            at = end + 1
        else:
            out.append(re.escape(glob[at]))
            at += 1
    return "".join(out)


@dataclass(frozen=True, slots=True)
class Filters:
    """The choice made for a run; without arguments it leaves nothing out."""

    include: tuple[Pattern, ...] = ()
    exclude: tuple[Pattern, ...] = ()
    since_ns: int | None = None
    since: str = field(default="", compare=False)

    @classmethod
    def of(
        cls,
        include: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        since: str | None = None,
    ) -> Filters:
        """Build filters from the command line's words; raises UsageError."""
        return cls(
            tuple(Pattern.of(text) for text in include),
            tuple(Pattern.of(text) for text in exclude),
            _nanoseconds(since) if since is not None else None,
            since or "",
        )

    def reason(self, key: str, mtime_ns: int | None) -> str | None:
        """Return why a file is left out, or None; a file without a time is never too old."""
        if self.include and not any(pattern.matches(key) for pattern in self.include):
            return "matches no --include pattern"
        for pattern in self.exclude:
            if pattern.matches(key):
                return f"matches --exclude {pattern.text}"
        if self.since_ns is not None and mtime_ns is not None and mtime_ns < self.since_ns:
            return f"last changed before --since {self.since}"
        return None


def _nanoseconds(text: str) -> int:
    """Read an ISO 8601 date or time; without a zone it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--since {text}: not an ISO date", hint="for example 2024-05-31 or 2024-05-31T12:00Z"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * _SECOND
