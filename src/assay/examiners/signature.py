"""Signatures of a generator over pixels and record, outside content credentials: NovelAI's.

Its record holds ``signed_hash``: Ed25519 over the picture's RGB bytes, row by row, followed by the
record without that field, written again as JSON. Source: NovelAI/novelai-image-metadata
(nai_sig.py), which also publishes the key. A signature says who wrote the record, the record what
was done: only one that starts from text alone makes it a statement that a machine made the file.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from numpy.typing import NDArray

from assay.core.contract import ExaminerInfo, PictureInfo, Sample, Settings, View
from assay.core.errors import LimitReached
from assay.core.facts import Observation
from assay.core.jsonvalue import JsonObject
from assay.core.vocab import Level, Need, Polarity
from assay.examiners._signature_sample import unverified
from assay.examiners._signed_records import FIELD, SignedText, signed_texts
from assay.examiners.dialects import novelai
from assay.examiners.dialects.bounded import clean
from assay.examiners.dialects.record import Bundle, Text
from assay.examiners.dialects.texts import PIXELS
from assay.media.frames_png import read_apng

_OPAQUE = 254  # of alpha, whose lowest bits may hold the record
MAX_PIXELS = 1 << 26  # hashed twice per record; NovelAI's largest pictures stay far below

# NovelAI/novelai-image-metadata, nai_sig.py (verify_metadata_is_novelai), 2024 to 2026
KEYS: Mapping[str, str] = {"NovelAI": "Y2JcQAOhLwzwSDUJPNgL04nS0Tbqm7cSRc4xk0vRMic="}

# Kinds of request that start from text alone; "Img2ImgRequest" and any that is new do not count.
_FROM_TEXT = ("", "PromptGenerateRequest")

_SOURCE = "Source: NovelAI/novelai-image-metadata, nai_sig.py."
_BASIS = {
    Level.S4: "A signature over pixels and record that verifies with the generator's published "
    f"key (evidence policy, S4). {_SOURCE}",
    Level.E: "The signed record names an input picture or a change of one (evidence policy, E). "
    f"{_SOURCE}",
}
_POLARITY = {Level.S4: Polarity.SYNTHETIC, Level.E: Polarity.EDITED}


@dataclass(frozen=True, slots=True)
class _Outcome:
    verified: bool | None  # None: it could not be tried
    text: str
    level: Level = Level.N
    key: str = ""  # base64 of the public key that fits


class SignatureExaminer:
    """Yields ``signature`` per signed record of a file, and a finding where one does not verify."""

    info = ExaminerInfo(
        name="signature",
        version="1",
        kinds=("signature",),
        media_types=("image/png", "image/apng", "image/webp"),
        needs=frozenset({Need.SLOTS, Need.PLANES, Need.BYTES}),
        place_check=True,
    )

    def __init__(self, keys: Mapping[str, str] = KEYS) -> None:
        self._keys = keys  # tool -> base64 of its public key

    def prepare(self, settings: Settings) -> None:
        """Nothing to load: the keys are a table."""

    def examine(self, view: View) -> Iterator[Observation]:
        """Yield S4 for what verifies and N for the rest; raises as decoding does."""
        for signed in signed_texts(view):
            outcome = self._try(view, signed)
            yield view.observe(
                "signature",
                _value(outcome, signed),
                level=outcome.level,
                polarity=_POLARITY.get(outcome.level, Polarity.NONE),
                basis=_BASIS.get(outcome.level, ""),
                locator=signed.locator,
            )
            if outcome.verified is False:
                yield view.finding("signature_fails", detail=outcome.text, locator=signed.locator)

    def examples(self) -> Iterable[Sample]:
        """Yield a picture whose record holds a signature of nobody."""
        yield Sample("unverified", unverified(), "image/png", ("signature", "finding"))

    def _try(self, view: View, signed: SignedText) -> _Outcome:
        info = view.picture()
        if info.width * info.height > MAX_PIXELS:
            raise LimitReached(
                f"a signature over {info.width}×{info.height} pixels, limit {MAX_PIXELS:,}",
                flag="pixel_limit",
            )
        pixels = view.pixels()
        if pixels is None:
            said = "cannot be checked: the file stores no pixels as they were signed"
            return _Outcome(None, f"a NovelAI signature {said}")
        for key in self._keys.values():
            for record in signed.records:
                if _verifies(key, pixels, record):
                    return _weighed(record, key, _unsigned(view, info, pixels))
        return _Outcome(False, "a NovelAI signature does not verify over pixels and record")


def _unsigned(view: View, info: PictureInfo, pixels: NDArray[np.uint8]) -> str:
    """Return what of the picture that is seen the signature does not cover; "" for nothing.

    It covers one frame's red, green and blue: transparency alone can draw any picture, and a
    viewer that plays an animation shows other frames than the one that a decoder gives.
    """
    if info.frames > 1 or read_apng(view.data()) is not None:
        return "its other frames are not signed"
    alpha = pixels[:, :, 3:]
    if int(alpha.min(initial=_OPAQUE)) < _OPAQUE or (info.has_alpha and not alpha.size):
        return "its transparency is not signed and changes what is seen"
    return ""


def _weighed(record: JsonObject, key: str, unsigned: str) -> _Outcome:
    """Return what a record says whose signature verifies; doubt keeps it from S4."""
    verified = "NovelAI's own signature over pixels and record verifies"
    text = Text("comment", json.dumps(record))
    read = novelai.parse(Bundle(PIXELS, (text,)))
    if read is not None and (read.changes or read.input_pictures):
        lead = (*read.input_pictures, *read.changes)[0]
        return _Outcome(True, f"{verified}; it names an input: {clean(lead, 60)}", Level.E, key)
    if read is None or record.get("request_type", "") not in _FROM_TEXT:
        return _Outcome(True, f"{verified}; not known to start from text alone", Level.N, key)
    if unsigned:
        return _Outcome(True, f"{verified}; {unsigned}", Level.N, key)
    return _Outcome(True, verified, Level.S4, key)


def _value(outcome: _Outcome, signed: SignedText) -> JsonObject:
    return {
        "tool": "NovelAI" if outcome.verified else "",
        "claimed": "NovelAI",
        "verified": outcome.verified,
        "key": outcome.key,
        "field": signed.field,
        "mechanism": signed.mechanism,
        "text": outcome.text,
    }


def _verifies(key: str, pixels: NDArray[np.uint8], record: JsonObject) -> bool:
    """Check one record the way its signer made it; False for whatever is malformed."""
    rest = {name: value for name, value in record.items() if name != FIELD}
    try:
        signature = base64.b64decode(str(record[FIELD]).encode("utf-8"))
        # Python's own defaults, which the signer used: separators, order of keys, \u escapes
        message = json.dumps(rest).encode("utf-8")
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
        public.verify(signature, pixels[:, :, :3].tobytes() + message)
    except (InvalidSignature, binascii.Error, ValueError, RecursionError):
        return False
    return True
