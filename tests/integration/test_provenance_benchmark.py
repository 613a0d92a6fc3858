"""The benchmark of provenance still runs, and counts what it says it counts. Nothing timed."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import _provenance_coverage as coverage
from benchmarks import _provenance_peers as peers
from benchmarks import _provenance_reading as reading
from benchmarks import _provenance_verdicts as verdicts
from benchmarks import provenance

from assay.core.contract import Examiner
from assay.examiners._c2pa_sample import signed_sample
from tests.support.generators import WRITERS
from tests.support.photos import exif_block, photo, scene

LISTED = Path(__file__).parents[2] / "examples" / "example-authority.pem"


@pytest.fixture(scope="module")
def checks() -> dict[str, Examiner]:
    return reading.examiners()


@pytest.fixture(scope="module")
def files(
    checks: dict[str, Examiner], tmp_path_factory: pytest.TempPathFactory
) -> list[reading.Read]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "deep").mkdir()
    (folder / "camera.jpg").write_bytes(photo(scene(), exif_block()))
    (folder / "signed.jpg").write_bytes(signed_sample())
    (folder / "deep" / "record.png").write_bytes(WRITERS[0].build())
    (folder / "empty").write_bytes(b"")
    return reading.read_all(folder, checks, rounds=2)


def timed(name: str, ms: float) -> reading.Read:
    steps = (reading.DECODE, *reading.STEPS)
    return reading.Read(name, "image/jpeg", dict.fromkeys(steps, ms), ())


def test_every_check_reads_every_file_and_a_second_round_says_nothing_twice(
    files: list[reading.Read],
) -> None:
    by_name = {file.name: file for file in files}
    assert by_name.keys() == {"camera.jpg", "signed.jpg", "deep/record.png", "empty"}
    assert all(file.ms.keys() == {reading.DECODE, *reading.STEPS} for file in files)
    assert [o.kind for o in by_name["camera.jpg"].observations].count("camera") == 1
    assert [o.kind for o in by_name["deep/record.png"].observations].count("generator") == 1
    assert {file.name for file in files if file.credential} == {"signed.jpg", "empty"}


def test_the_share_is_a_value_that_was_measured() -> None:
    assert reading.share(range(1, 101), 0.95) == 95
    assert reading.share([7.0], 0.95) == 7.0
    assert reading.share([], 0.95) == 0.0


def test_a_target_that_is_missed_says_by_how_much_and_names_the_files() -> None:
    lines = "\n".join(provenance.cost_table([timed("slow.jpg", 10), timed("slower.jpg", 11)]))
    assert "asked ≤ 40: **missed** by 33.5 ms" in lines  # 7 steps of 10.5 ms
    assert "asked ≤ 5: **missed** by 26.5 ms; 0 of 2 files" in lines
    assert lines.index("`slower.jpg` 33.0 ms") < lines.index("`slow.jpg` 30.0 ms")
    assert "met; 1 of 1 files" in "\n".join(provenance.cost_table([timed("fast.jpg", 1)]))


def test_a_cell_names_what_proves_it_and_a_wrong_answer_is_not_counted(
    checks: dict[str, Examiner], files: list[reading.Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "WRITERS", WRITERS[:6])
    made = list(coverage.made_files(checks))
    assert [right for *_, right in made] == [True] * 6
    proofs = coverage.proofs(files, [(place, file) for place, file, _ in made])
    table = "\n".join(coverage.table(proofs))
    assert "| AUTOMATIC1111 | made: png S2, pixels S1; shared: `record.png` S2 |" in table
    assert "shared: `camera.jpg` C2" in table
    assert "| content credential (C2PA) |  | shared: `signed.jpg`" in table
    monkeypatch.setattr(coverage, "read", lambda name, _data, _checks: timed(name, 0))
    assert not any(right for *_, right in coverage.made_files(checks))


def test_agreement_is_counted_only_where_both_read_the_slot() -> None:
    ours: dict[str, peers.Slots] = {
        "a": {"seed": ["1"]},
        "b": {"seed": ["2"]},
        "c": {"seed": ["3"]},
        "e": {"seed": []},
    }
    theirs: dict[str, peers.Slots] = {
        "a": {"seed": ["9", "1"]},
        "b": {"seed": ["7"]},
        "d": {"seed": ["4"]},
    }
    (row,) = peers.compare("peer", ours, theirs)
    assert (row.both, row.agree, row.differ) == (2, 1, [("b", "2", "7")])
    assert (row.ours_only, row.peer_only) == (["c"], ["d"])
    lines = "\n".join(provenance.agreement_table([row]))
    assert "| peer | seed | 2 | 1 | 1 | 1 | 1 |" in lines
    assert "`b`: Assay `2`, the peer `7`" in lines


def test_what_is_compared_comes_from_the_checks(files: list[reading.Read]) -> None:
    fields = peers.fields(files)["camera.jpg"]
    assert fields["Make"] == ["Example Corp"]
    assert fields["XMP DigitalSourceType"] == []
    assert peers.records(files)["deep/record.png"]["tool"] == ["AUTOMATIC1111"]
    assert peers.credentials(files)["signed.jpg"]["trusted"] == ["no"]


def test_the_library_by_itself_reads_the_same_credential(
    files: list[reading.Read], tmp_path: Path
) -> None:
    for name in ("c2pa-trust-list.pem", "c2pa-tsa-trust-list.pem"):
        (tmp_path / name).write_bytes(LISTED.read_bytes())
    (tmp_path / "store.cfg").write_text("1.3.6.1.5.5.7.3.4\n")
    (tmp_path / "signed.jpg").write_bytes(signed_sample())
    signed = [file for file in files if file.name == "signed.jpg"]
    rows = peers.compare(
        "c2pa", peers.credentials(signed), peers.by_c2pa(tmp_path, signed, tmp_path)
    )
    assert {row.slot: (row.both, row.differ) for row in rows if row.slot != "integrity"} == {
        slot: (1, []) for slot in ("trusted", "manifests", "claim generator")
    }


def item(path: str, origin: str, lane: int, *levels: str) -> dict[str, object]:
    claims = [{"level": level} for level in levels]
    places = [{"path": path}]
    return {"occurrences": places, "origin": origin, "lane": lane, "c2pa": None, "claims": claims}


def row(path: str, label: str) -> dict[str, str]:
    return {"file": f"files/{path}", "expected_verdict": label, "trust_tier": "none"}


def test_labels_are_held_against_origins_and_what_must_not_be_is_counted() -> None:
    items = [
        item("a.jpg", "conflict", 1, "S1", "C2"),
        item("b.jpg", "camera", 1, "S1", "C2"),
        item("c.jpg", "synthetic", 4, "S5"),
    ]
    rows = [row("a.jpg", "conflict"), row("b.jpg", "conflict"), row("c.jpg", "no_evidence")]
    lines = "\n".join(verdicts.markdown(list(verdicts.matched(items, rows))))
    assert "tier as in the manifest: 3 of 3" in lines
    assert "conflict recall: 1 of 2" in lines
    assert "*camera* with a statement that a machine made it: 1" in lines
    assert "in lane 4 or 5 without a label synthetic_strong: 1" in lines
    assert "| `b.jpg` | conflict | camera | S1, C2 |" in lines
    assert "| `a.jpg` |" not in lines


def test_a_file_of_the_manifest_that_is_no_item_is_an_error() -> None:
    with pytest.raises(KeyError):
        list(verdicts.matched([], [row("a.jpg", "conflict")]))
