"""Writers that are killed, files that are damaged, readers beside a writer: old or new, no half."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError, Malformed
from assay.lists import (
    changing,
    index_writer,
    library,
    matching,
    perceptual,
    spill,
    versions,
    writing,
)
from assay.lists.importing import ListImportError
from assay.lists.index_files import HammingIndexError
from assay.lists.library import Library
from assay.lists.manifest import ListBusyError, WriteLock
from assay.lists.model import ListEntry
from assay.lists.sealed import ListDamagedError
from tests.support.listing import Piece, entry, imported, known, near

forks = pytest.mark.skipif(sys.platform != "linux", reason="kills forked processes")


def answers(found: Library, numbers: range) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return for each number what matches exactly and what nearly, with the categories."""
    exact = [found.match_exact(**known(n)) for n in numbers]
    close = found.match_pdq(np.concatenate([near(n, 2) for n in numbers]))
    return [
        (
            tuple(f"{hit.entry.id} {hit.entry.category}" for hit in one),
            tuple(f"{hit.entry.id} {hit.entry.category}" for hit in other),
        )
        for one, other in zip(exact, close, strict=True)
    ]


def changes(count: int = 12) -> list[Piece]:
    more: list[Piece] = [entry(n, category="2") for n in range(5)]
    more += [entry(n, deleted=True) for n in range(5, 8)]
    return more + [entry(n) for n in range(100, 100 + count)]


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Run ``work`` in a fork that dies at its n-th write to the disk; tell whether it died."""
    child = os.fork()
    if child == 0:
        left = [step]

        def deadly(real: Callable[..., object]) -> Callable[..., object]:
            def call(*given: object, **named: object) -> object:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*given, **named)

            return call

        try:
            os.fsync = deadly(os.fsync)
            os.replace = deadly(os.replace)
            os.unlink = deadly(os.unlink)
            work()
        except BaseException:  # told by the exit code
            os._exit(9)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return os.waitstatus_to_exitcode(status) != 0


@forks
@pytest.mark.parametrize("what", ["import", "compact", "first import"])
def test_a_writer_killed_at_any_write_leaves_the_old_state_or_the_new(
    tmp_path: Path, what: str
) -> None:
    wanted = range(112)
    folder = tmp_path / "lists" / "list"
    if what != "first import":
        imported(tmp_path, "list", [entry(n) for n in range(20)])
    if what == "compact":
        imported(tmp_path, "list", changes(), "more")

    def work() -> object:
        if what == "compact":
            return changing.compact(folder)
        return imported(tmp_path, "list", changes(), "more")

    old = answers(Library.open(tmp_path), wanted)
    steps = 0
    seen = set()
    while killed_at(steps + 1, work):
        steps += 1
        assert steps < 200
        found = Library.open(tmp_path)
        assert found.notes == ()
        seen.add(tuple(answers(found, wanted)))
        if seen != {tuple(old)}:
            break
    new = answers(Library.open(tmp_path), wanted)
    assert seen <= {tuple(old), tuple(new)}
    assert steps >= 8
    assert new != old or what == "compact"
    # The next writer goes on, and removes what the killed ones left.
    imported(tmp_path, "list", [entry(500)], "after")
    assert len(Library.open(tmp_path).match_exact(**known(500))) == 1
    assert answers(Library.open(tmp_path), wanted) == new
    changing.compact(folder)
    stems = {path.name.split(".")[0] for path in folder.glob("records-*")}
    assert len(stems) == 1
    assert len(list(folder.glob("pdq.index-*"))) == 1


_IMPORTER = """
import sys
from pathlib import Path
from assay.lists import changing
from tests.support.listing import entry
def pieces(path):
    number = 0
    while True:  # until it is killed
        number += 1
        if number == 30000:
            print("reading", flush=True)
        yield entry(number, category="2")
changing.add(Path(sys.argv[1]), Path(sys.argv[2]), pieces=pieces)
"""


@forks
def test_kill_nine_in_the_middle_of_an_import_leaves_the_old_state(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(n) for n in range(20)])
    old = answers(Library.open(tmp_path), range(30))
    command = [sys.executable, "-c", _IMPORTER, str(tmp_path / "lists" / "list")]
    (tmp_path / "endless").write_text("x")
    with subprocess.Popen([*command, str(tmp_path / "endless")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"reading\n"
        with pytest.raises(ListBusyError):
            imported(tmp_path, "list", [entry(99)], "second writer")
        assert answers(Library.open(tmp_path), range(30)) == old  # readers are unaffected
        process.kill()
    found = Library.open(tmp_path)
    assert found.notes == ()
    assert answers(found, range(30)) == old
    imported(tmp_path, "list", [entry(99)], "after")
    assert len(Library.open(tmp_path).match_exact(**known(99))) == 1
    blocks = list((tmp_path / "lists" / "list").glob("records-*.blocks"))
    assert sum(path.stat().st_size for path in blocks) < 50_000


def test_a_reader_that_is_open_sees_none_of_what_comes_after(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(n) for n in range(20)])
    reader = Library.open(tmp_path)
    wanted = range(112)
    old = answers(reader, wanted)
    imported(tmp_path, "list", changes(), "more")
    assert answers(reader, wanted) == old
    changing.compact(tmp_path / "lists" / "list")
    assert answers(reader, wanted) == old
    assert answers(Library.open(tmp_path), wanted) != old


@pytest.mark.parametrize(
    "kind", ["md5-*", "sha256-*", "id-*", "pdq-*", "marks-*", "records-*.index", "records-*.sums"]
)
@pytest.mark.parametrize("how", ["changed", "cut", "gone"])
def test_a_damaged_file_is_told_and_rebuilt_from_the_records(
    tmp_path: Path, kind: str, how: str
) -> None:
    imported(tmp_path, "list", [entry(n) for n in range(20)])
    imported(tmp_path, "list", changes(), "more")
    whole = Library.open(tmp_path)
    wanted = range(112)
    old, pinned = answers(whole, wanted), whole.digest_text()
    path = sorted((tmp_path / "lists" / "list").glob(kind))[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(data if how == "changed" else data[:-9])
    if kind.endswith((".index", ".sums")):
        # Where the records lie is lost; what they say is only needed by the next writer.
        if kind.endswith(".index"):
            with pytest.raises(ListDamagedError, match=path.name):
                Library.open(tmp_path)
        else:
            assert answers(Library.open(tmp_path), wanted) == old
            with pytest.raises(AssayError, match=path.name):
                imported(tmp_path, "list", [entry(1, category="4")], "next")
            changing.compact(path.parent)
            imported(tmp_path, "list", [entry(1, category="4")], "next")
        return
    found = Library.open(tmp_path)
    assert path.name in found.notes[0]
    assert "rebuilt" in found.notes[1]
    assert answers(found, wanted) == old
    assert found.digest_text() == pinned
    assert Library.open(tmp_path).notes == ()
    assert [v.entry.category for v in library.history(tmp_path, "list", "e3")] == ["1", "2"]


def test_a_damaged_index_is_rebuilt(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(n) for n in range(20)])
    old = answers(Library.open(tmp_path), range(20))
    (tail,) = (tmp_path / "lists" / "list").glob("pdq.index-*/*tail*")
    data = bytearray(tail.read_bytes())
    data[60] ^= 1
    tail.write_bytes(data)
    found = Library.open(tmp_path)
    assert any("index" in note for note in found.notes)
    assert answers(found, range(20)) == old
    assert Library.open(tmp_path).notes == ()


def test_one_damaged_manifest_is_covered_by_its_copy(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(1)])
    (tmp_path / "lists" / "list" / "manifest.json").write_bytes(b"{}")
    assert len(Library.open(tmp_path).match_exact(**known(1))) == 1
    imported(tmp_path, "list", [entry(2)], "next")
    assert len(Library.open(tmp_path).match_exact(**known(2))) == 1


def test_a_record_that_cannot_be_read_still_counts_as_met(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(n) for n in range(20)])
    (blocks,) = (tmp_path / "lists" / "list").glob("records-*.blocks")
    data = bytearray(blocks.read_bytes())
    data[50] ^= 1
    blocks.write_bytes(data)
    found = Library.open(tmp_path)
    (hit,) = found.match_exact(**known(3))
    assert "damaged" in hit.unread
    ((close,),) = found.match_pdq(near(3))
    assert "damaged" in close.unread
    assert close.distance == 0


def test_a_reader_that_breaks_leaves_the_list_as_it_was(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(1)])
    names = {path.name for path in (tmp_path / "lists" / "list").iterdir()}

    def broken(_: Path) -> Iterator[ListEntry]:
        yield entry(2)
        raise RuntimeError("a bug")

    path = tmp_path / "file"
    path.write_text("x")
    with pytest.raises(ListImportError, match="stopped after 1 records: RuntimeError: a bug"):
        changing.add(tmp_path / "lists" / "list", path, pieces=broken)
    assert {path.name for path in (tmp_path / "lists" / "list").iterdir()} == names
    assert Library.open(tmp_path).match_exact(**known(2)) == []

    def cut(_: Path) -> Iterator[ListEntry]:
        yield entry(2)
        raise Malformed("it ends", offset=7)

    summary = changing.add(tmp_path / "lists" / "list", path, pieces=cut)
    assert sum(summary.refused.values()) == 1
    assert len(Library.open(tmp_path).match_exact(**known(2))) == 1


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(1)])
    with WriteLock(tmp_path / "lists" / "list"):
        with pytest.raises(ListBusyError, match="another process"):
            imported(tmp_path, "list", [entry(2)], "second")
        assert len(Library.open(tmp_path).match_exact(**known(1))) == 1


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(1)])
    folder = tmp_path / "lists" / "list"
    for name in ("md5-list.txt", "notes.txt", "records-2025.csv"):
        (folder / name).write_text("mine")
    changing.compact(folder)
    assert all((folder / n).exists() for n in ("md5-list.txt", "notes.txt", "records-2025.csv"))


@pytest.mark.parametrize("seed", range(4))
def test_many_imports_agree_with_a_plain_dictionary(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes in whatever order, merged, rid of the dead and compacted or not."""
    monkeypatch.setattr(writing, "PARTS", 3)
    monkeypatch.setattr(perceptual, "_DEAD", 10)
    monkeypatch.setattr(perceptual, "TAIL_LIMIT", 30)
    monkeypatch.setattr(index_writer, "TAIL_LIMIT", 30)
    monkeypatch.setattr(spill, "CHUNK", 7)
    monkeypatch.setattr(spill, "_PART", 5)
    monkeypatch.setattr(versions, "_FEW", 2 if seed % 2 else 1000)
    rng = np.random.default_rng(seed)
    expected: dict[int, str] = {}
    for round_ in range(14):
        pieces: list[Piece] = []
        for number in rng.integers(0, 60, rng.integers(1, 40)).tolist():
            code = str(rng.integers(0, 3))
            if rng.random() < 0.25:
                pieces.append(entry(number, deleted=True))
                expected.pop(number, None)
            else:
                pieces.append(entry(number, category=code))
                expected[number] = code
        summary = imported(tmp_path, "list", pieces, f"{seed} {round_}")
        c = summary.changes
        assert c.added + c.replaced + c.withdrawn + c.unknown + c.duplicates == len(pieces)
        if round_ % 5 == 4:
            changing.compact(tmp_path / "lists" / "list")
        found = Library.open(tmp_path)
        assert found.notes == ()
        assert found.get("list").reader.manifest.live == len(expected)
        wanted = [((f"e{n} {expected[n]}",) if n in expected else (),) * 2 for n in range(60)]
        assert answers(found, range(60)) == wanted
    assert len(found.get("list").reader.digests["md5"]) <= 4


def test_dead_hashes_never_take_the_place_of_current_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perceptual, "CAP", 3)
    imported(tmp_path, "list", [entry(n) for n in range(20)])
    for round_ in range(30):
        imported(tmp_path, "list", [entry(7, label=str(round_))], str(round_))
    ((hit,),) = Library.open(tmp_path).match_pdq(near(7, 3))
    assert hit.entry.label == "29"


def test_more_hashes_than_are_given_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "CAP", 3)
    same = {"hashes": entry(0).hashes, "md5": entry(0).md5, "sha1": "", "sha256": "", "size": None}
    imported(tmp_path, "list", [entry(n, **same) for n in range(10)])
    found = Library.open(tmp_path)
    hits = found.match_exact(md5=entry(0).md5)
    assert [(hit.entry.id, hit.more) for hit in hits] == [("e0", 7), ("e1", 7), ("e2", 7)]
    (hits,) = found.match_pdq(near(0))
    assert [(hit.entry.id, hit.more) for hit in hits] == [("e0", 7), ("e1", 7), ("e2", 7)]


def test_the_library_opens_while_a_writer_commits_again_and_again(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(n) for n in range(20)])
    script = (
        "import sys\nfrom pathlib import Path\nfrom assay.lists import changing\n"
        "from tests.support.listing import entry, imported\n"
        "home = Path(sys.argv[1])\n"
        "for n in range(12):\n"
        "    imported(home, 'list', [entry(5, label=str(n))], str(n))\n"
        "    changing.compact(home / 'lists' / 'list')\n"
    )
    opened = 0
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) as writer:
        while writer.poll() is None:
            try:
                found = Library.open(tmp_path)
            except HammingIndexError as error:  # pragma: no cover - says what went wrong
                pytest.fail(str(error))
            assert found.notes == ()
            assert all(one and other for one, other in answers(found, range(20)))
            opened += 1
            time.sleep(0.001)
        assert writer.wait() == 0
    assert opened > 3
