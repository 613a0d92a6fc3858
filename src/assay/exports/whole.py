"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from assay.core.errors import CaseError
from assay.core.names import display


@contextmanager
def written_whole(out: Path) -> Iterator[BinaryIO]:
    """Give a stream whose content takes its place when it is complete; on an error nothing is left.

    Raises CaseError where it cannot be written.
    """
    partial = out.with_name(out.name + ".partial")
    try:
        with partial.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(out)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CaseError(
                f"{display(str(out))}: {error.strerror or error}",
                hint="choose another place with -o",
            ) from error
        raise
