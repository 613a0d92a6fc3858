"""Which names are editors and which are firmware, systems and transfer tools."""

from __future__ import annotations

import pytest

from assay.examiners._devices import container_agrees, device_name, no_camera
from assay.examiners._editors import editor_name


@pytest.mark.parametrize(
    "text",
    [
        "Adobe Photoshop 21.1 (Macintosh)",
        "Adobe Lightroom 8.5.1 (Macintosh)",
        "GIMP 2.8.10",
        "Created with GIMP",
        "paint.net 4.2",
        "Snapseed 2.0",
        "PicsArt",
        "FaceApp 3",
        "Canva doc=DAxxxx",
        "Windows Photo Editor 10.0.10011.16384",
        "ACD Systems Digital Imaging",
        "Adobe Bridge 2021 (Windows)",
        "Capture One 22 Macintosh",
        "darktable 4.2.0",
        "RawTherapee 5.8",
        "Digital Photo Professional",
    ],
)
def test_an_editor_is_named(text: str) -> None:
    assert editor_name(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "16.3.1",
        "Ver.1.0",
        "Version 1.0",
        "F956BXXS2BYFC",
        "V06P-74",
        "Digital Camera FinePix40i Ver1.39",
        "HDR+ 1.0.199571065z",
        "BlackBerry 10.1.0.4633",
        "NIKON Z 9 Ver.T2.10.gb",
        "Android RP1A.200720.012",
        "QuickTime 7.7.1",
        "Nikon Transfer 1.1 W",
        "OLYMPUS CAMEDIA Master",
        "Microsoft Windows Photo Viewer 6.1.7600.16385",
        "Microsoft Windows Photo Gallery 6.0.6001.18000",
        "FinePixViewer Ver.3.2",
        "macOS 14.6.1 (23G93)",
        "Adobe Firefly",  # a generator: not for this table to judge
        "NovelAI",
    ],
)
def test_firmware_systems_and_transfer_tools_are_no_editors(text: str) -> None:
    assert editor_name(text) is None


@pytest.mark.parametrize(
    "text", ['workflow:{"nodes": []}', 'prompt:{"3": {}}', '{"a": 1}', "  ", "unknown", "x" * 200]
)
def test_a_record_or_placeholder_is_no_device(text: str) -> None:
    assert device_name(text) is None


def test_a_game_and_a_computer_are_no_cameras() -> None:
    assert no_camera("Polyphony Digital Inc.", "Gran Turismo 5")
    assert no_camera("Apple", "Mac15,9")
    assert no_camera("Apple", "MacBookPro18,3")
    assert no_camera("Apple", "iPhone 13") is None
    assert no_camera("Nintendo", "Nintendo 3DS") is None


@pytest.mark.parametrize(
    ("make", "media_type", "agrees"),
    [
        ("Apple", "image/heic", True),
        ("Apple", "image/jpeg", True),
        ("NIKON CORPORATION", "image/png", False),
        ("samsung", "image/webp", False),
        ("Canon", "image/avif", False),
        ("EASTMAN KODAK COMPANY", "image/heic", None),
        ("NIKON", "image/tiff", None),
        ("Apple", "image/tiff", False),
        ("RaspberryPi", "image/png", True),
    ],
)
def test_containers_by_maker(make: str, media_type: str, agrees: bool | None) -> None:
    assert container_agrees(make, media_type) is agrees
