"""Journals of databases and caches of browsers; some are told by their structure alone.

Sources: sqlite.org/fileformat2.html §3 and walformat.html §2; SQLite's pager.c (pager_cksum);
Chromium net/disk_cache (simple_entry_format.h, blockfile/disk_format_base.h).
"""

from __future__ import annotations

from collections.abc import Callable

JOURNAL = "application/x-sqlite-journal"
JOURNAL_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
SHARED_MEMORY = "application/x-sqlite-shm"
CACHE_ENTRY = "application/x-chromium-cache-entry"
CACHE_ENTRY_MAGIC = bytes.fromhex("305c72a71b6dfbfc")
CACHE_BLOCKS = "application/x-chromium-cache-block"
CACHE_BLOCKS_MAGIC = bytes.fromhex("c3ca04c1")
PAGE_SIZES = tuple(1 << n for n in range(9, 17))
SECTOR = 512  # bytes that the header of a rollback journal fills where nothing else is said
_STEP = 200  # bytes between those that a record's checksum counts
_WAL_INDEX = 48  # bytes of the header of a WAL index, which stands there twice
_WAL_VERSION = 3_007_000


def _journal(head: bytes) -> str:
    """A rollback journal by its magic number, or one whose header SQLite has blanked."""
    if head[:8] == JOURNAL_MAGIC:
        return JOURNAL
    blank = len(head) > SECTOR and head[SECTOR : SECTOR + 4] != bytes(4)
    return JOURNAL if blank and not head[:SECTOR].strip(b"\0") and journal_page_size(head) else ""


def journal_page_size(data: bytes) -> int:
    """Return the page size of a rollback journal without its header, 0 where none fits.

    It is the one under which the first records agree on the nonce in their checksums.
    """
    for size in PAGE_SIZES:
        records = (_nonce(data, SECTOR + n * (size + 8), size) for n in range(3))
        known = [nonce for nonce in records if nonce is not None]
        if len(known) >= 2 and known[0] == known[1]:
            return size
    return 0


def _nonce(data: bytes, at: int, size: int) -> int | None:
    """Return a record's checksum less what its page adds to it."""
    record = data[at : at + size + 8]
    if len(record) < size + 8 or record[:4] == bytes(4):
        return None
    page = record[4:-4]
    counted = sum(page[place] for place in range(size - _STEP, 0, -_STEP))
    return (int.from_bytes(record[-4:], "big") - counted) & 0xFFFFFFFF


def _wal_index(head: bytes) -> str:
    """The shared memory of a write-ahead log: its version stands in both copies of its header."""
    first, second = head[:4], head[_WAL_INDEX : _WAL_INDEX + 4]
    known = (_WAL_VERSION.to_bytes(4, "little"), _WAL_VERSION.to_bytes(4, "big"))
    return SHARED_MEMORY if first in known and second == first else ""


def _cache(head: bytes) -> str:
    if head[:8] == CACHE_ENTRY_MAGIC:
        return CACHE_ENTRY
    version = int.from_bytes(head[4:8], "little")
    known = head[:4] == CACHE_BLOCKS_MAGIC and version >> 16 in (2, 3)
    return CACHE_BLOCKS if known else ""


STORE_TESTS: tuple[Callable[[bytes], str], ...] = (_journal, _wal_index, _cache)
