"""Column profiles: which column of a table is which field of an entry, kept as TOML files.

title = "…"                 what it is, for people
header = true               false: columns have numbers, from 1
required = ["md5"]          fields without which the profile does not fit
any = ["md5", "sha1"]       fields of which one must be there
distinctive = ["ImageID"]   columns that speak for this profile where several fit
namespace = "csv:NAME"      of the categories
id_scope = "list"           "file": the id counts within one file, so the digest goes with it
escaped = false             cells may begin with an apostrophe that does not belong to them
[fields]                    field = columns, the first one there counts
[truth]                     true = […], false = […]: words of this source
[categories]                code = name
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from assay.core.errors import UsageError
from assay.lists.adapters._fields import plain_name

FIELDS = (
    "id",
    "md5",
    "sha1",
    "sha256",
    "hash",
    "size",
    "pdq",
    "pdq_quality",
    "photodna",
    "netclean",
    "tmk",
    "hashes",
    "category",
    "namespace",
    "identified",
    "distributed",
    "series",
    "disputed",
    "deleted",
    "updated",
    "label",
    "record",
)
BUILT_IN = Path(__file__).parent.parent / "profiles"
_ORDER = ("icse", "caid", "assay", "hashes", "one-hash")


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    fields: Mapping[str, tuple[str | int, ...]]  # field -> columns by name or number
    title: str = ""
    header: bool = True
    required: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    distinctive: tuple[str, ...] = ()
    namespace: str = ""
    id_scope: str = "list"
    escaped: bool = False
    truth: Mapping[str, bool] = field(default_factory=dict)  # words in lower case
    categories: Mapping[str, str] = field(default_factory=dict)

    def columns(self, names: Sequence[str]) -> dict[str, int]:
        """Return the position of each field's column among the columns of a table."""
        if not self.header:
            return {
                what: column - 1
                for what, columns in self.fields.items()
                for column in columns[:1]
                if isinstance(column, int)
            }
        plain = [plain_name(name) for name in names]
        found: dict[str, int] = {}
        for what, columns in self.fields.items():
            for column in columns:
                if (name := plain_name(str(column))) in plain:
                    found[what] = plain.index(name)
                    break
        return found

    def fits(self, names: Sequence[str]) -> int:
        """Return how well the profile fits a header: 0 not at all, else a count of columns."""
        found = self.columns(names)
        if not found or any(name not in found for name in self.required):
            return 0
        if self.any and not any(name in found for name in self.any):
            return 0
        plain = {plain_name(name) for name in names}
        speaking = sum(plain_name(name) in plain for name in self.distinctive)
        if self.distinctive and not speaking:
            return 0
        return len(set(found.values())) + speaking


def built_in() -> tuple[Profile, ...]:
    """Return the profiles that come with Assay, the special ones first."""
    return tuple(_built_in(name) for name in _ORDER)


def known(folder: str) -> tuple[Profile, ...]:
    """Return the profiles of a folder, which come before and replace built-in ones."""
    own = tuple(load(path) for path in sorted(Path(folder).glob("*.toml"))) if folder else ()
    names = {profile.name for profile in own}
    return own + tuple(profile for profile in built_in() if profile.name not in names)


def named(name: str, folder: str) -> Profile:
    """Return a profile by its name or its file; raises UsageError that lists what there is."""
    if name.endswith(".toml") and Path(name).is_file():
        return load(Path(name))
    profiles = known(folder)
    for profile in profiles:
        if profile.name == name:
            return profile
    names = ", ".join(profile.name for profile in profiles)
    raise UsageError(f"unknown column profile {name!r}", hint=f"known ones are {names}")


def load(path: Path) -> Profile:
    """Read a profile; raises UsageError that says what is wrong with it."""
    try:
        return _profile(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, ValueError) as error:
        raise UsageError(f"{path}: no usable column profile: {error}") from None


@cache
def _built_in(name: str) -> Profile:
    return load(BUILT_IN / f"{name}.toml")


def _profile(name: str, data: Mapping[str, Any]) -> Profile:
    fields = data.get("fields")
    if not isinstance(fields, Mapping) or not fields:
        raise ValueError("it has no [fields]")
    wrong = [what for what in fields if what not in FIELDS]
    wrong += [
        what for what in (*data.get("required", ()), *data.get("any", ())) if what not in fields
    ]
    if wrong:
        raise ValueError(f"unknown or missing fields: {', '.join(wrong)}")
    header = bool(data.get("header", True))
    columns: dict[str, tuple[str | int, ...]] = {
        what: tuple(str(column) if header else int(column) for column in given)
        for what, given in fields.items()
    }
    if not header and any(int(column) < 1 for given in columns.values() for column in given):
        raise ValueError("columns are counted from 1")
    words = data.get("truth", {})
    truth = {str(word).lower(): True for word in words.get("true", ())}
    truth |= {str(word).lower(): False for word in words.get("false", ())}
    return Profile(
        name=name,
        fields=columns,
        title=str(data.get("title", "")),
        header=header,
        required=tuple(data.get("required", ())),
        any=tuple(data.get("any", ())),
        distinctive=tuple(data.get("distinctive", ())),
        namespace=str(data.get("namespace", "")) or f"csv:{name}",
        id_scope=str(data.get("id_scope", "list")),
        escaped=bool(data.get("escaped", False)),
        truth=truth,
        categories={str(code): str(text) for code, text in data.get("categories", {}).items()},
    )
