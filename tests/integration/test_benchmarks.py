"""The benchmarks still run: their corpus, every stage, and the table of results. Nothing timed."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from benchmarks import _corpus, _peer, _pipeline, _report, _stages
from benchmarks.pdq import planes
from benchmarks.triage import Results, Round
from PIL import Image

from assay.engine.session import CaseOptions, create
from assay.media.tiff import read_exif

KINDS = (
    _corpus.Kind("web", 2, 320, 240, 6.0, 85, "JPEG"),
    _corpus.Kind("png", 4, 96, 64, 2.0, 0, "PNG"),
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> _corpus.Corpus:
    return _corpus.make(tmp_path_factory.mktemp("corpus"), 1, KINDS)


def test_the_corpus_is_the_same_each_time(corpus: _corpus.Corpus, tmp_path: Path) -> None:
    again = _corpus.make(tmp_path, 1, KINDS)
    assert [p.read_bytes() for p in corpus.paths] == [p.read_bytes() for p in again.paths]
    assert len({p.read_bytes() for p in corpus.paths}) == 6


def test_a_smaller_scale_leaves_no_files_of_a_larger_one(tmp_path: Path) -> None:
    _corpus.make(tmp_path, 1, KINDS)
    smaller = _corpus.make(tmp_path, 0.5, KINDS)
    assert sorted(p for p in smaller.folder.rglob("*.*")) == sorted(smaller.paths)


def test_the_photographs_carry_what_a_camera_writes(corpus: _corpus.Corpus) -> None:
    with Image.open(corpus.files["JPEG"][0]) as picture:
        exif = read_exif(picture.info["exif"].removeprefix(b"Exif\0\0"))
    assert not exif.troubles
    assert exif.text("Model") == "Model 7"
    assert exif.thumbnail is not None
    assert Image.open(io.BytesIO(exif.thumbnail)).size == (160, 120)


def test_every_stage_runs_on_every_kind(corpus: _corpus.Corpus, tmp_path: Path) -> None:
    with create(tmp_path / "case", CaseOptions(), "benchmark") as session:
        times = _stages.Bench(session).run(_stages.list_corpus(corpus))
        placed = list(session.case.reader.placements())
    assert {kind: mine.files for kind, mine in times.items()} == {"JPEG": 2, "PNG": 4}
    assert len(placed) >= 6  # previews are items besides
    used = {stage for mine in times.values() for stage, s in mine.seconds.items() if s > 0}
    assert used >= set(_stages.STAGES) - {_stages.OTHER}


def test_the_results_name_targets_that_were_missed(corpus: _corpus.Corpus) -> None:
    stages = {kind: {"decode": 700.0, "PDQ": 300.0} for kind in corpus.files}
    summary = {"first_item_seconds": 1.0}
    one = Round(
        stages=stages,
        busy=stages,
        whole=_pipeline.Timed(10.0, 12.0, summary),
        fixed=_pipeline.Timed(2.0, 2.0, summary),
        peer={1: _peer.Rates(24.0, {"web": 4000.0, "png": 4000.0})},
    )
    results = Results(corpus, 2, [one], _pipeline.Watched(first_item=2.5), [0.1])
    text = _report.markdown(results, "benchmarks/triage.py")
    assert "| pipeline ÷ limit, whole command | ≥ 0.85 | 0.30 | 0.30 – 0.30 | **missed** |" in text
    assert "| files/s ÷ best peer set-up, whole command | ≥ 5 | 2.40× |" in text
    assert "| `assay --help` | < 0.3 s | 0.10 s | 0.10 – 0.10 | met |" in text


def test_the_planes_of_the_hash_benchmark_have_two_megapixels() -> None:
    (plane,) = planes(1)
    assert plane.ndim == 2
    assert 2.0e6 < plane.size < 2.2e6
