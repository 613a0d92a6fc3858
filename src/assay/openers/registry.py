"""Which openers there are and which of them a media type is given to, in order.

The first that does not answer NotApplicable is the one; those that look beside the content are
asked in any case.
"""

from __future__ import annotations

from functools import lru_cache

from assay.core.opening import Opener
from assay.core.vocab import Reach
from assay.openers.appended import AppendedOpener
from assay.openers.bplist import BplistOpener
from assay.openers.caches import CacheBlockOpener, CacheEntryOpener, ThumbdataOpener
from assay.openers.carve import CarveOpener
from assay.openers.encoded import EncodedOpener
from assay.openers.locked import LockedOpener
from assay.openers.mail import MailOpener
from assay.openers.mbox import MboxOpener
from assay.openers.metafiles import MetafileOpener
from assay.openers.msg import MsgOpener
from assay.openers.ole import OleOpener
from assay.openers.ole_storage import OLE_TYPES
from assay.openers.pdfs import PdfOpener
from assay.openers.previews import PreviewsOpener
from assay.openers.raws import RawsOpener
from assay.openers.rtf import RtfOpener
from assay.openers.sevenzip import SevenZipOpener
from assay.openers.single import SingleOpener
from assay.openers.sqlite import SqliteOpener
from assay.openers.tars import TarOpener
from assay.openers.thumbcache import ThumbcacheOpener
from assay.openers.thumbsdb import ThumbsDbOpener
from assay.openers.tnef import TnefOpener
from assay.openers.wal import JournalOpener, WalOpener
from assay.openers.zips import ZipOpener

# Their openers report every byte outside their own content themselves.
_ARCHIVES_ELSEWHERE = frozenset({"application/x-rar", "application/vnd.rar", *OLE_TYPES})


@lru_cache(maxsize=1)
def all_openers() -> tuple[Opener, ...]:
    """Return every opener, in the order in which they are tried."""
    return (
        ZipOpener(),
        TarOpener(),
        SevenZipOpener(),
        SingleOpener(),
        MsgOpener(),
        ThumbsDbOpener(),
        OleOpener(),
        ThumbcacheOpener(),
        MetafileOpener(),
        PdfOpener(),
        SqliteOpener(),
        WalOpener(),
        JournalOpener(),
        BplistOpener(),
        CacheEntryOpener(),
        CacheBlockOpener(),
        ThumbdataOpener(),
        PreviewsOpener(),
        RawsOpener(),
        MailOpener(),
        MboxOpener(),
        TnefOpener(),
        RtfOpener(),
        EncodedOpener(),
        LockedOpener(),
        CarveOpener(),
        AppendedOpener(),
    )


@lru_cache(maxsize=1024)
def openers_for(media_type: str) -> tuple[Opener, ...]:
    """Return the openers that accept a media type, in order.

    Those that look beside a file's own content take whatever no archive opener takes: those
    already report every byte that their own format does not account for.
    """
    own = tuple(o for o in all_openers() if media_type in o.media_types)
    if any(o.reach is Reach.WHOLE for o in own) or media_type in _ARCHIVES_ELSEWHERE:
        return own
    return (*own, *(o for o in all_openers() if "*/*" in o.media_types))
