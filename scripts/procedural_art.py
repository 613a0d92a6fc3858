"""Landscapes, a fruit bowl, dunes and the like, drawn by arithmetic: for the example case.

Pixels only; nothing here knows of metadata or files. The same seed gives the same picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Field = NDArray[np.float64]  # H×W
Colour = tuple[int, int, int]  # sRGB, 0-255


def mountains(
    seed: int, width: int, height: int, sky: tuple[Colour, Colour, Colour]
) -> Image.Image:
    """Draw ridges in mist under a sun; ``sky`` runs from the top over the middle to the horizon."""
    rng = np.random.Generator(np.random.PCG64(seed))
    x, y = _grid(width, height)
    picture = _gradient(y, sky)
    sun = (rng.uniform(0.25, 0.75) * width / height, rng.uniform(0.26, 0.38))
    picture = _glow(picture, x, y, sun, 0.05)
    low = np.array(sky[2], float)
    for layer in range(6):
        near = layer / 5
        ridge = 0.44 + 0.11 * layer + _ridge(rng, x[0], 0.16 - 0.016 * layer, 2.2 + layer)
        inside = _edge(y - ridge[None, :], height)
        body = low * (1 - near) ** 1.3 * 0.62 + np.array([16, 30, 48]) * (0.35 + 0.65 * near)
        mist = np.clip((y - ridge[None, :]) / 0.22, 0, 1)[..., None] * (1 - near) * 0.55
        picture = _over(picture, body * (1 - mist) + low * mist, inside)
    return _finished(picture, rng)


def lake(seed: int, width: int, height: int, sky: tuple[Colour, Colour, Colour]) -> Image.Image:
    """Draw mountains and their reflection in still water."""
    horizon = round(height * 0.6)
    above = mountains(seed, width, horizon, sky)
    water = np.asarray(above.transpose(Image.Transpose.FLIP_TOP_BOTTOM), float)
    water = water[: height - horizon]
    rng = np.random.Generator(np.random.PCG64(seed + 1))
    rows = np.arange(water.shape[0])
    for row in rows:
        shift = round(np.sin(row * 0.9 + rng.uniform(0, 0.6)) * (1 + row / 18))
        water[row] = np.roll(water[row], shift, axis=0)
    water = water * (0.78 - 0.3 * rows / len(rows))[:, None, None] + np.array([4, 12, 22])
    return Image.fromarray(np.vstack([np.asarray(above), np.clip(water, 0, 255).astype(np.uint8)]))


def dunes(seed: int, width: int, height: int) -> Image.Image:
    """Draw sand dunes with rippled slopes in evening light."""
    rng = np.random.Generator(np.random.PCG64(seed))
    x, y = _grid(width, height)
    picture = _gradient(y * 1.5, ((64, 92, 150), (214, 150, 128), (250, 214, 160)))
    picture = _glow(picture, x, y, (0.32 * width / height, 0.3), 0.035)
    for layer in range(5):
        crest = 0.42 + 0.115 * layer + _ridge(rng, x[0], 0.1, 1.1 + 0.3 * layer)
        depth = y - crest[None, :]
        slope = np.gradient(crest, x[0])[None, :]
        light = np.clip(0.66 - slope * 0.9 - depth * 0.7, 0.18, 1.0)
        ripples = 1 + 0.045 * np.sin((depth * 130 + x * 14) / (1 + depth * 2)) * (layer / 4)
        sand = np.array([238, 176, 112]) * (light * ripples)[..., None]
        picture = _over(picture, sand + (4 - layer) * 7, _edge(depth, height))
    return _finished(picture, rng)


def fruit_bowl(seed: int, width: int, height: int) -> Image.Image:
    """Draw shaded fruit in a bowl on a table."""
    rng = np.random.Generator(np.random.PCG64(seed))
    x, y = _grid(width, height)
    middle = width / height / 2
    picture = _gradient(y * 1.4, ((70, 84, 92), (120, 126, 120), (150, 146, 132)))
    grain = 10 * np.sin(y * 160 + 3 * np.sin(x * 5)) * np.sin(x * 2 + y * 9)
    table = np.array([128, 84, 52])[None, None, :] + grain[..., None] + 40 * (y - 0.75)[..., None]
    picture = _over(picture, table, _edge(y - 0.72, height))
    shadow = np.exp(-(((x - middle - 0.08) / 0.42) ** 2 + ((y - 0.87) / 0.06) ** 2))
    picture = picture * (1 - 0.6 * shadow)[..., None]
    colours = ((204, 48, 40), (232, 150, 36), (150, 178, 60), (226, 196, 70), (150, 40, 70))
    places = ((-0.2, 0.5), (0.22, 0.5), (-0.06, 0.4), (0.12, 0.4), (0.0, 0.53), (-0.3, 0.58))
    for number, (across, down) in enumerate((*places, (0.32, 0.58))):
        radius = 0.125 + rng.uniform(-0.012, 0.012)
        colour = colours[(number + seed) % len(colours)]
        picture = _ball(picture, x, y, (middle + across, down), radius, colour, height)
    curve = np.sqrt(np.clip(1 - ((x - middle) / 0.5) ** 2, 0, 1))
    bowl = np.where(curve > 0, np.minimum(y - 0.58, 0.58 + 0.29 * curve - y), -1.0)
    shade = 0.45 + 0.55 * np.clip(1 - ((x - middle + 0.16) / 0.52) ** 2, 0, 1)
    glaze = np.array([196, 206, 214]) * (shade * (1.06 - 0.5 * (y - 0.58) / 0.3))[..., None]
    stripe = (np.abs(y - 0.655) < 0.011)[..., None]
    glaze = np.where(stripe, glaze * np.array([0.4, 0.55, 0.8]), glaze)
    return _finished(_over(picture, glaze, _edge(bowl, height)), rng)


def lighthouse(seed: int, width: int, height: int) -> Image.Image:
    """Draw a lighthouse on a headland above the sea."""
    rng = np.random.Generator(np.random.PCG64(seed))
    x, y = _grid(width, height)
    aspect = width / height
    picture = _gradient(y * 1.55, ((52, 78, 140), (150, 148, 190), (252, 204, 168)))
    clouds = _clouds(rng, x, y * 3)
    picture = _over(picture, np.array([255, 226, 214]), np.clip(clouds - 0.2, 0, 0.7) * (y < 0.64))
    waves = np.sin(y**2 * 420 + 4 * np.sin(x * 7)) * (y - 0.6)
    sea = _gradient((y - 0.62) / 0.4, ((150, 150, 178), (58, 92, 130), (26, 52, 86)))
    picture = _over(picture, sea + 34 * waves[..., None], _edge(y - 0.62, height))
    land = 1.04 - 0.48 * np.clip((x - aspect * 0.34) / (aspect * 0.5), 0, 1) ** 0.7
    land = land + 0.012 * np.sin(x * 60) + 0.02 * np.sin(x * 23 + 1)
    grass = np.array([52, 74, 50]) * (1.2 - 0.9 * np.clip(y - land, 0, 0.6))[..., None]
    picture = _over(picture, grass, _edge(y - land, height))
    at, half = aspect * 0.72, 0.052
    sides = half * (1 - 0.3 * (0.68 - y) / 0.4) - np.abs(x - at)
    tower = np.minimum(sides, np.minimum(y - 0.27, 0.72 - y))
    round_light = 0.55 + 0.45 * np.clip(1 - ((x - at + 0.02) / 0.07) ** 2, 0, 1)
    red = ((np.floor((y - 0.27) / 0.09) % 2) == 0)[..., None]
    paint = np.where(red, np.array([206, 62, 52]), np.array([244, 238, 228]))
    picture = _over(picture, paint * round_light[..., None], _edge(tower, height))
    lantern = np.minimum(0.034 - np.abs(x - at), np.minimum(y - 0.2, 0.27 - y))
    picture = _over(picture, np.array([255, 236, 160]), _edge(lantern, height))
    roof = np.minimum(0.048 * (y - 0.14) / 0.06 - np.abs(x - at), np.minimum(y - 0.14, 0.2 - y))
    picture = _over(picture, np.array([70, 40, 44]), _edge(roof, height))
    return _finished(_glow(picture, x, y, (at, 0.235), 0.012), rng)


def night(seed: int, width: int, height: int) -> Image.Image:
    """Draw a northern light over dark hills."""
    rng = np.random.Generator(np.random.PCG64(seed))
    x, y = _grid(width, height)
    picture = _gradient(y * 1.3, ((6, 10, 34), (14, 32, 64), (32, 70, 84)))
    stars = rng.random((height, width)) > 0.9985
    picture = picture + stars[..., None] * rng.uniform(60, 220, (height, width))[..., None]
    for band in range(3):
        at = 0.28 + 0.1 * band + 0.09 * np.sin(x * (2.2 + band) + rng.uniform(0, 6))
        rays = 0.62 + 0.38 * np.sin(x * 44 + 8 * np.sin(x * 4 + band))
        veil = np.where(y < at, np.exp((y - at) / 0.15), np.exp((at - y) / 0.03)) * rays
        tint = np.array([(60, 230, 150), (90, 190, 220), (170, 110, 220)][band])
        picture = picture + veil[..., None] * tint * (0.75 - 0.16 * band)
    for layer in range(2):
        hills = 0.74 + 0.11 * layer + _ridge(rng, x[0], 0.1, 2.0 + layer)
        dark = np.array([12, 26, 36]) / (1 + layer)
        picture = _over(picture, dark, _edge(y - hills[None, :], height))
    return _finished(picture, rng)


def harbour(seed: int, width: int, height: int) -> Image.Image:
    """Draw three sailing boats before a row of houses."""
    rng = np.random.Generator(np.random.PCG64(seed))
    x, y = _grid(width, height)
    aspect = width / height
    picture = _gradient(y * 1.8, ((96, 158, 210), (170, 208, 230), (240, 236, 220)))
    picture = _over(picture, np.array([255, 255, 255]), np.clip(_clouds(rng, x, y * 3), 0, 0.8))
    paints = ((214, 106, 84), (238, 202, 122), (120, 160, 170), (232, 226, 210), (178, 90, 92))
    left = 0.0
    for number in range(16):
        wide, top = rng.uniform(0.09, 0.15), rng.uniform(0.3, 0.44)
        body = np.minimum(np.minimum(x - left, left + wide - x), np.minimum(y - top, 0.66 - y))
        picture = _over(picture, np.array(paints[number % 5]), _edge(body, height))
        gable = np.minimum(y - top + 0.07 * (1 - np.abs(x - left - wide / 2) / (wide / 2)), top - y)
        roof = _edge(gable, height) * (np.abs(x - left - wide / 2) < wide / 2)
        picture = _over(picture, np.array([128, 66, 56]), roof)
        panes = (np.modf((x - left) / wide * 3)[0] > 0.55) & (np.modf((y - top) * 14)[0] > 0.5)
        picture = _over(picture, np.array([60, 74, 92]), np.where(panes & (body > 0.012), 0.8, 0.0))
        left += wide
    waves = np.sin(y**2 * 300 + 3 * np.sin(x * 9)) * (y - 0.6)
    sea = _gradient((y - 0.66) / 0.34, ((110, 160, 180), (60, 112, 146), (34, 76, 112)))
    picture = _over(picture, sea + 40 * waves[..., None], _edge(y - 0.66, height))
    for number, place in enumerate((0.2, 0.52, 0.8)):
        at, line = aspect * place, 0.78 + 0.05 * (number % 2)
        hull = np.minimum(
            0.11 - np.abs(x - at) - (y - line) * 0.7, np.minimum(y - line, line + 0.05 - y)
        )
        sail = np.minimum(
            0.15 * (y - line + 0.42) / 0.42 - (x - at), np.minimum(x - at, line - 0.03 - y)
        )
        mast = np.minimum(0.005 - np.abs(x - at), np.minimum(y - line + 0.46, line - y))
        for shape, paint in ((mast, (70, 50, 40)), (sail, (250, 244, 232)), (hull, paints[number])):
            picture = _over(picture, np.array(paint), _edge(shape, height))
    return _finished(picture, rng)


def _grid(width: int, height: int) -> tuple[Field, Field]:
    """Return x and y in units of the height, y from 0 at the top to 1."""
    y, x = np.mgrid[0:height, 0:width]
    return (x + 0.5) / height, (y + 0.5) / height


def _gradient(at: Field, stops: tuple[Colour, ...]) -> Field:
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(at, places, [stop[c] for stop in stops]) for c in range(3)]
    return np.stack(channels, -1)


def _ridge(rng: np.random.Generator, x: Field, depth: float, rough: float) -> Field:
    """Return a sum of waves of falling height, about ±``depth``."""
    total = np.zeros_like(x)
    for octave in range(6):
        wave = rough * 1.9**octave
        total += np.sin(x * wave + rng.uniform(0, 6.28)) * depth / 1.75 ** (octave + 1)
    return total


def _clouds(rng: np.random.Generator, x: Field, y: Field) -> Field:
    total = np.zeros_like(x)
    for octave in range(5):
        turn = rng.uniform(0, 6.28, 2)
        wave = 3.0 * 1.8**octave
        total += (
            np.sin(x * wave + turn[0] + 2 * np.sin(y * wave / 2))
            * np.sin(y * wave + turn[1])
            / 1.6**octave
        )
    return total / 2


def _edge(inside: Field, height: int) -> Field:
    """Return coverage 0-1 from a signed distance in units of the height, one pixel soft."""
    return np.clip(inside * height + 0.5, 0, 1)


def _over(picture: Field, paint: Field | NDArray[np.int_], cover: Field) -> Field:
    return picture * (1 - cover[..., None]) + paint * cover[..., None]


def _glow(picture: Field, x: Field, y: Field, at: tuple[float, float], radius: float) -> Field:
    distance = np.hypot(x - at[0], y - at[1])
    light = np.exp(-((distance / (radius * 5)) ** 2)) * 0.55 + (distance < radius) * 0.45
    return _over(picture, np.array([255, 244, 214]), np.clip(light, 0, 1))


def _ball(
    picture: Field,
    x: Field,
    y: Field,
    at: tuple[float, float],
    radius: float,
    colour: Colour,
    height: int,
) -> Field:
    dx, dy = (x - at[0]) / radius, (y - at[1]) / radius
    depth = np.sqrt(np.clip(1 - dx**2 - dy**2, 0, 1))
    light = np.clip(-0.5 * dx - 0.6 * dy + 0.62 * depth, 0, 1)
    body = np.array(colour) * (0.28 + 0.8 * light)[..., None]
    body = body + 150 * np.clip(light - 0.93, 0, 1)[..., None] * 12
    return _over(picture, np.clip(body, 0, 255), _edge((1 - np.hypot(dx, dy)) * radius, height))


def _finished(picture: Field, rng: np.random.Generator) -> Image.Image:
    grain = rng.normal(0, 0.4, picture.shape[:2])[..., None]
    pixels = np.clip(picture + grain, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(0.4))
