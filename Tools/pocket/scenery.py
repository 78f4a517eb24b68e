"""What surrounds a subject: sky, sun or moon, clouds, stars, ground and water, by setting."""

from __future__ import annotations

import math
import random

from drawing import Drawing
from palettes import Colour, Palette, mix

HORIZON = {"sea": 0.7, "coast": 0.76, "hills": 0.76, "lake": 0.72, "desert": 0.76, "space": 1.1, "underwater": 0.9, "air": 0.9,
           "meadow": 0.78, "island": 0.76, "garden": 0.84}


def _wave(base: float, height: float, waves: float, phase: float) -> list[tuple[float, float]]:
    return [(x / 24, base + height * math.sin(waves * 2 * math.pi * x / 24 + phase)) for x in range(-1, 26)]


def _fill_below(d: Drawing, line: list[tuple[float, float]], colour: Colour) -> None:
    d.polygon([*line, (1.05, 1.1), (-0.05, 1.1)], colour)


def _sky(d: Drawing, palette: Palette, chance: random.Random, horizon: float) -> None:
    top, middle, low = palette.sky
    d.rectangle(-0.05, -0.05, 1.05, 1.1, top)
    d.next_layer()
    _fill_below(d, _wave(horizon * chance.uniform(0.3, 0.4), 0.025, 1, chance.uniform(0, 6.3)), middle)
    d.next_layer()
    _fill_below(d, _wave(horizon * chance.uniform(0.66, 0.76), 0.02, 1, chance.uniform(0, 6.3)), low)


def _stars(d: Drawing, palette: Palette, chance: random.Random, limit: float) -> None:
    for _ in range(chance.randint(10, 16)):
        x, y, r = chance.uniform(0.03, 0.97), chance.uniform(0.03, limit), chance.uniform(0.011, 0.019)
        d.polygon([(x, y - r), (x + r * 0.6, y), (x, y + r), (x - r * 0.6, y)], palette.sun if chance.random() < 0.5 else palette.light)


def _sun(d: Drawing, palette: Palette, chance: random.Random, side: int) -> None:
    x, y = 0.5 + side * chance.uniform(0.26, 0.38), chance.uniform(0.13, 0.26)
    radius = chance.uniform(0.085, 0.12)
    if palette.name == "dawn":  # the sun has only just come up
        y, radius = chance.uniform(0.36, 0.5), chance.uniform(0.13, 0.16)
    d.next_layer()
    if not palette.is_dark:
        d.ellipse(x, y, radius * 1.45, radius * 1.45, mix(palette.sun, palette.sky[1], 0.6))
    d.ellipse(x, y, radius, radius, palette.sun)
    if palette.name == "night":  # a crescent
        d.ellipse(x + radius * 0.42, y - radius * 0.16, radius * 0.85, radius * 0.85, palette.sky[0])


def _cloud(d: Drawing, colour: Colour, x: float, y: float, size: float) -> None:
    for dx, dy, r in ((-0.9, 0.0, 0.55), (0.0, -0.3, 0.8), (0.9, 0.0, 0.6)):
        d.ellipse(x + dx * size, y + dy * size, r * size, r * size * 0.75, colour)
    d.ellipse(x, y + 0.25 * size, 1.5 * size, 0.4 * size, colour)


def background(d: Drawing, palette: Palette, setting: str, chance: random.Random, sun_side: int) -> None:
    """Everything behind the subject. Returns nothing: `foreground` adds what stands before it."""
    horizon = HORIZON[setting]
    if setting == "underwater":
        deep = [mix(palette.water, palette.light, amount) for amount in ((0.0, 0.1, 0.2) if palette.is_dark else (0.45, 0.25, 0.1))]
        d.rectangle(-0.05, -0.05, 1.05, 1.1, deep[0])
        for height, colour in ((0.3, deep[1]), (0.62, deep[2])):
            d.next_layer()
            _fill_below(d, _wave(height, 0.025, 1.5, chance.uniform(0, 6.3)), colour)
        d.next_layer("scenery")
        for _ in range(chance.randint(4, 7)):
            r = chance.uniform(0.014, 0.034)
            d.ellipse(chance.uniform(0.05, 0.95), chance.uniform(0.05, 0.6), r, r, mix(deep[0], palette.light, 0.6))
        for x in (chance.uniform(0.04, 0.14), chance.uniform(0.86, 0.96), chance.uniform(0.2, 0.8)):
            line = [(x + 0.02 * math.sin(step * 1.4), 1.0 - step * 0.06) for step in range(chance.randint(4, 6))]
            d.stroke(line, 0.045, palette.leaf, taper=0.4)
        d.next_layer()
        _fill_below(d, _wave(0.93, 0.012, 1, chance.uniform(0, 6.3)), palette.ground)
        return
    _sky(d, palette, chance, min(horizon, 0.95))
    d.next_layer("scenery")
    if palette.is_dark or setting == "space":
        _stars(d, palette, chance, min(horizon, 0.95) * 0.85)
    _sun(d, palette, chance, sun_side)
    if setting != "space":
        d.next_layer()
        shade = mix(palette.sky[1], palette.light, 0.14 if palette.is_dark else 0.72)
        for side in (-1, 1)[: chance.randint(1, 2)]:
            _cloud(d, shade, 0.5 - side * sun_side * chance.uniform(0.26, 0.4), chance.uniform(0.1, 0.34), chance.uniform(0.06, 0.085))
    far = mix(palette.ground, palette.sky[2], 0.45)
    if setting in ("hills", "desert", "lake", "meadow", "air", "garden"):
        d.next_layer()
        _fill_below(d, _wave(horizon - 0.06, 0.035, 1.2, chance.uniform(0, 6.3)), far)
    if setting == "space":
        planet = mix(palette.ground, palette.light, 0.15)
        d.next_layer()
        d.ellipse(0.5, 1.32, 0.8, 0.42, planet)
    elif setting in ("sea", "island", "coast"):
        d.next_layer()
        d.rectangle(-0.05, horizon - 0.08, 1.05, 1.1, mix(palette.water, palette.sky[2], 0.25))
    else:
        d.next_layer()
        _fill_below(d, _wave(horizon, 0.018, 1, chance.uniform(0, 6.3)), palette.ground)


def foreground(d: Drawing, palette: Palette, setting: str, chance: random.Random) -> None:
    """What stands before the subject's foot: waves, tufts, stones."""
    horizon = HORIZON[setting]
    d.next_layer("scenery")
    if setting in ("sea", "island", "coast", "lake"):
        for step, amount in enumerate((0.0, 0.18)):
            line = _wave(horizon + 0.05 + step * 0.11, 0.012, 3, chance.uniform(0, 6.3))
            _fill_below(d, line, mix(palette.water, palette.dark, amount))
            d.next_layer()
        for _ in range(3):
            x, y = chance.uniform(0.1, 0.9), chance.uniform(horizon + 0.1, 0.96)
            d.stroke([(x - 0.06, y), (x, y - 0.008), (x + 0.06, y)], 0.014, mix(palette.water, palette.light, 0.55))
    elif setting in ("hills", "meadow", "garden"):
        _fill_below(d, _wave(horizon + 0.13, 0.015, 1, chance.uniform(0, 6.3)), mix(palette.ground, palette.dark, 0.22))
        for _ in range(chance.randint(4, 6)):
            x, y = chance.uniform(0.04, 0.96), chance.uniform(horizon + 0.08, 0.96)
            if setting == "hills":
                d.ellipse(x, y, 0.035, 0.024, mix(palette.leaf, palette.dark, 0.1))
            else:
                d.stroke([(x, y), (x, y - 0.05)], 0.014, palette.leaf)
                d.ellipse(x, y - 0.055, 0.022, 0.022, palette.accents[chance.randrange(3)])
    elif setting == "desert":
        _fill_below(d, _wave(horizon + 0.13, 0.02, 1, chance.uniform(0, 6.3)), mix(palette.ground, palette.light, 0.2))
        for _ in range(3):
            d.ellipse(chance.uniform(0.05, 0.95), chance.uniform(0.88, 0.96), 0.03, 0.018, mix(palette.ground, palette.dark, 0.35))
