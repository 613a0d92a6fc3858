"""The net below all dialects: a record in common words whose tool is not known.

A JSON object, texts key by key, or lines of "name: value" with enough of prompt, seed, steps,
sampler, guidance and model. It names no tool, fits no file, and so is never above S1: it is there
so that a camera picture with a record nobody described yet is never taken for a plain photograph.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects import a1111
from assay.examiners.dialects.bounded import json_object, number
from assay.examiners.dialects.flat import SHARED, first, flat_record, folded, named, text_of
from assay.examiners.dialects.inputs import changes_in, pictures_in
from assay.examiners.dialects.record import Bundle, Record
from assay.examiners.dialects.software import generator_named

TOOL = "unknown generator"
MAX_OBJECTS = 60  # of one text, the text's own object first
MAX_KEYS = 300  # of an object or a bundle
MAX_LINES = 1 << 16  # characters of a bundle read as "name: value"
_BY_KEY = frozenset({"png text", "tag", "xmp", "pixels", "sidecar"})
_ONE_TEXT = frozenset({"pixels", "sidecar"})  # all keys of such a bundle stand in one text
_TOOLS = ("software", "tool", "generator", "generatedby", "provider", "app", "application",
          "service", "createdwith")  # fmt: skip
_ENOUGH = 3  # of prompt, seed, steps, sampler, guidance, model
_PAIR = re.compile(
    # a line end begins a pair itself: passing over several here would cost the square of a run
    r"(?:^|[,;|\n{])[^\S\n]*+[\"']?([A-Za-z][\w .-]{1,30}?)[\"']?\s*[:=]\s*([^,;|\n]{1,300})"
)
_HINT = re.compile(r"seed|steps|sampler", re.I)
# How much of an input picture was replaced; below 1 there was one (diffusers, its heirs).
_STRENGTHS = ("denoisingstrength", "denoisestrength", "denoise", "strength", "imagestrength",
              "promptstrength", "imageguidancescale", "imgguidance")  # fmt: skip
_GROWS = re.compile(r"upscale|hires|hrfix|highres")


def parse(bundle: Bundle, read: Iterable[str] = ()) -> Record | None:
    """Read the record; None where no text is one.

    ``read``: keys that another dialect read already; with any, texts are not read key by key.
    """
    done = frozenset(read)
    if done and bundle.family in _ONE_TEXT:
        return None
    lines = MAX_LINES
    for text in bundle.texts:
        if text.key in done:
            continue
        record = _of_object(text.text)
        if record is None and lines > 0 and _HINT.search(text.text, 0, lines):
            record = _of_lines(text.text[:lines])
            lines -= len(text.text)
        if record is not None:
            return replace(record, read_from=(text.key,))
    if bundle.family not in _BY_KEY or done:
        return None
    texts = bundle.texts[:MAX_KEYS]
    flat: JsonObject = {text.key.rsplit(":", 1)[-1]: text.text for text in texts}
    if not _speaks(flat):
        return None
    return replace(_record(flat), read_from=tuple(text.key for text in texts))


def _of_object(text: str) -> Record | None:
    whole = json_object(text)
    objects = tuple(_objects(whole)) if whole is not None else ()
    found = next((m for o in objects for m in (o, _joined(o)) if _speaks(m)), None)
    if found is None:
        return None
    # an input picture may be named beside the object that holds the numbers
    return _record(found).with_changes(
        (change for o in objects for change in (*changes_in(o), *_strength(o))),
        (name for o in objects for name in pictures_in(o)),
    )


def _of_lines(text: str) -> Record | None:
    pairs = {match[1].strip(): match[2].strip() for match in _PAIR.finditer(text)}
    if _measured(dict(pairs)) < _ENOUGH:
        return None
    return _record(dict(pairs)).with_changes(*a1111.changes_of(pairs))


def _objects(whole: JsonObject) -> Iterator[JsonObject]:
    """Yield the object and those inside it, also where a text holds one."""
    queue: deque[Json] = deque([whole])
    for _ in range(MAX_OBJECTS):
        if not queue:
            return
        item = queue.popleft()
        if isinstance(item, str):
            item = json_object(item) if item.lstrip()[:1] == "{" else None
        if isinstance(item, dict):
            yield item
            inner = list(item.values())[:MAX_KEYS]
            queue.extend(
                v
                for v in inner
                if isinstance(v, dict | list) or (isinstance(v, str) and v.lstrip()[:1] == "{")
            )
        elif isinstance(item, list):
            queue.extend(v for v in item[:20] if isinstance(v, dict))


def _joined(whole: JsonObject) -> JsonObject:
    """Return an object with what the objects right inside it hold; its own keys count first."""
    inner = [value for value in list(whole.values())[:20] if isinstance(value, dict)]
    joined: dict[str, Json] = dict(whole)
    for value in inner:
        for key, item in list(value.items())[:MAX_KEYS]:
            joined.setdefault(key, item)
    return joined


def _measured(params: JsonObject) -> int:
    """Return how many of seed, steps, guidance, sampler and model are there and plausible."""
    there = folded(params)
    numbers = (SHARED.seed, SHARED.steps, SHARED.cfg)
    return sum(number(first(there, names)) is not None for names in numbers) + sum(
        bool(named(first(there, names)))
        for names in (SHARED.sampler + SHARED.scheduler, SHARED.model)
    )


def _speaks(params: JsonObject) -> bool:
    there = folded(params)
    prompt = bool(text_of(first(there, SHARED.prompt)))
    # hosted services write a prompt and a model and no more (Replicate, fal, OpenAI requests)
    hosted = prompt and (
        first(there, SHARED.negative) is not None or bool(named(first(there, SHARED.model)))
    )
    return hosted or _measured(params) + prompt >= _ENOUGH


def _record(params: JsonObject) -> Record:
    record = flat_record(params, TOOL, tool_named=False).with_changes(_strength(params))
    said = named(first(folded(params), _TOOLS))[:60]
    known = generator_named(said)
    return replace(record, tool=known or (f"{TOOL} ({said})" if said else TOOL))


def _strength(params: JsonObject) -> tuple[str, ...]:
    there = folded(params)
    if any(_GROWS.search(key) for key in there):
        return ()
    rows = ((name, number(there.get(name))) for name in _STRENGTHS)
    return tuple(f"{name}: {value:g}" for name, value in rows if value and 0 < value < 1)
