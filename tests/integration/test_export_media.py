"""Original media leave a case proved, under names of our own, or are named as missing."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import COMMAND, Ran, assay, by_path, events
from tests.support.mounts import namespace
from tests.support.photos import exif_block, photo, scene
from tests.support.pictures import jpeg

EVIL = "../../\u202eevil\n.jpg"
DEEP = "box.zip!/inner.zip!/../../\\u202eevil\\u000a.jpg"
THUMBNAIL = scene("coffee", (160, 120))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a case of pictures that lie in many ways, made once and copied."""
    root = tmp_path_factory.mktemp("media")
    folder = root / "in"
    folder.mkdir()
    (folder / "plain.jpg").write_bytes(jpeg(1))
    (folder / "twice.jpg").write_bytes(jpeg(1))
    (folder / "camera.jpg").write_bytes(photo(scene(), exif_block(thumbnail=THUMBNAIL)))
    (folder / "program.exe.jpg").write_bytes(b"MZ" + bytes(300))
    (folder / "empty").write_bytes(b"")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(EVIL, jpeg(2))
    with zipfile.ZipFile(folder / "box.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("large.bmp", _large())
    letter = EmailMessage()
    letter["Subject"] = "A picture"
    letter.set_content("See below.")
    letter.add_attachment(jpeg(3), maintype="image", subtype="jpeg", filename="a/../b.jpg")
    (folder / "letter.eml").write_bytes(letter.as_bytes())
    assert assay("triage", folder, "--case", root / "case").code in (0, 3)
    return root


def _large() -> bytes:
    """Return a picture of more than one piece (4 MiB) on the way out of a worker."""
    out = io.BytesIO()
    scene("coffee", (1600, 1200)).save(out, "BMP")
    assert out.tell() > 5 << 20
    return out.getvalue()


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "case", tmp_path / "case")
    return tmp_path / "case"


def exported(case: Path, out: Path, *words: str) -> tuple[Ran, dict[str, dict[str, Any]]]:
    """Run the export and return the lines of its manifest by every path of a content."""
    done = assay("export", "media", "--case", case, "-o", out, "--json", *words)
    lines = (out / "manifest.jsonl").read_text("ascii").splitlines()
    return done, {p["path"]: row for row in map(json.loads, lines) for p in row["places"]}


def test_every_original_is_proved_and_named_by_us(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done, rows = exported(case, out)
    assert (done.code, done.last["missing"]) == (0, 0), done.err
    assert "original material" in done.err
    check = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=out, capture_output=True, check=False
    )
    assert (check.returncode, check.stderr) == (0, b"")
    names = sorted(path.name for path in (out / "files").iterdir())
    assert len(names) == done.last["files"] == len(by_path(case)) - 1  # one content lies twice
    assert all(set(name) <= set("0123456789abcdefghijklmnopqrstuvwxyz-.") for name in names)
    assert (out / rows["plain.jpg"]["file"]).read_bytes() == jpeg(1)
    assert (out / rows[DEEP]["file"]).read_bytes() == jpeg(2)
    assert (out / rows["box.zip!/large.bmp"]["file"]).read_bytes() == _large()
    assert rows["program.exe.jpg"]["file"].endswith(".bin")
    modes = {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()}
    assert (modes, out.stat().st_mode & 0o777) == ({0o600}, 0o700)


def test_previews_and_attachments_are_the_bytes_that_were_examined(
    case: Path, tmp_path: Path
) -> None:
    _, rows = exported(case, tmp_path / "out", "--lane", "1")
    inside = {path: row for path, row in rows.items() if path.startswith(("camera", "letter"))}
    attached = [row for row in inside.values() if row["sha256"] == _digest(jpeg(3))]
    assert len(attached) == 1
    assert (tmp_path / "out" / attached[0]["file"]).read_bytes() == jpeg(3)
    previews = [r for r in inside.values() if any(p["role"] == "preview" for p in r["places"])]
    assert len(previews) == 1
    stored = (tmp_path / "out" / previews[0]["file"]).read_bytes()
    assert stored in photo(scene(), exif_block(thumbnail=THUMBNAIL))


def test_a_selection_copies_what_it_selects(case: Path, tmp_path: Path) -> None:
    done, rows = exported(case, tmp_path / "out", "--where", "media_type=image/bmp")
    assert (done.last["files"], list(rows)) == (1, ["box.zip!/large.bmp"])


def test_changed_and_missing_files_are_named_and_never_written_as_good(
    case: Path, made: Path, tmp_path: Path
) -> None:
    folder = made / "in"
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    try:
        changed = bytearray(kept[folder / "camera.jpg"])
        changed[-100] ^= 1
        (folder / "camera.jpg").write_bytes(changed)
        (folder / "plain.jpg").unlink()  # the same content lies at another place too
        with zipfile.ZipFile(folder / "box.zip", "w") as archive:
            archive.writestr("large.bmp", _large()[:-1])
        done, rows = exported(case, tmp_path / "out")
    finally:
        for path, data in kept.items():
            path.write_bytes(data)
    assert done.code == 3
    assert rows["plain.jpg"]["copied_from"]["path"] == "twice.jpg"
    missing = {path: row["missing"] for path, row in rows.items() if row["file"] is None}
    inner = "box.zip!/inner.zip"
    assert set(missing) >= {"camera.jpg", "box.zip", inner, DEEP, "box.zip!/large.bmp"}
    assert "no longer what the case holds" in missing["camera.jpg"]
    assert missing[DEEP] == "it is no longer found inside box.zip"
    named = {row["path"] for row in done.last["missing_named"]}
    assert named == set(missing)
    files = {path.name for path in (tmp_path / "out" / "files").iterdir()}
    assert files == {Path(row["file"]).name for row in rows.values() if row["file"]}


def test_a_source_that_is_gone_leaves_nothing_but_names(
    case: Path, made: Path, tmp_path: Path
) -> None:
    (made / "in").rename(made / "elsewhere")
    try:
        done, rows = exported(case, tmp_path / "out")
    finally:
        (made / "elsewhere").rename(made / "in")
    assert (done.code, done.last["files"]) == (3, 0)
    assert all(str(made / "in") in row["missing"] for row in rows.values())
    assert (tmp_path / "out" / "SHA256SUMS").read_bytes() == b""


def test_custody_frames_what_left_the_case(case: Path, tmp_path: Path) -> None:
    done, _ = exported(case, tmp_path / "out", "--top", "2", "--operator", "A. Examiner")
    begun, ended = events(case)[-2:]
    assert (begun["action"], ended["action"]) == ("media.export.begun", "media.exported")
    assert begun["detail"]["selection"]["top"] == 2
    assert ended["detail"]["sha256"] == _digest((tmp_path / "out" / "SHA256SUMS").read_bytes())
    assert (ended["actor"], ended["detail"]["files"]) == ("A. Examiner", done.last["files"])
    assert assay("verify", "--case", case).code == 0


def test_nothing_is_written_over_nor_into_the_evidence(
    case: Path, made: Path, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "note.txt").write_text("mine")
    for out, word in ((full, "not empty"), (made / "in" / "out", "inside the source")):
        done = assay("export", "media", "--case", case, "-o", out)
        assert (done.code, word in done.err) == (2, True), done.err
    (tmp_path / "way").symlink_to(made / "in")
    assert assay("export", "media", "--case", case, "-o", tmp_path / "way" / "x").code == 2
    assert [path.name for path in full.iterdir()] == ["note.txt"]
    assert not (made / "in" / "out").exists()
    assert not [e for e in events(case) if e["action"].startswith("media")]


def test_a_full_disk_leaves_nothing_and_is_on_record(case: Path, tmp_path: Path) -> None:
    point = tmp_path / "disk"
    point.mkdir()
    with namespace() as space:
        space.run("mount", "-t", "tmpfs", "-o", "size=64m,nr_inodes=7", "small", point)
        words = [*COMMAND, "export", "media", "--case", str(case), "-o", str(point / "out")]
        done = space.start(*words)
        _, said = done.communicate(timeout=120)
        left = space.run("ls", "-A", point)
    assert (done.returncode, left) == (1, "")
    assert b"No space left on device; nothing is left of this copy" in said
    assert events(case)[-1]["action"] == "media.export.failed"


def test_too_little_room_is_refused_before_anything_is_read(case: Path, tmp_path: Path) -> None:
    point = tmp_path / "disk"
    point.mkdir()
    with namespace() as space:
        space.run("mount", "-t", "tmpfs", "-o", "size=1m", "small", point)
        done = space.start(*COMMAND, "export", "media", "--case", str(case), "-o", str(point))
        _, said = done.communicate(timeout=120)
    assert done.returncode == 1
    assert b"bytes are selected" in said


def test_locked_contents_come_out_with_their_password(tmp_path: Path) -> None:
    import pyzipper

    (tmp_path / "in").mkdir()
    with pyzipper.AESZipFile(
        tmp_path / "in" / "locked.zip", "w", encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(b"open")
        archive.writestr("a.jpg", jpeg(5))
    words = tmp_path / "words"
    words.write_text("open\n")
    case = tmp_path / "case"
    assay("triage", tmp_path / "in", "--case", case, "--passwords", words)
    chosen = ("--where", "media_type=image/jpeg")
    without, rows = exported(case, tmp_path / "without", *chosen)
    assert (without.code, rows["locked.zip!/a.jpg"]["file"]) == (3, None)
    done, rows = exported(case, tmp_path / "out", *chosen, "--passwords", str(words))
    assert done.code == 0
    assert (tmp_path / "out" / rows["locked.zip!/a.jpg"]["file"]).read_bytes() == jpeg(5)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
