"""Coverage-guided fuzzing of everything that reads metadata: walkers, readers, dialects.

Needs atheris beside Assay, in a folder of its own (see docs/methods/fuzzing.md):

    uv pip install --target /tmp/atheris atheris
    PYTHONPATH=/tmp/atheris python scripts/fuzz_walkers.py seeds CORPUS [FOLDER …]
    PYTHONPATH=/tmp/atheris python scripts/fuzz_walkers.py run CORPUS -max_total_time=900
    python scripts/fuzz_walkers.py replay FILE …

The first byte of an input picks the type of file, the rest is the file. ``seeds`` writes one small
file per container and per tool, and the files of the folders given that are small enough;
``replay`` runs inputs once, without atheris, to look at a crash.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_SEED = 1 << 16  # bytes
MAX_INPUT = 1 << 16


def load() -> tuple[str, ...]:
    """Import what is fuzzed; returns the types of file in a fixed order."""
    import assay.examiners.dialects.labels
    import assay.examiners.dialects.readings
    import assay.media.ciff
    import assay.media.jpeg_tables
    import assay.media.jumbf_pictures
    import assay.media.picture_info
    import assay.media.slots

    return tuple(sorted(assay.media.slots.TYPES))


def read(data: bytes, media_type: str) -> None:
    """Walk a file and read every slot; whatever is raised or breaks a promise is a crash."""
    from assay.core.slots import SlotKind
    from assay.examiners.dialects.labels import labels
    from assay.examiners.dialects.readings import readings
    from assay.examiners.dialects.texts import bundles
    from assay.media import gather
    from assay.media.ciff import read_ciff
    from assay.media.iptc import parse_iptc
    from assay.media.jpeg_tables import read_tables
    from assay.media.jumbf_pictures import thumbnails
    from assay.media.picture_info import read_picture_info
    from assay.media.slots import walk
    from assay.media.tiff import read_exif
    from assay.media.xmp import read_xmp

    found = walk(data, media_type)
    flags = [trouble.flag for trouble in found.troubles]
    if any(flags.count(flag) > gather.MAX_TROUBLES for flag in flags):
        raise AssertionError("more troubles than a file may have")
    if found.end is not None and not 0 <= found.end <= len(data):
        raise AssertionError(f"the end lies at {found.end} of {len(data)}")
    for slot in found.slots:
        if not 0 <= slot.offset <= slot.offset + slot.length <= len(data):
            raise AssertionError(f"a slot points outside the file: {slot.locator}")
        if slot.kind is SlotKind.EXIF:
            read_exif(slot.data)
        elif slot.kind is SlotKind.XMP:
            read_xmp(slot.data)
        elif slot.kind is SlotKind.IPTC:
            parse_iptc(slot.data)
        elif slot.kind is SlotKind.C2PA:
            list(thumbnails(slot.data))
        elif slot.kind is SlotKind.OTHER:
            read_ciff(slot.data)
            read_picture_info(slot.data)
    if media_type == "image/jpeg":
        read_tables(data)
    texts, _ = bundles(found)
    readings(texts)
    labels(texts)


def one_input(data: bytes, types: tuple[str, ...]) -> None:
    if data:
        read(data[1:], types[data[0] % len(types)])


def seeds(types: tuple[str, ...], folders: list[Path]) -> Iterator[bytes]:
    """Yield inputs to begin with: made here, and small files of the folders."""
    sys.path.insert(0, str(ROOT))
    from assay.media.sniff import sniff
    from tests.support.generators import WRITERS
    from tests.unit.media.test_id3 import TAGGED
    from tests.unit.media.test_slots import SAMPLES
    from tests.unit.media.test_walk_pdf import SAMPLES as DOCUMENTS

    made = [*SAMPLES.items(), ("audio/mpeg", TAGGED)]
    made += [("application/pdf", document) for document in DOCUMENTS]
    made += [(writer.container.media_type, writer.build()) for writer in WRITERS]
    for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
        if path.is_file() and path.stat().st_size <= MAX_SEED:
            data = path.read_bytes()
            made.append((sniff(data, len(data)), data))
    for media_type, data in made:
        if media_type in types and len(data) <= MAX_SEED:
            yield bytes([types.index(media_type)]) + data


def main() -> int:
    """Run one of the three commands of the module's text."""
    command, *rest = sys.argv[1:] or [""]
    if command == "seeds" and rest:
        corpus = Path(rest[0])
        corpus.mkdir(parents=True, exist_ok=True)
        for data in seeds(load(), [Path(name) for name in rest[1:]]):
            (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
        print(f"{len(list(corpus.iterdir()))} seeds in {corpus}")
        return 0
    if command == "replay" and rest:
        types = load()
        for name in rest:
            data = Path(name).read_bytes()
            print(name, types[data[0] % len(types)] if data else "empty")
            one_input(data, types)
        return 0
    if command == "run" and rest:
        import atheris

        with atheris.instrument_imports(include=["assay"]):
            types = load()
        options = [f"-max_len={MAX_INPUT}", "-timeout=10", "-rss_limit_mb=2048", *rest]
        atheris.Setup([sys.argv[0], *options], lambda data: one_input(data, types))
        atheris.Fuzz()
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
