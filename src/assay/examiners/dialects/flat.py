"""A flat JSON record in the words that most tools share: prompt, seed, steps, sampler, cfg, model.

A dialect with names of its own gives its ``Words``; spelling (case, "_", "-", blanks) never counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.dialects.bounded import (
    MAX_PROMPT,
    as_list,
    as_object,
    clean,
    integer,
    number,
)
from assay.examiners.dialects.inputs import changes_in, pictures_in
from assay.examiners.dialects.record import Record, Size, distinct, hashes, size_of

MAX_KEYS = 1000  # of one object
_SIZE = re.compile(r"\D{0,3}(\d{1,6})\s*[x×*,: ]\s*(\d{1,6})\D{0,3}")

Folded = Mapping[str, Json]  # keys in lower case, letters and digits only


@dataclass(frozen=True, slots=True)
class Words:
    """Folded names of each field, the best first."""

    prompt: tuple[str, ...] = ("prompt", "positiveprompt", "fullprompt", "textprompt",
                               "inputprompt", "promptg")  # fmt: skip
    negative: tuple[str, ...] = ("negativeprompt", "negative", "uc", "undesiredcontent",
                                 "negprompt", "negativeprompts")  # fmt: skip
    model: tuple[str, ...] = ("model", "modelname", "basemodelname", "basemodel", "checkpoint",
                              "ckptname", "ckpt", "sdmodel", "modelid", "modelfilename",
                              "sdmodelname", "usestablediffusionmodel", "stablediffusionmodel",
                              "unetname", "modelpath", "modelslug")  # fmt: skip
    sampler: tuple[str, ...] = ("samplername", "sampler", "samplerid", "samplingmethod",
                                "sampleralgorithm")  # fmt: skip
    scheduler: tuple[str, ...] = ("scheduler", "schedulername", "scheduletype", "noiseschedule")
    seed: tuple[str, ...] = ("seed", "noiseseed", "randomseed", "seednumber", "rngseed")
    steps: tuple[str, ...] = ("steps", "numinferencesteps", "inferencesteps", "samplingsteps",
                              "numsteps", "stepcount", "samplesteps")  # fmt: skip
    cfg: tuple[str, ...] = ("cfgscale", "cfg", "guidancescale", "guidance", "promptguidance",
                            "cfgvalue", "truecfgscale")  # fmt: skip
    vae: tuple[str, ...] = ("vae", "vaename", "vaemodel", "usevaemodel", "sdvae")


SHARED = Words()


def fold(key: str) -> str:
    """Return a key as letters and digits in lower case."""
    return re.sub(r"[\W_]", "", key[:80]).lower()


def folded(params: JsonObject) -> dict[str, Json]:
    """Return an object under folded keys; the first of equal ones counts, null says nothing."""
    found: dict[str, Json] = {}
    for key, value in list(params.items())[:MAX_KEYS]:
        if value is not None:
            found.setdefault(fold(key), value)
    return found


def first(params: Folded, names: tuple[str, ...]) -> Json:
    """Return the first value there under one of the names."""
    return next((params[name] for name in names if params.get(name) not in (None, "")), None)


def named(value: Json) -> str:
    """Return a name given as text, as an object with a name, or as a list that begins so."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    if isinstance(value, Mapping):
        inner = folded(dict(value))
        value = first(inner, ("modelfilename", "modelname", "name", "model", "file", "title"))
    text = clean(value)
    return "" if text.lower() in ("none", "null") else text


def basename(name: str) -> str:
    """Return the file name of a path of either system."""
    return re.split(r"[\\/]", name)[-1]


def flat_record(
    params: JsonObject, tool: str, *, tool_named: bool = True, words: Words = SHARED
) -> Record:
    """Tell a flat object as a record; the caller adds what only its dialect says."""
    there = folded(params)
    model_value = first(there, words.model)
    model = named(model_value)
    seed = integer(first(there, words.seed))
    size = size_in(there)
    loras = loras_in(there)
    return Record(
        tool=tool,
        tool_named=tool_named,
        version=clean(first(there, ("version", "appversion")), 80),
        model=model,
        models=distinct((model, named(there.get("refinermodel")))),
        loras=distinct(name for name, _ in loras),
        prompt=text_of(first(there, words.prompt)),
        negative_prompt=text_of(first(there, words.negative)),
        seed=seed,
        seeds=() if seed is None else (seed,),
        sampler=clean(first(there, words.sampler)),
        scheduler=clean(first(there, words.scheduler), 80),
        steps=integer(first(there, words.steps)),
        cfg=number(first(there, words.cfg)),
        sizes=() if size is None else (size,),
        vae=named(first(there, words.vae)),
        input_pictures=distinct(pictures_in(params)),
        changes=distinct(changes_in(params)),
        model_hashes=hashes(
            [(model, there.get(key)) for key in ("modelhash", "basemodelhash", "sdmodelhash")]
            + [(model, as_object(model_value).get("hash"))]
        ),
        lora_hashes=hashes(loras),
    )


def text_of(value: Json) -> str:
    """Return a prompt given as text or as a list of texts."""
    parts = [value] if isinstance(value, str) else as_list(value)
    return clean("\n".join(part for part in parts if isinstance(part, str)), MAX_PROMPT)


def size_in(there: Folded) -> Size | None:
    """Return the size that width and height, or a text such as "832 x 1216", state."""
    width, height = number(there.get("width")), number(there.get("height"))
    if width is not None or height is not None:
        return size_of(width, height)
    return next(
        (pair for key in ("resolution", "size", "imagesize") if (pair := pair_of(there.get(key)))),
        None,
    )


def pair_of(value: Json) -> Size | None:
    """Return the size in a text such as "832 x 1216" or "(832, 1216)"."""
    match = _SIZE.fullmatch(clean(value, 40))
    return size_of(int(match[1]), int(match[2])) if match else None


def loras_in(there: Folded) -> list[tuple[str, Json]]:
    """Return (name, digest or None) of each LoRA, however the list is written."""
    value = first(there, ("loras", "lora", "useloramodel", "loramodel", "tis"))
    if isinstance(value, str):  # "<a:0.5>,<b:1>", "['a', 'b']", "a, b"
        names = re.findall(r"[^\[\]<>'\",\s][^\[\]<>'\",]{0,299}", value[:4000])
        return [(name.partition(":")[0].strip(), None) for name in names]
    found: list[tuple[str, Json]] = []
    for item in as_list(value):
        if isinstance(item, list | tuple):  # Fooocus: [name, weight, digest]
            found.append((clean(item[0]) if item else "", item[2] if len(item) > 2 else None))
        elif isinstance(item, Mapping):
            inner = folded(dict(item))
            digest = first(inner, ("hash", "modelhash", "sha256"))
            name = named(inner.get("lora")) if "lora" in inner else named(dict(item))
            found.append((name, digest))
        else:
            found.append((clean(item), None))
    return [(name, digest) for name, digest in found if name and name.lower() != "none"]
