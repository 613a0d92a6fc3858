"""Names of files that describe the file beside them (sidecars). Names alone: no bytes, no disk.

Tools write ``photo.txt`` or ``photo.json`` beside ``photo.png``, or ``photo.png.json``. An ending
counts in lower and in upper case, as file systems of cameras write it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

# In place of the picture's own ending: AUTOMATIC1111, SD.Next, Easy Diffusion (.txt), Draw Things
# and AI Horde clients (.json), editors (.xmp), download helpers of model sites (.civitai.info, …).
STEM = (".txt", ".json", ".yaml", ".yml", ".xmp", ".meta", ".info", ".civitai.info")
WHOLE = (".json", ".txt", ".xmp")  # after the whole name
LONGEST = max(map(len, STEM))  # characters that a sidecar's name may have more than a stem
_FORMS = tuple(form for ending in STEM for form in (ending, ending.upper()))


def _word(ending: str, *, whole: bool) -> str:
    return f"sidecar_{'name_' if whole else ''}{ending[1:].replace('.', '_')}"


# Finding words of a file that a listing saw such a file beside, with the ending that each means.
WORDS = {_word(e, whole=False): e for e in STEM} | {_word(e, whole=True): e for e in WHOLE}


def is_sidecar(name: str) -> bool:
    """Tell whether a path ends as a sidecar does; whether it is one, what lies beside it says."""
    return name.endswith(_FORMS)


def split(name: str) -> tuple[str, str]:
    """Return the folder of a path, with its separator, and the name in it."""
    at = max(name.rfind("/"), name.rfind("\\")) + 1
    return name[:at], name[at:]


def stem_of(name: str) -> str:
    """Return a name (no path) without its ending."""
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def candidates(path: str) -> dict[str, str]:
    """Return the paths of all sidecars that a file could have, each with its finding word."""
    folder, name = split(path)
    if not name:
        return {}
    found: dict[str, str] = {}
    for whole, base, endings in ((False, stem_of(name), STEM), (True, name, WHOLE)):
        for ending in endings:
            for form in (ending, ending.upper()):
                found.setdefault(folder + base + form, _word(ending, whole=whole))
    found.pop(path, None)
    return found


def stems(path: str) -> Iterator[str]:
    """Yield the paths without an ending, or whole names, that a sidecar could belong to."""
    for form in dict.fromkeys(_FORMS):
        if path.endswith(form) and len(path) > len(form):
            yield path[: -len(form)]


class Listing:
    """The names of one folder, to tell which files have sidecars. Keeps only names of sidecars."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self._sidecars = frozenset(filter(is_sidecar, names))

    def words(self, name: str) -> tuple[str, ...]:
        """Return a finding word for each kind of sidecar that lies beside a file."""
        if not self._sidecars:
            return ()
        there = {word for path, word in candidates(name).items() if path in self._sidecars}
        return tuple(sorted(there))
