"""Midjourney: the prompt with its options as PNG Description, XMP or EXIF description.

Format: docs.midjourney.com (parameter list); files end the text with "Job ID: UUID" and name the
account as Author. A link before the words, or after --cref, --oref, --sref, is an input picture.
"""

from __future__ import annotations

import re

from assay.examiners.dialects.bounded import MAX_PROMPT, clean, integer
from assay.examiners.dialects.record import Bundle, Record, distinct

_KEYS = ("description", "dc:description", "imagedescription", "comment", "dc:title",
         "caption-abstract", "usercomment", "exif:usercomment")  # fmt: skip
MAX_TEXT = 20_000  # characters
_JOB = re.compile(r"\bJob ID:\s*[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
_OPTION = re.compile(r"\s--([a-z]{1,12})(?:\s+([^\s-][^\s]{0,500}))?", re.I)
_OPTIONS = frozenset({"v", "version", "ar", "aspect", "niji", "stylize", "s", "chaos", "c",
                      "quality", "q", "style", "seed", "iw", "sref", "sw", "cref", "cw", "oref",
                      "ow", "raw", "tile", "weird", "w", "no", "p", "profile", "stop", "fast",
                      "relax", "turbo", "exp", "draft", "hd", "upbeta", "uplight", "test",
                      "testp", "motion", "loop", "end", "video", "bs"})  # fmt: skip
_VERSION = re.compile(r"\d(\.\d)?")
_LINK = re.compile(r"<?https?://[^\s>]{4,500}>?", re.I)
_REFERENCES = ("cref", "sref", "oref", "end")


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where no text is in this form."""
    for key in _KEYS:
        text = bundle.get(key)[:MAX_TEXT] if "--" in bundle.get(key)[:MAX_TEXT] or (
            "Job ID" in bundle.get(key)[:MAX_TEXT]) else ""  # fmt: skip
        if text and _is_ours(text):
            return _read(text, key)
    return None


def _options(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _OPTION.finditer(text):
        if match[1].lower() in _OPTIONS:
            found.setdefault(match[1].lower(), match[2] or "")
    return found


def _is_ours(text: str) -> bool:
    if _JOB.search(text):
        return True
    options = _options(text)
    version = options.get("v") or options.get("version") or options.get("niji") or ""
    # "--v 6.1" alone could be a line of a terminal: a second option must stand beside it
    return _VERSION.fullmatch(version) is not None and len(options) >= 2


def _read(text: str, key: str) -> Record:
    options = _options(text)
    prompt = _JOB.sub("", text)
    words = re.split(r"\s--[a-z]", prompt, maxsplit=1, flags=re.I)[0].strip()
    links = []
    for word in words.split()[:20]:
        if not _LINK.fullmatch(word):
            break
        links.append(word.strip("<>"))
    named = {
        name: options[name].strip("<>")
        for name in _REFERENCES
        if _LINK.match(options.get(name, ""))
    }
    changes = [f"image prompt: {clean(link, 60)}" for link in links]
    changes += [f"--{name}: {clean(link, 60)}" for name, link in named.items()]
    if "iw" in options and not links:
        changes.append(f"--iw: {clean(options['iw'], 20)}")
    seed = integer(options.get("seed"))
    niji = options.get("niji")
    version = f"niji {niji}".strip() if niji is not None else (
        options.get("v") or options.get("version") or "")  # fmt: skip
    return Record(
        tool="Midjourney",
        tool_named=True,
        version=clean(version, 20),
        model=clean(f"Midjourney {version}", 60) if version else "",
        prompt=clean(prompt, MAX_PROMPT),
        seed=seed,
        seeds=() if seed is None else (seed,),
        input_pictures=distinct((*links, *named.values())),
        changes=distinct(changes),
        read_from=(key,),
    )
