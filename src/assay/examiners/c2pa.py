"""Content credentials (C2PA): who signed what about this file, and does it verify?

One observation per file with a credential. c2pa-python reads and checks hashes, the trust package
checks who signed, encypher-c2pa gives a second opinion; nothing is fetched from anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.errors import NotApplicable
from assay.core.facts import Observation
from assay.core.slots import SlotKind, Walk
from assay.core.vocab import Level, Need, Polarity
from assay.examiners import _c2pa_second as second
from assay.examiners._c2pa_manifest import Reading, Remote, Unreadable, read
from assay.examiners._c2pa_prefilter import ask_reader, reader_type
from assay.examiners._c2pa_products import Products, shipped_products
from assay.examiners._c2pa_sample import signed_sample
from assay.examiners._c2pa_story import Story, tell
from assay.examiners._c2pa_tier import Tier, judge
from assay.examiners._c2pa_value import refused_value, value_of
from assay.trust.anchors import AnchorTable

if TYPE_CHECKING:
    import c2pa

# store.cfg of contentauth/verify-site (static/trust): uses a signer's certificate may show.
# Without them a valid certificate reads signingCredential.invalid.
_USES = (
    "1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.8\n1.3.6.1.5.5.7.3.9\n"
    "1.3.6.1.4.1.311.76.59.1.9\n1.3.6.1.4.1.62558.2.1\n"
)
_SETTINGS = {
    # remote_manifest_fetch is true by default: reading evidence would contact a vendor's server
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "trust": {"trust_config": _USES},
}
_REMOTE_BASIS = "A credential that lies elsewhere says nothing until it is read (C2PA 2.2 §11.4)."


class C2paExaminer:
    """Reads content credentials and sets their tier and level."""

    info = ExaminerInfo(
        name="c2pa",
        version="2",
        kinds=("c2pa",),
        media_types=("image/*", "video/*", "audio/*", "application/pdf", "inode/x-empty"),
        needs=frozenset({Need.BYTES, Need.SLOTS}),
        place_check=True,
        reads=("evaluation_date",),
    )

    def __init__(self, products: Products | None = None) -> None:
        """Take the shipped table of products; a test may give another one."""
        self._products = products
        self._table = AnchorTable()
        self._evaluation = datetime.max.replace(tzinfo=UTC)
        self._context: c2pa.Context | None = None
        self._process = 0

    def prepare(self, settings: Settings) -> None:
        """Read the table of anchors, import both readers and run each once."""
        options = settings.options.get("c2pa", {})
        if self._products is None:
            self._products = shipped_products()
        self._table = AnchorTable.from_json(options.get("anchors", []))
        day = datetime.fromisoformat(settings.evaluation_date).date()
        # the end of the day: what was signed on the evaluation date itself is not "not yet valid"
        self._evaluation = datetime.combine(day, time(23, 59, 59), UTC)
        second.prepare()
        sample = signed_sample()
        self._read(sample, "image/jpeg")
        second.ask(sample, "image/jpeg", self._evaluation)

    def examine(self, view: View) -> Iterator[Observation]:
        """Yield one observation of kind c2pa, and findings; NotApplicable without a credential."""
        if view.size == 0:
            # Nothing was left unread in it, so no finding says that something was.
            value = refused_value(Tier.UNREADABLE, "The file is empty.")
            yield view.observe("c2pa", value, basis=_EMPTY)
            return
        media_type = reader_type(view.media_type)
        data = view.data()
        walk = view.walk()
        if not ask_reader(data, media_type, walk):
            raise NotApplicable("no trace of a credential")
        stores = _stores(walk)
        reading = self._read(data, media_type)
        if reading is None:
            if not stores:
                raise NotApplicable("no credential")
            reading = Unreadable("a store of credentials lies in the file, c2pa-python sees none")
        if len(stores) > 1:
            yield view.finding("several_stores", detail=f"{len(stores)} in one file")
        if not isinstance(reading, Reading):
            yield from _refused(view, reading, stores)
            return
        if reading.cut:
            yield view.finding("credential_unreadable", detail=reading.cut)
        judged = judge(reading, self._table, self._evaluation)
        story = tell(reading, judged, self._products or Products(""))
        opinion = second.ask(data, media_type, self._evaluation)
        differs = ""
        if isinstance(opinion, second.NoOpinion):
            yield view.finding("second_opinion_missing", detail=opinion.reason)
        elif differs := second.disagreement(opinion, judged):
            yield view.finding("second_opinion_differs", detail=differs)
        level, polarity = _capped(story) if differs else (story.level, story.polarity)
        yield view.observe(
            "c2pa",
            value_of(reading, judged, story, opinion, stores),
            level=level,
            polarity=polarity,
            basis=story.basis if not differs else f"{story.basis} Capped: {differs}.",
            locator=_place(walk),
        )

    def examples(self) -> Iterable[Sample]:
        """Yield a small picture with a self-made credential."""
        yield Sample("self-signed-capture", signed_sample(), "image/jpeg", ("c2pa",))

    def _read(self, data: bytes, media_type: str) -> Reading | Remote | Unreadable | None:
        return read(data, media_type, self._reader_context())

    def _reader_context(self) -> c2pa.Context:
        """Return the context of this process: one made before a fork is refused by the library."""
        import c2pa

        if self._context is None or self._process != os.getpid():
            self._context = c2pa.Context.from_dict(_SETTINGS)
            self._process = os.getpid()
        return self._context


_EMPTY = "A file of 0 bytes holds no credential."


def _stores(walk: Walk) -> list[bytes]:
    """Return the manifest stores as they lie in the file."""
    return [slot.data for slot in walk.slots if slot.kind is SlotKind.C2PA]


def _place(walk: Walk) -> str:
    """Return where the stores lie; blank where our walker sees none."""
    return ", ".join(slot.locator for slot in walk.slots if slot.kind is SlotKind.C2PA)


def _refused(
    view: View, outcome: Remote | Unreadable, stores: list[bytes]
) -> Iterator[Observation]:
    if isinstance(outcome, Remote):
        yield view.finding("remote_manifest", detail=outcome.url)
        words = "The credential lies on a server."
        value = refused_value(Tier.REMOTE, words, url=outcome.url, stores=stores)
    else:
        yield view.finding("credential_unreadable", detail=outcome.detail)
        value = refused_value(Tier.UNREADABLE, "No credential could be read.", stores=stores)
    yield view.observe("c2pa", value, basis=_REMOTE_BASIS)


def _capped(story: Story) -> tuple[Level, Polarity]:
    """Two readers disagree: nothing may lower the file on this credential's word."""
    if story.level in (Level.S5, Level.S3):
        return Level.S1, story.polarity
    if story.level is Level.C3:
        return Level.N, Polarity.NONE
    return story.level, story.polarity
