"""Changing a list: import, remove, compact, mend, hold a hash, set a property.

One writer at a time. Each step ends with one replaced manifest: killed before it, the list is as
it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.core.errors import AssayError, PolicyError, UsageError
from assay.lists import importing, list_toml, perceptual, properties, writing
from assay.lists import manifest as manifests
from assay.lists.adapters.registry import open_list
from assay.lists.held import Held, in_force, problem, read_held, write_held
from assay.lists.importing import Pieces, Summary
from assay.lists.index_files import HammingIndexError
from assay.lists.manifest import Manifest, WriteLock
from assay.lists.marks import Marks, read_marks
from assay.lists.model import Polarity
from assay.lists.properties import Properties
from assay.lists.reading import ListReader
from assay.lists.records import RecordFile, decode
from assay.lists.sealed import ListDamagedError
from assay.lists.writing import Draft


@contextmanager
def _writing(folder: Path) -> Iterator[Manifest]:
    """Hold the lock of a list, free it of remains, and give its manifest."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(folder, error) from error
    with WriteLock(folder):
        try:
            yield _tidied(folder)
            _tidied(folder)
        except OSError as error:
            raise _refused(folder, error) from error


def _tidied(folder: Path) -> Manifest:
    """Remove what the manifest does not name, and return it."""
    found = manifests.load(folder) if manifests.exists(folder) else Manifest()
    writing.remove_strays(folder, found)
    perceptual.remove_strays(folder, found)
    return found


def add(
    folder: Path,
    path: Path,
    options: Mapping[str, str] | None = None,
    *,
    pieces: Callable[[Path], Pieces] | None = None,
    at: str = "",
) -> Summary:
    """Import one file into the list in ``folder``, which begins with its first one.

    ``options`` go to the adapter; ``format`` among them names it, else the content decides.
    ``pieces`` reads a file in another way. ``at`` is the moment to record (ISO 8601), the clock's
    by default. The file that was imported last is not read again.
    """
    options = dict(options or {})
    if not path.is_file():
        raise PolicyError(f"{path}: there is no such file")
    try:
        with _writing(folder) as before:
            last = before.imports[-1] if before.imports else None
            if last is not None and last["options"] == options:
                digest = importing.file_digest(path)
                if last["sha256"] == digest:
                    return Summary(path.name, digest, unchanged=True)
            found = pieces(path) if pieces else open_list(path, options)
            table = properties.load(folder)
            marks = read_marks(folder, before)  # the import brings them to its own state
            manifest, summary, met = importing.import_file(
                folder,
                before,
                marks,
                read_held(folder, before.held),
                path,
                found,
                options,
                flood=table.flood,
                at=at or datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            )
            manifest = perceptual.follow(folder, before, manifest, marks)
            after = list_toml.with_tables(folder, table, met)
            summary.new_codes = after.unsaid() - table.unsaid()
            manifests.commit(folder, manifest)
            return summary
    finally:
        if folder.is_dir() and not manifests.exists(folder):
            _drop(folder)  # a list that never came to be


def remove(folder: Path) -> None:
    """Remove a list for good. Readers that have it open keep it until they end."""
    with _writing(folder):
        for name in (manifests.NAME, manifests.COPY):
            (folder / name).unlink(missing_ok=True)
    _drop(folder)


def compact(folder: Path) -> list[str]:
    """Write a list anew without repeats and with one file of each kind; versions stay.

    Damage is mended on the way; return what was done about it. Raises ListDamagedError where the
    records themselves are damaged.
    """
    try:
        reader = ListReader(folder, near=False)
        reader.check()
    except ListDamagedError as error:
        return [str(error), *repair(folder, error)]
    del reader
    with _writing(folder) as before:
        lines = ListReader(folder, near=False).lines()
        _rewrite(folder, before, lines, read_held(folder, before.held))
    return []


def repair(folder: Path, damage: AssayError) -> list[str]:
    """Rebuild what can be rebuilt from the records; return what was done, for people.

    Raises the damage again where the records themselves are damaged.
    """
    try:
        with _writing(folder) as before:
            if isinstance(damage, HammingIndexError):
                marks = read_marks(folder, before)
                manifests.commit(folder, perceptual.rebuild(folder, before, marks))
                return [f"{folder.name}: the index of perceptual hashes was rebuilt"]
            notes = [f"{folder.name}: digests and marks were rebuilt from the stored records"]
            held: tuple[Held, ...] = ()
            try:
                held = read_held(folder, before.held)
            except ListDamagedError as error:
                notes.append(f"{error}: what people held or released is lost")
            _rewrite(folder, before, _all_lines(folder, before), held)
            return notes
    except ListDamagedError as error:
        raise error from damage


def _all_lines(folder: Path, found: Manifest) -> Iterator[tuple[int, bytes]]:
    for run in found.runs:
        seals = {"index": run.seals["index"]}
        yield from RecordFile(folder / run.stem, run.base, seals).lines()


def _rewrite(
    folder: Path, before: Manifest, lines: Iterable[tuple[int, bytes]], held: tuple[Held, ...]
) -> None:
    blank = Manifest(before.generation, version=before.version, imports=before.imports)
    marks = Marks(0)
    draft = Draft(folder, blank, marks, held, properties.load(folder).flood)
    try:
        for number, line in lines:
            draft.add_line(decode(line, number), line)
        manifest, _ = draft.finish()
        manifest = perceptual.rebuild(folder, manifest, marks)
    except BaseException:
        draft.abandon()
        raise
    manifests.commit(folder, manifest)


def hold(folder: Path, held: Held) -> None:
    """Leave a hash of a list out of matching, with a reason that is shown."""
    if wrong := problem(held):
        raise PolicyError(f"{folder.name}: {wrong}", hint="give a hash and say what it matches")
    with _writing(folder) as before:
        kept = [each for each in read_held(folder, before.held) if each.key != held.key]
        _commit_held(folder, before, (*kept, held), {"held": list(held.key)})


def release(folder: Path, algorithm: str, value: str) -> None:
    """Match a hash again that was held, whoever held it; no later import holds it again."""
    with _writing(folder) as before:
        there = read_held(folder, before.held)
        free = [each for each in in_force(there) if each.key == (algorithm, value)]
        if not free:
            raise PolicyError(f"{folder.name}: {algorithm} {value} is not held")
        kept = [each for each in there if each.key != (algorithm, value)]
        rows = (*kept, replace(free[0], released=True))
        _commit_held(folder, before, rows, {"released": [algorithm, value]})


def _commit_held(
    folder: Path, before: Manifest, held: tuple[Held, ...], what: Mapping[str, list[str]]
) -> None:
    part = write_held(folder, f"{before.generation + 1:08d}", held)
    after = replace(before, held=part, version=before.changed(what))
    marks = read_marks(folder, before)
    manifests.commit(folder, perceptual.follow(folder, before, after, marks))


def set_properties(folder: Path, *, polarity: Polarity | None = None, **changes: Any) -> Properties:
    """Change rows of ``list.toml`` and return them all; raises UsageError for a wrong value.

    ``polarity`` is what records mean whose code has no row, and all records of formats without
    codes: a row ``*`` for every namespace that the list's imports used.
    """
    with _writing(folder) as before:
        found = with_changes(folder, changes)
        if polarity is not None:
            if not (used := namespaces(before)):
                raise UsageError(
                    f"{folder.name}: no record says yet whose categories it uses",
                    hint="import a file first; then say what its records mean",
                )
            found = found.with_polarity(used, polarity)
        list_toml.save(folder, found)
        return found


def with_changes(folder: Path, changes: Mapping[str, Any]) -> Properties:
    """Return what a list would say of itself; raises UsageError for a wrong value."""
    try:
        return properties.checked(replace(properties.load(folder), **changes))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{folder.name}: {error}") from error


def namespaces(found: Manifest) -> tuple[str, ...]:
    """Return the namespaces of categories that the imports of a list used."""
    used: set[str] = set()
    for row in found.imports:
        about = row.get("about")
        if isinstance(about, list):
            used.update(str(each["namespace"]) for each in about if isinstance(each, dict))
        named = row.get("namespaces")
        if isinstance(named, list):
            used.update(map(str, named))
    return tuple(sorted(used - {""}))


def _refused(folder: Path, error: OSError) -> PolicyError:
    return PolicyError(
        f"{folder}: the list cannot be written: {error.strerror or error}",
        hint="make room, make the folder writable, or set ASSAY_HOME to one that is",
    )


def _drop(folder: Path) -> None:
    """Take a folder out of sight in one step, then remove it."""
    gone = folder.with_name(f".removed-{os.getpid()}-{folder.name}")
    with suppress(OSError):
        os.replace(folder, gone)
        shutil.rmtree(gone, ignore_errors=True)
