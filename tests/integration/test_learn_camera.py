"""``assay trust learn-camera``: from a folder of a camera's own files to what a new case knows."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from assay.core.errors import PolicyError
from assay.core.jsonvalue import Json
from assay.engine.cameras import camera_options, installed_tables
from assay.engine.session import CaseOptions, create
from assay.media.jpeg_tables import read_tables
from tests.support.command import assay
from tests.support.photos import exif_block, scene

OWN = [[min(255, 2 + n) for n in range(64)], [min(255, 3 + n) for n in range(64)]]
OTHER = [[min(255, 5 + n) for n in range(64)]] * 2


def photo(
    name: str = "astronaut", *, size: tuple[int, int] = (400, 300), **changes: object
) -> bytes:
    """Return a picture as a camera with tables of its own writes it."""
    tables = changes.pop("qtables", OWN)
    out = io.BytesIO()
    exif = exif_block(**changes)  # type: ignore[arg-type]
    scene(name, size).save(out, "JPEG", qtables=tables, exif=b"Exif\0\0" + exif)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))
    pictures = tmp_path / "reference"
    pictures.mkdir()
    (pictures / "1.jpg").write_bytes(photo())
    (pictures / "2.jpg").write_bytes(photo("coffee", qtables=OTHER))
    (pictures / "edited.jpg").write_bytes(photo("chelsea", software="GIMP 2.10"))
    (pictures / "smaller.jpg").write_bytes(photo("chelsea", size=(200, 150)))
    (pictures / "notes.txt").write_text("taken on the balcony")
    return pictures


def test_a_new_case_knows_what_was_learned(folder: Path) -> None:
    ran = assay("trust", "learn-camera", folder)
    assert ran.code == 0, ran.err
    assert "Example Corp Model 7: 2 files, 2 quantisation tables" in ran.out
    assert "not learned from: 2 (changed or machine-made by its own account)" in ran.out
    rows = camera_options()["camera"]["cameras"]
    assert isinstance(rows, list)
    assert set(rows[0]["quantisation"]) == {
        read_tables(photo()).digest,
        read_tables(photo(qtables=OTHER)).digest,
    }
    with create(folder.parent / "case", CaseOptions(), "tester") as session:
        assert session.plan().settings.options["camera"]["cameras"] == rows


def test_learning_twice_keeps_one_table(folder: Path) -> None:
    first, second = (assay("trust", "learn-camera", folder, "--json") for _ in range(2))
    assert first.last == second.last
    assert first.last["files"] == 2
    assert len(installed_tables()) == 1


def test_no_name_of_a_file_and_no_picture_is_kept(folder: Path) -> None:
    assay("trust", "learn-camera", folder)
    (kept,) = (folder.parent / "home" / "cameras").iterdir()
    value: Json = json.loads(kept.read_text())
    assert "1.jpg" not in json.dumps(value)
    assert kept.stat().st_size < 2000


def test_a_folder_without_originals_is_refused_with_the_reason(folder: Path) -> None:
    for name in ("1.jpg", "2.jpg"):
        (folder / name).unlink()
    ran = assay("trust", "learn-camera", folder)
    assert ran.code == 1
    assert "no file to learn from (changed or machine-made by its own account: 2" in ran.err


def test_a_damaged_table_names_itself(folder: Path) -> None:
    bad = folder.parent / "home" / "cameras" / "x.json"
    bad.parent.mkdir(parents=True)
    bad.write_text('{"format": 1}')
    with pytest.raises(PolicyError, match=r"x\.json: not a table of cameras"):
        installed_tables()
