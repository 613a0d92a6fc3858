"""Names of generators in fields that say which software wrote a file: a table, level S1 each.

Only names that no camera, phone or editor carries; an editor with a generator inside is the
camera examiner's (level E).
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A pattern over the whole field, and the tool it stands for."""

    pattern: re.Pattern[str]
    tool: str


def _row(pattern: str, tool: str) -> Name:
    return Name(re.compile(rf"(?<![a-z]){pattern}(?![a-z])", re.I), tool)


# Products, not only vendors. Source: each product's own output or documentation; civitai/civitai
# src/utils/metadata and enslo/sd-metadata list the same fields.
NAMES: tuple[Name, ...] = (
    _row(r"novelai", "NovelAI"),
    _row(r"midjourney", "Midjourney"),
    _row(r"dall[-· ]?e", "DALL-E"),
    _row(r"(chatgpt|gpt-?image|openai)", "OpenAI"),
    _row(r"ruined ?fooocus", "RuinedFooocus"),
    _row(r"fooocus", "Fooocus"),
    _row(r"comfyui", "ComfyUI"),
    _row(r"swarmui", "SwarmUI"),
    _row(r"invoke ?ai", "InvokeAI"),
    _row(r"(stable[- ]diffusion|sd[- ]?webui|automatic1111)\w*", "Stable Diffusion"),
    _row(r"sd\.next", "SD.Next"),
    _row(r"adobe firefly", "Adobe Firefly"),
    _row(r"(google imagen|imagen ?\d)\S*", "Google Imagen"),  # "Imagen" alone is an editor
    _row(r"google gemini", "Google Gemini"),
    _row(r"(nano[- ]banana|google veo)", "Google AI"),
    _row(r"(x\.?ai|grok imagine)", "xAI Grok"),  # "Grok" alone is a JPEG 2000 library
    _row(r"draw ?things", "Draw Things"),
    _row(r"diffusion ?bee", "DiffusionBee"),
    _row(r"easy ?diffusion", "Easy Diffusion"),
    _row(r"leonardo\.? ?ai", "Leonardo.Ai"),
    _row(r"ideogram", "Ideogram"),
    _row(r"recraft", "Recraft"),
    _row(r"krea ?(\.ai|ai)", "Krea"),
    _row(r"kling ?(ai)?", "Kling"),
    _row(r"runway ?ml|runway gen-?\d", "Runway"),
    _row(r"pika labs", "Pika"),
    _row(r"dream machine", "Luma Dream Machine"),
    _row(r"tensor\.art", "Tensor.Art"),
    _row(r"bing image creator", "Bing Image Creator"),
    _row(r"microsoft designer", "Microsoft Designer"),
    _row(r"(flux\.[12]|black forest labs)", "FLUX"),
    _row(r"seedream|seedance", "ByteDance Seed"),
    _row(r"dreamina", "Dreamina"),
    _row(r"jimeng", "Jimeng"),
    _row(r"openai sora|sora ?2", "Sora"),
    _row(r"(imagined with|meta) ai", "Meta AI"),
    _row(r"image playground", "Apple Image Playground"),
    _row(r"hailuo", "Hailuo"),
    _row(r"pixverse", "PixVerse"),
    _row(r"vidu ?ai", "Vidu"),
    _row(r"stability ?matrix", "Stability Matrix"),
    _row(r"(ai ?horde|stable ?horde|artbot)", "AI Horde"),
    _row(r"suno", "Suno"),
    _row(r"udio", "Udio"),
    _row(r"elevenlabs", "ElevenLabs"),
    _row(r"replicate\.com", "Replicate"),
    _row(r"fal\.ai", "fal"),
)
MAX_FIELD = 500  # characters of a field that are searched


def generator_named(text: str) -> str:
    """Return the generator that a software field names, or ''."""
    text = text[:MAX_FIELD]
    return next((row.tool for row in NAMES if row.pattern.search(text)), "")
