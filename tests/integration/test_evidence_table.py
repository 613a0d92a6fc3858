"""``inspect`` and ``show``: evidence that a person can argue with, texts only if asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.examiners._c2pa_sample import signed_sample
from assay.examiners.watermark import painted
from tests.support.command import assay
from tests.support.generators import WRITERS, jpeg_exif
from tests.support.records import a1111, midjourney

PROMPT = "a lighthouse at noon"


def evidence(shown: str) -> list[str]:
    """Return the lines of the evidence table."""
    lines = shown.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("  evidence"))
    rest = lines[first + 1 :]
    return rest[: next(n for n, line in enumerate(rest) if not line.startswith("   "))]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what ``inspect`` prints of each file, by name."""
    folder = tmp_path_factory.mktemp("in")
    (folder / "conflict.jpg").write_bytes(
        jpeg_exif({"UserComment": _text()}, (64, 48), camera=True)
    )
    (folder / "signed.jpg").write_bytes(signed_sample())
    (folder / "painted.png").write_bytes(painted())
    blocks = assay("inspect", *sorted(folder.iterdir())).out.strip().split("\n\n")
    return {block.partition("\n")[0]: block for block in blocks}


def _text() -> str:
    return next(iter(a1111((64, 48)).values()))


def test_each_statement_stands_with_its_place_cost_and_check(shown: dict[str, str]) -> None:
    said = "\n".join(evidence(shown["conflict.jpg"]))
    for words in (
        "S1  unsigned or untrusted AI statement",
        "to forge: one command",
        "to strengthen: a signature that leads to a listed authority",
        "- AUTOMATIC1111 generation record",
        "in JPEG APP1, bytes ",
        "(UserComment); genparams ",
        "C2  camera record that agrees with the file",
        "- Example Corp Model 7",
    ):
        assert words in said
    assert "no error rate" in shown["conflict.jpg"]


def test_the_table_is_no_wider_than_a_terminal(shown: dict[str, str]) -> None:
    for name, text in shown.items():
        lines = evidence(text)
        assert lines
        assert max(map(len, lines)) <= 100, name


def test_a_credential_and_a_watermark_say_where_they_stand(shown: dict[str, str]) -> None:
    assert "in content credential, bytes " in shown["signed.jpg"]
    assert "in pixels; watermark " in shown["painted.png"]


def test_texts_of_records_are_shown_on_request_alone(tmp_path: Path) -> None:
    folder, case = tmp_path / "in", tmp_path / "case"
    folder.mkdir()
    graph = next(w for w in WRITERS if w.tool == "ComfyUI" and w.container.name == "png")
    (folder / "graph.png").write_bytes(graph.build())
    label = next(w for w in WRITERS if w.texts is midjourney)
    (folder / "label.png").write_bytes(label.build())
    assert assay("triage", folder, "--case", case).code == 0
    show: tuple[str | Path, ...] = ("show", "graph.png", "--case", case)
    for given in (("inspect", *folder.iterdir()), show):
        quiet, asked = assay(*given), assay(*given, "--prompts")
        assert PROMPT not in quiet.out
        assert PROMPT in asked.out
        assert "text in the graph" in asked.out
