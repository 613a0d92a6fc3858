"""What the unit of work says about one file and everything inside it."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
from PIL import Image

from assay.core.opening import Limits
from tests.support.pdfs import image, pdf
from tests.support.unit import examine


def jpeg(color: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (96, 64), color).save(out, "JPEG")
    return out.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def test_a_picture_is_digested_named_by_content_and_examined() -> None:
    data = jpeg()
    link = examine("holiday.jpg", data)
    (message,) = link.of("item")
    item = message["item"]
    assert item["sha256"] == hashlib.sha256(data).hexdigest()  # type: ignore[index, call-overload]
    assert item["media_type"] == "image/jpeg"  # type: ignore[index, call-overload]
    assert {"digest", "picture", "pdq"} <= set(message["ran"])  # type: ignore[arg-type]
    assert not link.failures()


def test_members_of_a_zip_are_items_with_their_path_chain() -> None:
    inner = zipped(("deep.jpg", jpeg()))
    link = examine("a.zip", zipped(("b.zip", inner), ("note.jpg", jpeg("red"))))
    assert link.paths() == ["a.zip", "a.zip!/b.zip", "a.zip!/b.zip!/deep.jpg", "a.zip!/note.jpg"]
    containers = {m["ordinals"] for m in link.of("container")}
    assert containers == {"0", "0/0"}


def test_a_container_says_complete_only_when_every_member_was_read() -> None:
    def complete(link_data: bytes) -> object:
        link = examine("a.zip", link_data)
        rows = [o for m in link.of("container") for o in m["observations"]]  # type: ignore[union-attr]
        return next(o["value"]["complete"] for o in rows if o["kind"] == "container")  # type: ignore[index, call-overload]

    assert complete(zipped(("a.jpg", jpeg()))) is True
    assert complete(zipped(("zeros", bytes(64 << 20)), ("a.jpg", jpeg()))) is False


def test_a_container_with_a_member_that_ends_workers_is_not_complete() -> None:
    poison = {"0/0|digest": {"reason": "crash", "detail": "signal 11", "attempts": 2}}
    link = examine("a.zip", zipped(("a.jpg", jpeg()), ("b.jpg", jpeg("red"))), poison=poison)
    (container,) = link.of("container")
    kinds = {o["kind"]: o["value"] for o in container["observations"]}  # type: ignore[union-attr, index, call-overload]
    assert kinds["container"]["complete"] is False  # type: ignore[index, call-overload]
    assert "unreadable_member" in link.flags()
    assert "a.zip!/b.jpg" in link.paths()


def test_a_bomb_beside_a_good_member_stops_alone() -> None:
    link = examine("a.zip", zipped(("zeros.jpg", bytes(64 << 20)), ("real.jpg", jpeg())))
    assert "decompression_bomb" in link.flags()
    assert "a.zip!/real.jpg" in link.paths()
    assert any(m["item"]["media_type"] == "image/jpeg" for m in link.of("item"))  # type: ignore[index, call-overload]


def test_nesting_stops_at_its_limit_and_says_so() -> None:
    data = zipped(("core.jpg", jpeg()))
    for depth in range(6):
        data = zipped((f"level{depth}.zip", data))
    link = examine("a.zip", data, limits=Limits(depth=3))
    assert "nesting_limit" in link.flags()
    assert not any(path.endswith("core.jpg") for path in link.paths())


def test_too_many_members_stop_the_container_alone() -> None:
    data = zipped(*((f"{i}.txt", b"x%d" % i) for i in range(20)))
    link = examine("a.zip", data, limits=Limits(members=5))
    assert "count_limit" in link.flags()
    assert len(link.of("item")) == 6  # the archive itself and five members


def test_the_name_never_decides_the_type_and_a_lie_is_a_finding() -> None:
    link = examine("report.jpg", b"MZ" + bytes(62) + b"\x40" + bytes(500))
    assert link.of("item")[0]["item"]["media_type"] != "image/jpeg"  # type: ignore[index, call-overload]
    assert "type_mismatch" in link.flags()


def test_a_path_that_points_outside_is_kept_and_flagged() -> None:
    link = examine("a.zip", zipped(("../../etc/x.jpg", jpeg())))
    assert "path_traversal" in link.flags()
    assert "a.zip!/../../etc/x.jpg" in link.paths()


def test_a_poisoned_check_is_recorded_and_the_others_run() -> None:
    poison = {"0|pdq": {"reason": "crash", "detail": "signal 11", "attempts": 2}}
    link = examine("a.jpg", jpeg(), poison=poison)
    (failure,) = link.failures()
    assert (failure["examiner"], failure["reason"], failure["attempts"]) == ("pdq", "crash", 2)
    kinds = {o["kind"] for o in link.of("item")[0]["observations"]}  # type: ignore[union-attr, index, call-overload]
    assert "picture" in kinds
    assert "pdq" not in kinds


def test_every_check_leaves_a_breadcrumb_before_it_runs() -> None:
    link = examine("a.zip", zipped(("b.jpg", jpeg())))
    assert {"0|digest", "0|open:zip", "0/0|digest", "0/0|picture"} <= set(link.traces)


@pytest.mark.parametrize("data", [b"", b"\x00", b"PK\x03\x04", b"\xff\xd8\xff"])
def test_scraps_are_items_and_never_an_exception(data: bytes) -> None:
    assert examine("scrap", data).of("item")


def test_a_photograph_that_a_document_calls_raw_pixels_is_examined_as_a_photograph() -> None:
    """Else the noise of its bytes would stand for it wherever it lies: one digest is one item."""
    data = jpeg()
    data += bytes(-len(data) % 20)
    inside = image(len(data) // 20, 20, "/ColorSpace/DeviceGray/BitsPerComponent 8")
    link = examine("letter.pdf", pdf((inside, data)))
    (photo,) = [m for m in link.of("item") if m["ordinals"] != "0"]
    alone = examine("holiday.jpg", data).of("item")[0]
    assert photo["item"]["sha256"] == alone["item"]["sha256"]  # type: ignore[index, call-overload]
    assert photo["item"]["media_type"] == "image/jpeg"  # type: ignore[index, call-overload]
    assert photo["ran"] == alone["ran"]
    assert photo["observations"] == alone["observations"]


def test_pixels_that_only_begin_like_a_picture_are_examined_as_the_document_shows_them() -> None:
    data = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
    data += bytes(-len(data) % 20)
    inside = image(len(data) // 20, 20, "/ColorSpace/DeviceGray/BitsPerComponent 8")
    link = examine("letter.pdf", pdf((inside, data)))
    (pixels,) = [m for m in link.of("item") if m["ordinals"] != "0"]
    assert pixels["item"]["media_type"] == "image/x-pdf-stream"  # type: ignore[index, call-overload]
    assert "derived" in link.flags()


def test_long_names_of_containers_are_not_repeated_with_every_member() -> None:
    inner = zipped(*((f"{n}.txt", b"%d" % n) for n in range(20)))
    outer = zipped(("n" * 60_000, inner), ("m" * 60_000, b"other"))
    link = examine("a.zip", zipped(("o" * 60_000, outer)))
    assert len(link.of("item")) == 24
    assert sum(map(len, link.paths())) < 24 * 1000
    assert len(set(link.paths())) == 24
    assert "long_name" in link.flags()
    assert not link.failures()
