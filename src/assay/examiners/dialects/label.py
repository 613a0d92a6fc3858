"""One unsigned statement about how a file came to be, other than a generation record."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.vocab import Level, Polarity
from assay.examiners.dialects.record import Text


@dataclass(frozen=True, slots=True)
class Label:
    """One statement."""

    vocabulary: str
    term: str
    level: Level
    text: str  # for people
    source: str  # of the vocabulary
    field: Text
    tool: str = ""
    prompt: str = ""  # stored, shown only on request

    @property
    def polarity(self) -> Polarity:
        if self.level is Level.E:
            return Polarity.EDITED
        return Polarity.NONE if self.level is Level.N else Polarity.SYNTHETIC
