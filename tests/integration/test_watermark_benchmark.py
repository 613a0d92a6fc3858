"""The watermark benchmark still runs, and its bounds are those of the textbooks. Nothing timed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks import watermark
from PIL import Image

from assay.media.dwtdct import PAYLOADS
from tests.support.dwtdct import embed
from tests.support.photos import scene

HOST = np.asarray(scene("chelsea", (264, 256)))


@pytest.mark.parametrize(
    ("hits", "trials", "expected"),
    [(0, 300, 0.00994), (0, 1, 0.95), (1, 10, 0.39416), (10, 10, 1.0)],
)
def test_the_bound_is_that_of_clopper_and_pearson(hits: int, trials: int, expected: float) -> None:
    assert watermark.upper_bound(hits, trials) == pytest.approx(expected, abs=1e-4)


def test_a_payload_needs_nine_tenths_of_its_bits_and_a_short_one_nearly_all() -> None:
    assert [watermark.needed(p) for p in PAYLOADS] == [123, 31, 44, 42]
    assert all(0 < watermark.by_chance(p) < 1e-7 for p in PAYLOADS)


def test_false_alarms_are_counted_and_small_pictures_left_out(tmp_path: Path) -> None:
    marked = embed(HOST, PAYLOADS[2].bits, floating=True)
    for name, pixels in (("plain", HOST), ("marked", marked), ("small", HOST[:100])):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    (tmp_path / "note.txt").write_text("no picture")
    rows: list[watermark.Alarms] = []
    assert watermark._alarms(tmp_path, rows) == (2, 3)
    assert {row.payload: (row.pictures, row.found) for row in rows} == {
        "SDV1": (2, 0),
        "SDV2": (2, 0),
        "SDXL": (2, 1),
        "FLUX": (2, 0),
    }


def test_recall_and_cost_become_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watermark, "CHANGES", {"PNG": watermark.CHANGES["PNG"]})
    recalls = list(watermark._recall("cat", {"chelsea": HOST}))
    assert [(r.payload, r.pictures) for r in recalls] == [(p.name, 1) for p in PAYLOADS]
    assert all(r.by_library <= r.found for r in recalls)
    table = "\n".join(watermark._markdown([], {}, recalls, [watermark.Cost("nothing", 0.5)]))
    assert "| cat | SDXL |" in table
    assert "| nothing | 0.50 |" in table


def test_saving_again_really_loses_something() -> None:
    assert np.array_equal(watermark.CHANGES["PNG"](HOST), HOST)
    for name in ("WebP 90", "JPEG 95"):
        assert not np.array_equal(watermark.CHANGES[name](HOST), HOST)
