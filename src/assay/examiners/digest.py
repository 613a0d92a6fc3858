"""MD5, SHA-1 and SHA-256 of a file in one read: what exact hash lists are matched on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.facts import Observation
from assay.core.vocab import CostClass, Need


class DigestExaminer:
    """Yields one ``digest`` for every file, whatever its kind and size."""

    info = ExaminerInfo(
        name="digest",
        version="1",
        kinds=("digest",),
        media_types=("*/*",),
        needs=frozenset({Need.BYTES}),
        cost=CostClass.DIGEST,
    )

    def prepare(self, settings: Settings) -> None:
        """Nothing to load."""

    def examine(self, view: View) -> Iterable[Observation]:
        """Read the file once and yield its three digests and its size in bytes."""
        md5 = hashlib.md5(usedforsecurity=False)
        sha1 = hashlib.sha1(usedforsecurity=False)
        sha256 = hashlib.sha256()
        size = 0
        for piece in view.stream():
            for digest in (md5, sha1, sha256):
                digest.update(piece)
            size += len(piece)
        yield view.observe(
            "digest",
            {
                "md5": md5.hexdigest(),
                "sha1": sha1.hexdigest(),
                "sha256": sha256.hexdigest(),
                "size": size,
            },
        )

    def examples(self) -> Iterable[Sample]:
        """Yield an empty file and a short one."""
        yield Sample("empty", b"", "inode/x-empty", ("digest",))
        yield Sample("text", b"abc", "text/plain", ("digest",))
