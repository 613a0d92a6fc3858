"""Expected against found, value by value. Nothing is rounded and nothing is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assay.core.jsonvalue import Json
from assay.validation.answers import Answer

_SUMS = {
    "claims": ("level", "polarity"),
    "failures": ("examiner", "reason"),
    "findings": ("kind",),
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value: where, what it should be, what it is."""

    path: str
    field: str
    expected: Json
    found: Json

    @property
    def agrees(self) -> bool:
        return _same(self.expected, self.found)


@dataclass(frozen=True, slots=True)
class Check:
    """One known answer with every value that was compared."""

    name: str
    area: str
    file: str  # empty where it is about no file
    sha256: str
    basis: str
    values: tuple[Value, ...]

    @property
    def passed(self) -> bool:
        return all(value.agrees for value in self.values)


def compare(answer: Answer, records: Iterable[Mapping[str, Json]]) -> Check:
    """Compare what was found in a file, and of everything inside it, with what is known."""
    found = {
        path: record
        for record in records
        for path in _paths(record)
        if path == answer.file or path.startswith(answer.file + "!/")
    }
    values = [
        Value(answer.file, "contents", [*sorted(answer.expect)], [*sorted(found)]),
        *(
            Value(path, field, expected, value_of(found[path], field) if path in found else None)
            for path, fields in answer.expect.items()
            for field, expected in fields.items()
        ),
    ]
    return Check(answer.name, answer.area, answer.file, answer.sha256, answer.basis, tuple(values))


def value_of(record: Mapping[str, Json], field: str) -> Json:
    """Return a field of a record by its dotted name; None where it is not there."""
    if field in _SUMS:
        rows = record[field]
        assert isinstance(rows, list)
        said = {
            " ".join(str(row[name]) for name in _SUMS[field])
            for row in rows
            if isinstance(row, Mapping)
        }
        return list[Json](sorted(said))
    value: Json = dict(record)
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _paths(record: Mapping[str, Json]) -> list[str]:
    places = record["occurrences"]
    assert isinstance(places, list)
    return [str(place["path"]) for place in places if isinstance(place, Mapping)]


def _same(expected: Json, found: Json) -> bool:
    """Tell whether two JSON values are the same; true is not 1, 1 is not 1.0."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return expected.keys() == found.keys() and all(
            _same(expected[key], found[key]) for key in expected
        )
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_same, expected, found))
    return type(expected) is type(found) and expected == found
