"""One tree, two threads: the one that lists must not close what the other is opening."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from assay.core.vocab import EntryKind
from assay.sources.folder import FolderSource


def test_listing_and_opening_at_once_never_mixes_up_files(tmp_path: Path) -> None:
    for number in range(60):  # more folders than a tree keeps open
        folder = tmp_path / f"folder{number:02}"
        folder.mkdir()
        (folder / "name.txt").write_text(folder.name)
    source = FolderSource.open(tmp_path)
    found = [entry for entry in source.walk() if entry.kind is EntryKind.FILE]
    stop = threading.Event()

    def keep_listing() -> None:
        while not stop.is_set():
            list(source.walk())

    lister = threading.Thread(target=keep_listing)
    lister.start()
    try:
        for _ in range(20):
            for entry in found:
                descriptor = source.open_entry(entry)
                try:
                    assert os.read(descriptor, 100).decode() == entry.key.split("/")[0]
                finally:
                    os.close(descriptor)
    finally:
        stop.set()
        lister.join()
