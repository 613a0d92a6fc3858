"""Which folders come first, by the table that is shipped."""

from __future__ import annotations

import tomllib
import unicodedata
from importlib import resources

import pytest

from assay.sources.order import Order, Turn, folded, shipped_order


def turn_of(path: str, order: Order | None = None) -> Turn:
    """Return the class of a folder below the root of a source."""
    order = order or shipped_order()
    names = path.split("/")
    turn = Turn.REST
    for depth in range(1, len(names) + 1):
        turn = order.turn(tuple(map(folded, names[:depth])), depth, turn)
    return turn


@pytest.mark.parametrize(
    "path",
    [
        "DCIM/100APPLE",
        "dcim",
        "Users/person/Pictures/Holiday",
        "Users/person/OneDrive/Bilder",
        "home/person/Изображения",
        "data/media/0/Android/media/com.whatsapp/WhatsApp/Media/WhatsApp Images",
        "data/data/org.thoughtcrime.securesms/app_parts",
        "Users/person/AppData/Roaming/Telegram Desktop/tdata/user_data",
        "Users/person/AppData/Local/Packages/5319275A.WhatsAppDesktop_cv1g1gvanyjgm/LocalState",
        "private/var/mobile/Library/SMS/Attachments/00",
        "Users/person/Pictures/Photos Library.photoslibrary/originals/0",
        "Windows/System32/config/DCIM",
        "Program Files/tool/node_modules/x/DCIM/100CANON",
        "Windows/ServiceProfiles/LocalService/AppData/Local/Packages/com.whatsapp/files",
    ],
)
def test_where_people_keep_pictures_comes_first(path: str) -> None:
    assert turn_of(path) is Turn.PICTURES


@pytest.mark.parametrize(
    "path",
    [
        "Users/person",
        "home/person/work",
        "Documents and Settings/person",
        "Users/person/Desktop/new",
        "$RECYCLE.BIN/S-1-5-21-1",
        "storage/emulated/0/Download",
        "usr/home/person",
        "Windows.old/Users/person",
        "Users/person/AppData/Local/Microsoft/Windows/Explorer",
        "Users/person/Documents/Windows",
    ],
)
def test_the_places_of_people_come_next(path: str) -> None:
    assert turn_of(path) is Turn.PEOPLE


@pytest.mark.parametrize(
    "path",
    [
        "backup/old",
        "Users/person/AppData/Local/Temp",
        "Users/person/Library/Caches",
        "Library",
        "lib",
    ],
)
def test_everything_else_is_between(path: str) -> None:
    expected = Turn.SYSTEM if path == "lib" else Turn.REST
    assert turn_of(path) is expected


@pytest.mark.parametrize(
    "path",
    [
        "Windows/WinSxS/amd64",
        "C/Windows/System32",
        "Program Files (x86)/Maker/Product/images",
        "usr/share/doc/pictures",
        "lib/modules",
        "System/Library/Desktop Pictures",
        "Users/person/site/node_modules/left-pad/images",
        "storage/emulated/0/Android/obb/com.game",
    ],
)
def test_systems_and_programs_come_last(path: str) -> None:
    assert turn_of(path) is Turn.SYSTEM


@pytest.mark.parametrize("path", ["DCIM/Windows", "Pictures/node_modules", "WhatsApp/.git/objects"])
def test_nothing_inside_a_folder_of_pictures_is_put_back(path: str) -> None:
    assert turn_of(path) is Turn.PICTURES


def test_a_name_at_the_top_says_nothing_further_down() -> None:
    assert turn_of("bin") is Turn.SYSTEM
    assert turn_of("backup/bin") is Turn.REST


def test_accents_are_the_same_however_they_are_stored() -> None:
    for form in ("NFC", "NFD"):
        assert turn_of(unicodedata.normalize(form, "Vidéos")) is Turn.PICTURES


def test_names_that_are_not_text_are_looked_up_like_others() -> None:
    assert turn_of("bad\udcff\udcfe/DCIM") is Turn.PICTURES
    assert turn_of("bad\udcff") is Turn.REST


def test_the_longer_pattern_decides_then_the_earlier_class() -> None:
    order = Order.of(
        """
        [[group]]
        name = "a"
        source = "made for this test"
        class = 3
        folders = ["x", "a/x", "*y"]
        [[group]]
        name = "b"
        source = "made for this test"
        class = 1
        folders = ["x", "z*"]
        """
    )
    assert turn_of("x", order) is Turn.PEOPLE
    assert turn_of("a/x", order) is Turn.SYSTEM
    assert turn_of("zy", order) is Turn.PEOPLE


@pytest.mark.parametrize(
    "group",
    [
        'class = 1\nsource = "s"\nfolders = ["a//b"]',
        'class = 1\nsource = "s"\nfolders = ["a/b/c/d/e"]',
        'class = 7\nsource = "s"\nfolders = ["a"]',
        'class = 1\nsource = ""\nfolders = ["a"]',
        'class = 1\nsource = "s"\nfolders = ["a"]\ninside = "all"',
    ],
)
def test_a_table_that_breaks_its_rules_is_refused(group: str) -> None:
    with pytest.raises(ValueError):
        Order.of(f"[[group]]\n{group}\n")


def test_every_pattern_of_the_table_does_what_it_says() -> None:
    data = resources.files("assay.sources").joinpath("data/folders.toml").read_text("utf-8")
    for group in tomllib.loads(data)["group"]:
        for pattern in group["folders"]:
            path = pattern.lstrip("/").replace("*", "some")
            path = path if pattern.startswith("/") else f"top/{path}"
            assert turn_of(path) <= group["class"], pattern
            if group["class"] == Turn.SYSTEM:
                assert turn_of(path) is Turn.SYSTEM, pattern
