"""The closed vocabularies of Assay: levels, origins, lanes, bands, reasons.

The string values are what the database, the exports and the reports show.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Level(StrEnum):
    """Strength of one piece of evidence (DESIGN §5): S machine-made, E changed, C camera."""

    S5 = "S5"
    S4 = "S4"
    S3 = "S3"
    S2 = "S2"
    S1 = "S1"
    E = "E"
    C3 = "C3"
    C2 = "C2"
    C1 = "C1"
    N = "N"  # says nothing about the origin; absence is always N


class Polarity(StrEnum):
    SYNTHETIC = "synthetic"
    CAMERA = "camera"
    EDITED = "edited"
    NONE = "none"


class ListPolarity(StrEnum):
    """What a list's category means for the order of work; the list's own table decides."""

    POSITIVE = "positive"
    NEGATIVE = "negative"  # known and of no use: known software, never "good"
    GENERATED = "generated"  # known and machine-made according to the list
    NONE = "none"  # category 0, null or not in the table: shown, places nothing


class Origin(StrEnum):
    CAMERA = "camera"
    SYNTHETIC = "synthetic"
    EDITED = "edited"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


class Lane(IntEnum):
    """Order of work, never a statement on legality. An item of the inventory has lane None."""

    POSSIBLE_NEW_VICTIM = 1
    KNOWN_NOT_IDENTIFIED = 2
    KNOWN_IDENTIFIED = 3
    SYNTHETIC = 4
    NOT_RELEVANT = 5


class Band(StrEnum):
    """Order inside lane 1 (DESIGN §5)."""

    A = "a"  # conflict; camera and edited that show a person or where that could not be told
    B = "b"  # other photographs that show a person, or whose kind or person could not be told
    C = "c"  # remaining camera and edited files; screenshots and collages with a photograph
    D = "d"  # drawings, screenshots, icons
    E = "e"  # nothing in it could be examined
    F = "f"  # sound alone


class FailureReason(StrEnum):
    CRASH = "crash"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    LIMIT = "limit"
    MALFORMED = "malformed"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"
    UNREADABLE = "unreadable"


class Allocation(StrEnum):
    ALLOCATED = "allocated"
    DELETED = "deleted"
    CARVED = "carved"


class Reach(StrEnum):
    """How much of a file an opener accounts for; decides who else is asked and what it proves."""

    # Every byte: no other opener is asked; read to its last member, the file is a container.
    WHOLE = "whole"
    # All that the format holds: a container too; bytes outside the format are others' business.
    MEMBERS = "members"
    # The pictures inside; text or drawings stay unread, so the file never counts as a container.
    PART = "part"
    # What lies beside the file's own content (previews, appended archives): says nothing about it.
    BESIDE = "beside"


class Role(StrEnum):
    """What a member is to its container, where it is more than one of its files."""

    MEMBER = ""
    PREVIEW = "preview"  # a smaller copy of the very picture that carries it (EXIF, MPF, RAW)
    THUMBNAIL = "thumbnail"  # a small copy of a picture that lies or lay elsewhere (caches)
    MOTION = "motion"  # the video of a motion photo
    STREAM = "stream"  # coded pixels that are no picture file by themselves


class EntryKind(StrEnum):
    """What stood at a path. Only FILE leads to an item; the others are recorded, never followed."""

    FILE = "file"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    SPECIAL = "special"  # FIFO, device, socket
    UNREADABLE = "unreadable"  # permission, input/output error
    EXCLUDED = "excluded"  # left out by --include, --exclude or --since


class CostClass(IntEnum):
    """The pass in which an examiner runs (DESIGN §1)."""

    DIGEST = 0
    METADATA = 1
    MODEL = 2
    COSTLY = 3


class Trust(StrEnum):
    SEALED = "sealed"  # parses hostile bytes: runs only inside a sealed worker
    MODEL = "model"  # sees decoded arrays only


class Need(StrEnum):
    """What an examiner may ask its view for; everything else is refused."""

    BYTES = "bytes"
    HEAD = "head"
    SLOTS = "slots"  # metadata slots found by the container walkers
    PLANES = "planes"
    FRAMES = "frames"  # the sampled frames of a moving picture
    EARLIER = "earlier"  # observations of examiners that ran before


class SealLevel(StrEnum):
    """How strongly a worker is confined, best first."""

    FULL = "full"  # Landlock + seccomp + rlimits
    LANDLOCK = "landlock"  # Landlock + rlimits
    SECCOMP = "seccomp"  # seccomp + rlimits
    PROCESS = "process"  # own process, time and memory limits only
    NONE = "none"  # in-process; tests only
