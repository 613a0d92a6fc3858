"""A disk with bad sectors: what it gives is examined, what it does not give is said."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.support.command import COMMAND, assay, by_path
from tests.support.mounts import namespace
from tests.support.pictures import jpeg

SECTOR = 4096


def test_bad_sectors_are_said_and_the_rest_is_examined(tmp_path: Path) -> None:
    folder, point, case = tmp_path / "content", tmp_path / "disk", tmp_path / "case"
    folder.mkdir()
    point.mkdir()
    picture = jpeg(1, (1600, 1200))
    assert len(picture) > 20 * SECTOR
    for name in ("bad.jpg", "good.jpg", "dead.jpg"):
        (folder / name).write_bytes(picture + name.encode())
    dead = (folder / "dead.jpg").stat().st_size
    bad = (("bad.jpg", 5 * SECTOR, 6 * SECTOR), ("bad.jpg", 9 * SECTOR, 12 * SECTOR))
    words = [f"--bad={name}:{start}-{stop}" for name, start, stop in (*bad, ("dead.jpg", 0, dead))]
    with namespace() as space:
        space.disk(folder, point, *words)
        process = space.start(*COMMAND, "triage", point, "--case", case, "--json")
        out, errors = process.communicate(timeout=120)
    assert process.returncode == 3, errors.decode()  # done, but not everything could be examined
    summary = json.loads(out.splitlines()[-1])
    assert (summary["unread"], summary["items"]) == (1, 2)
    rows = by_path(case)
    assert "dead.jpg" not in rows  # a digest of nothing but zeros would say nothing

    zeroed = bytearray((folder / "bad.jpg").read_bytes())
    for _, start, stop in bad:
        zeroed[start:stop] = bytes(stop - start)
    row = rows["bad.jpg"]
    assert row["sha256"] == hashlib.sha256(zeroed).hexdigest()
    (finding,) = [f for f in row["findings"] if f["kind"] == "unread_ranges"]
    assert f"{4 * SECTOR} bytes of {len(zeroed)} read as zeros" in finding["text"]
    assert f"bytes {5 * SECTOR}-{6 * SECTOR}, {9 * SECTOR}-{12 * SECTOR}" in finding["text"]
    assert any(f["reason"] == "unreadable" and f["stage"] == "read" for f in row["failures"])
    assert row["lane"] == 1

    good = rows["good.jpg"]
    assert good["sha256"] == hashlib.sha256((folder / "good.jpg").read_bytes()).hexdigest()
    assert good["failures"] == []
    assert not any(f["kind"] == "unread_ranges" for f in good["findings"])
    assert assay("verify", "--case", case).code == 0
