"""Writing ``list.toml``: the rows that change, and nothing else where the file's layout allows it.

Comments, the order of rows and what people wrote stay. A file with inline tables is written anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from assay.core.jsonvalue import Json
from assay.lists.manifest import write_whole
from assay.lists.model import Polarity
from assay.lists.properties import ANY, NAME, Category, Properties, checked, load, parsed, shipped
from assay.lists.toml_rows import key, string, with_row


def save(folder: Path, found: Properties) -> None:
    """Make the file say this; raises ValueError where a value is outside its range."""
    checked(found)
    path = folder / NAME
    text = _whole_text(found)
    if path.exists():
        before, written = load(folder), path.read_text("utf-8")
        with suppress(ValueError):
            changed = _changed(written, before, found)
            if parsed(changed, folder.name) == found:
                text = changed
    write_whole(path, text.encode("utf-8"))


def with_tables(
    folder: Path, found: Properties, met: Mapping[str, Mapping[str, str]]
) -> Properties:
    """Add the tables of namespaces met for the first time: ours, else the file's own names.

    ``met`` gives for each namespace the code and name that its file states. Codes of a scheme that
    Assay does not know place nothing until somebody says what they mean; so do codes of one that
    seemed to have none, with a table of ``*`` alone: it was written for records without a code.
    """
    categories = dict(found.categories)
    for namespace, names in met.items():
        there, ours = categories.get(namespace), shipped().get(namespace)
        is_open = there is None or (there.keys() == {ANY} and ours is None)
        if not namespace or not is_open:
            continue
        new = ours or {code: Category(name, Polarity.NONE) for code, name in names.items()}
        if new:
            categories[namespace] = {**new, **(there or {})}
    if categories == found.categories:
        return found
    after = replace(found, categories=categories)
    save(folder, after)
    return after


def _changed(text: str, before: Properties, found: Properties) -> str:
    """Return the text with the rows that differ; raises ValueError where it is no TOML."""
    was = before.to_json()
    for name, value in found.to_json().items():
        if name not in ("categories", "distances") and value != was[name]:
            text = with_row(text, (), name, _value(value))
    for name, distance in found.distances.items():
        if before.distances.get(name) != distance:
            text = with_row(text, ("distances",), name, str(distance))
    for namespace, table in found.categories.items():
        old = before.categories.get(namespace)
        if old is None:
            text = text.rstrip("\n") + "\n" + _table(namespace, table)
            continue
        for code, category in table.items():
            if old.get(code) != category:
                text = with_row(text, ("categories", namespace), code, _category(category))
    return text


def _whole_text(found: Properties) -> str:
    lines = ["# A known-hash list of Assay. See docs/reference/lists.md for what each row means."]
    for name, value in found.to_json().items():
        if name not in ("categories", "distances"):
            lines.append(f"{name} = {_value(value)}")
    if found.distances:
        lines += ["", "[distances]"]
        lines += [f"{key(name)} = {value}" for name, value in sorted(found.distances.items())]
    text = "\n".join(lines) + "\n"
    for namespace, table in sorted(found.categories.items()):
        text += _table(namespace, table)
    return text


def _table(namespace: str, table: Mapping[str, Category]) -> str:
    rows = "".join(f"{key(code)} = {_category(category)}\n" for code, category in table.items())
    return f"\n[categories.{key(namespace)}]\n{rows}"


def _category(category: Category) -> str:
    return f'{{ name = {string(category.name)}, polarity = "{category.polarity.value}" }}'


def _value(value: Json) -> str:
    return str(value) if isinstance(value, int) else string(str(value))
