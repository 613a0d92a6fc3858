"""Files beside a picture that say how it was made, through the command line on real bytes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.authority import CREATED_BY_AI, Identity, authority, sign, signer
from tests.support.command import assay, by_path
from tests.support.photos import exif_block, jpeg, photo, scene
from tests.support.records import a1111, comfy_graph, drawthings

SIZE = (400, 300)
TEXT = a1111(SIZE)["parameters"].encode()


@pytest.fixture(scope="module")
def maker() -> tuple[Identity, Identity]:
    root = authority()
    return root, signer(root)


@pytest.fixture
def place(tmp_path: Path, maker: tuple[Identity, Identity]) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "root.pem").write_bytes(maker[0].pem())
    return folder


def signed(maker: tuple[Identity, Identity], name: str = "astronaut") -> bytes:
    out = io.BytesIO()
    scene(name, SIZE).save(out, "PNG")
    return sign(out.getvalue(), "image/png", maker[1], [CREATED_BY_AI])


def triage(folder: Path, *words: str, code: int = 0) -> dict[str, dict[str, Any]]:
    case = folder.parent / "case"
    trust = ("--trust", folder.parent / "root.pem") if not case.exists() else ()
    done = assay("triage", folder, "--case", case, *trust, *words, "--json")
    assert done.code == code, done.err
    assert assay("verify", "--case", case).code == 0
    return by_path(case)


def stands(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["origin"], row["lane"]


def reasons(row: Mapping[str, Any], code: str) -> list[dict[str, Any]]:
    return [r for r in row["reasons"] if r["code"] == code]


def test_a_record_beside_a_camera_picture_is_a_conflict(place: Path) -> None:
    (place / "photo.jpg").write_bytes(photo(scene(), exif_block()))
    (place / "photo.txt").write_bytes(TEXT)
    (place / "lone.jpg").write_bytes(photo(scene("coffee", SIZE), exif_block()))
    rows = triage(place)
    assert stands(rows["photo.jpg"]) == ("conflict", 1)
    assert rows["lone.jpg"]["origin"] == "camera"
    (said,) = reasons(rows["photo.jpg"], "sidecar.says")
    assert rows["photo.txt"]["sha256"] in said["text"]
    assert "photo.txt" in said["text"]
    assert "says S1: AUTOMATIC1111 generation record" in said["text"]
    case = place.parent / "case"
    assert said["text"] in " ".join(assay("show", "photo.jpg", "--case", case).out.split())
    assert "photo.txt" in (case / "exports" / "report.html").read_text("utf-8")


def test_a_record_that_names_an_input_picture_makes_its_picture_edited(place: Path) -> None:
    plain = {n: jpeg(scene(n, SIZE)) for n in ("astronaut", "coffee", "chelsea")}
    for name, data in plain.items():
        (place / f"{name}.jpg").write_bytes(data)
    record = json.loads(drawthings(SIZE)["exif:UserComment"])
    (place / "astronaut.json").write_text(json.dumps({**record, "strength": 0.4}))
    graph = comfy_graph(SIZE)
    graph["90"] = {"class_type": "LoadImage", "inputs": {"image": "harbour.png"}}
    graph["91"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["90", 0], "vae": ["4", 2]}}
    for node in graph.values():
        if "latent_image" in node["inputs"]:
            node["inputs"]["latent_image"] = ["91", 0]
    (place / "coffee.jpg.json").write_text(json.dumps({"prompt": graph}))
    rows = triage(place)
    assert stands(rows["astronaut.jpg"]) == ("edited", 1)
    assert stands(rows["coffee.jpg"]) == ("edited", 1)
    assert stands(rows["chelsea.jpg"]) == ("unknown", 1)


def test_a_lone_record_beside_a_picture_decides_nothing(place: Path) -> None:
    (place / "plain.jpg").write_bytes(jpeg(scene()))
    (place / "plain.txt").write_bytes(TEXT)
    rows = triage(place)
    assert stands(rows["plain.jpg"]) == ("unknown", 1)
    assert reasons(rows["plain.jpg"], "sidecar.says")
    assert rows["plain.txt"]["origin"] == "unknown"


UNREAD = {
    "signed.json": b'{"prompt": "a lighthouse", "steps": 20',
    "signed.txt": b"\x00\x01\x02\xff" * 100,
    "signed.png.xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF",
    "signed.yaml": b"a: 1\n" * 300_000,
    "signed.info": jpeg(scene("coffee", (64, 48))),
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_sidecar_that_cannot_be_read_holds_a_signed_file_back(
    place: Path, maker: tuple[Identity, Identity], name: str
) -> None:
    (place / "signed.png").write_bytes(signed(maker))
    assert stands(triage(place)["signed.png"]) == ("synthetic", 4)
    (place / name).write_bytes(UNREAD[name])
    row = triage(place)["signed.png"]
    assert stands(row) == ("unknown", 1)
    assert reasons(row, "sidecar.unread")
    assert "sidecars" in reasons(row, "held_back")[0]["text"]


def test_a_sidecar_that_agrees_holds_nothing_back(
    place: Path, maker: tuple[Identity, Identity]
) -> None:
    (place / "signed.png").write_bytes(signed(maker))
    (place / "signed.txt").write_bytes(TEXT)
    (place / "signed.yml").write_bytes(b"")
    rows = triage(place)
    assert stands(rows["signed.png"]) == ("synthetic", 4)
    assert rows["signed.png"]["occurrences"][0]["flags"] == ["sidecar_txt", "sidecar_yml"]
    # a place of the same content beside another text counts as well
    (place / "sub").mkdir()
    (place / "sub" / "other.png").write_bytes(signed_again := (place / "signed.png").read_bytes())
    assert signed_again
    (place / "sub" / "other.TXT").write_bytes(TEXT.replace(b"Model:", b"Mask blur: 4, Model:"))
    row = triage(place)["signed.png"]
    assert stands(row) == ("edited", 1)
    assert reasons(row, "sidecar.says")[0]["text"].count("sub/other.TXT") == 1


def test_a_sidecar_left_out_by_a_filter_was_not_read(
    place: Path, maker: tuple[Identity, Identity]
) -> None:
    (place / "signed.png").write_bytes(signed(maker))
    (place / "signed.txt").write_bytes(TEXT)
    row = triage(place, "--exclude", "*.txt")["signed.png"]
    assert stands(row) == ("unknown", 1)
    assert "could not be read" in reasons(row, "sidecar.unread")[0]["text"]


def archive(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in members.items():
            made.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("first", ["set/signed.png", "set/signed.txt"])
def test_inside_an_archive_in_either_order(
    place: Path, maker: tuple[Identity, Identity], first: str
) -> None:
    members = {"set/signed.png": signed(maker), "set/signed.txt": TEXT}
    order = [first, *(n for n in members if n != first)]
    (place / "good.zip").write_bytes(archive({n: members[n] for n in order}))
    other = signed(maker, "coffee")
    changed = TEXT.replace(b"Model:", b"Mask blur: 4, Model:")
    mixed = {"b/x.png": other, "b/x.txt": changed, "c/x.txt": TEXT}
    (place / "other.zip").write_bytes(archive(mixed))
    rows = triage(place)
    assert stands(rows["good.zip!/set/signed.png"]) == ("synthetic", 4)
    assert stands(rows["other.zip!/b/x.png"]) == ("edited", 1)
    assert len(reasons(rows["other.zip!/b/x.png"], "sidecar.says")) == 1


def test_in_an_archive_not_read_to_its_end_nothing_is_synthetic(
    place: Path, maker: tuple[Identity, Identity]
) -> None:
    whole = archive({"signed.png": signed(maker), "notes.txt": b"a letter\n" * 4000})
    (place / "cut.zip").write_bytes(whole[: len(whole) - 20_000])
    row = triage(place, code=3)["cut.zip!/signed.png"]
    assert stands(row) == ("unknown", 1)
    assert "not read to its end" in reasons(row, "sidecar.unread")[0]["text"]
