"""Sixteen subjects, each drawn in its own frame: (0, 0) is the middle of its foot, y points up, its height is 1.

The silhouettes are broad and unlike one another on purpose: a tiny model has to tell them apart in 16×16 latents.
"""

from __future__ import annotations

import dataclasses
import math
import typing

from drawing import Drawing, curve
from palettes import Colour, mix


@dataclasses.dataclass(frozen=True)
class Paints:
    """The colours one subject is drawn with."""

    main: Colour
    second: Colour
    third: Colour
    light: Colour
    dark: Colour
    leaf: Colour
    trunk: Colour
    glow: Colour  # windows, lamps and flames


def sailboat(d: Drawing, p: Paints) -> None:
    d.polygon([(-0.46, 0.2), (0.48, 0.2), (0.3, 0.0), (-0.3, 0.0)], p.main)
    d.polygon([(-0.46, 0.2), (0.48, 0.2), (0.44, 0.155), (-0.42, 0.155)], p.light)
    d.next_layer()
    d.rectangle(-0.025, 0.2, 0.02, 1.0, p.trunk)
    d.polygon([(0.05, 0.95), *curve((0.05, 0.95), (0.34, 0.62), (0.46, 0.27), 6), (0.05, 0.27)], p.second)
    d.polygon([(-0.06, 0.88), *curve((-0.06, 0.88), (-0.24, 0.55), (-0.4, 0.27), 6), (-0.06, 0.27)], p.light)


def lighthouse(d: Drawing, p: Paints) -> None:
    d.polygon([(0.06, 0.85), (0.75, 1.0), (0.75, 0.7)], mix(p.glow, p.light, 0.3))
    d.polygon([(-0.06, 0.85), (-0.75, 1.0), (-0.75, 0.7)], mix(p.glow, p.light, 0.3))
    d.next_layer()
    d.polygon([(-0.4, 0.0), (-0.28, 0.1), (-0.05, 0.13), (0.24, 0.11), (0.4, 0.0)], p.trunk)
    for index in range(5):  # stripes up a tower that narrows
        bottom, top = 0.1 + index * 0.13, 0.1 + (index + 1) * 0.13
        half = [0.175 - 0.075 * (y - 0.1) / 0.65 for y in (bottom, top)]
        d.polygon([(-half[0], bottom), (half[0], bottom), (half[1], top), (-half[1], top)], p.main if index % 2 == 0 else p.light)
    d.next_layer()
    d.rectangle(-0.15, 0.75, 0.15, 0.79, p.dark)
    d.rectangle(-0.08, 0.79, 0.08, 0.9, p.glow)
    d.polygon([(-0.12, 0.9), (0.12, 0.9), (0.0, 1.0)], p.main)


def house(d: Drawing, p: Paints) -> None:
    d.rectangle(0.44, 0.0, 0.53, 0.45, p.trunk)
    d.ellipse(0.48, 0.6, 0.2, 0.27, p.leaf)
    d.next_layer()
    d.rectangle(-0.36, 0.7, -0.25, 0.98, p.third)
    d.rectangle(-0.5, 0.0, 0.2, 0.5, p.light)
    d.next_layer()
    d.polygon([(-0.6, 0.48), (0.3, 0.48), (-0.15, 0.92)], p.main)
    d.rectangle(-0.06, 0.0, 0.1, 0.3, p.second)
    d.rectangle(-0.4, 0.16, -0.18, 0.36, p.glow)
    d.rectangle(-0.305, 0.16, -0.275, 0.36, p.dark)


def mountain(d: Drawing, p: Paints) -> None:
    shade = mix(p.main, p.dark, 0.35)
    d.polygon([(-0.75, 0.0), (-0.38, 0.68), (0.0, 0.0)], shade)
    d.polygon([(0.1, 0.0), (0.46, 0.6), (0.8, 0.0)], shade)
    d.polygon([(-0.38, 0.68), (-0.47, 0.51), (-0.41, 0.55), (-0.36, 0.49), (-0.28, 0.5)], p.light)
    d.polygon([(0.46, 0.6), (0.36, 0.43), (0.43, 0.48), (0.49, 0.42), (0.56, 0.44)], p.light)
    d.next_layer()
    d.polygon([(-0.55, 0.0), (0.05, 1.0), (0.62, 0.0)], p.main)
    d.polygon([(0.05, 1.0), (0.62, 0.0), (0.2, 0.0), (0.12, 0.5)], shade)
    d.polygon([(0.05, 1.0), (-0.17, 0.64), (-0.08, 0.7), (0.0, 0.58), (0.09, 0.68), (0.16, 0.6), (0.25, 0.65)], p.light)


def castle(d: Drawing, p: Paints) -> None:
    wall = mix(p.main, p.light, 0.15)
    for x in (-0.13, 0.13):
        d.rectangle(x - 0.1, 0.3, x + 0.1, 0.66, mix(p.main, p.dark, 0.2))
        d.polygon([(x - 0.13, 0.66), (x + 0.13, 0.66), (x, 0.9)], p.third)
    d.next_layer()
    d.rectangle(-0.4, 0.0, 0.4, 0.4, wall)
    for x in (-0.25, -0.08, 0.08, 0.25):
        d.rectangle(x - 0.045, 0.4, x + 0.045, 0.46, wall)
    d.next_layer()
    for x in (-0.42, 0.42):
        d.rectangle(x - 0.13, 0.0, x + 0.13, 0.62, p.main)
        d.polygon([(x - 0.18, 0.6), (x + 0.18, 0.6), (x, 1.0)], p.second)
        d.rectangle(x - 0.045, 0.34, x + 0.045, 0.48, p.glow)
    d.polygon([(-0.11, 0.0), (-0.11, 0.16), *curve((-0.11, 0.16), (0.0, 0.34), (0.11, 0.16), 6), (0.11, 0.0)], p.dark)


def cactus(d: Drawing, p: Paints) -> None:
    dark_leaf = mix(p.leaf, p.dark, 0.3)
    d.stroke([(-0.02, 0.3), (-0.2, 0.3), (-0.27, 0.33), (-0.3, 0.4), (-0.3, 0.66)], 0.14, p.leaf)
    d.ellipse(-0.3, 0.66, 0.07, 0.07, p.leaf)
    d.stroke([(0.02, 0.42), (0.2, 0.42), (0.27, 0.45), (0.3, 0.52), (0.3, 0.76)], 0.14, p.leaf)
    d.ellipse(0.3, 0.76, 0.07, 0.07, p.leaf)
    d.next_layer()
    d.rectangle(-0.12, 0.0, 0.12, 0.86, p.leaf)
    d.ellipse(0.0, 0.86, 0.12, 0.1, p.leaf)
    for x in (-0.06, 0.05):
        d.rectangle(x - 0.014, 0.05, x + 0.014, 0.85, dark_leaf)
    for x, y in ((0.0, 0.96), (-0.3, 0.74), (0.3, 0.84)):
        d.ellipse(x, y, 0.07, 0.05, p.main)


def rocket(d: Drawing, p: Paints) -> None:
    d.polygon([(-0.11, 0.16), (0.11, 0.16), (0.06, 0.08), (0.0, -0.06), (-0.06, 0.08)], p.glow)
    d.next_layer()
    d.polygon([(-0.13, 0.48), (-0.34, 0.2), (-0.32, 0.08), (-0.1, 0.2)], p.main)
    d.polygon([(0.13, 0.48), (0.34, 0.2), (0.32, 0.08), (0.1, 0.2)], p.main)
    body = [*curve((-0.12, 0.16), (-0.27, 0.62), (0.0, 1.0)), *curve((0.0, 1.0), (0.27, 0.62), (0.12, 0.16))]
    d.polygon(body, p.light)
    d.next_layer()
    d.polygon([*curve((-0.115, 0.78), (-0.06, 0.92), (0.0, 1.0)), *curve((0.0, 1.0), (0.06, 0.92), (0.115, 0.78))], p.main)
    d.ellipse(0.0, 0.58, 0.095, 0.095, p.dark)
    d.ellipse(0.0, 0.58, 0.065, 0.065, p.second)
    d.rectangle(-0.13, 0.2, 0.13, 0.27, p.third)


def fish(d: Drawing, p: Paints) -> None:
    d.polygon([(0.36, 0.5), (0.72, 0.84), (0.63, 0.5), (0.72, 0.16)], p.second)
    d.polygon([(-0.2, 0.78), (0.05, 1.0), (0.28, 0.72)], p.second)
    d.polygon([(-0.1, 0.22), (0.08, 0.04), (0.2, 0.26)], p.second)
    d.next_layer()
    d.polygon([*curve((-0.6, 0.48), (-0.1, 1.12), (0.46, 0.5), 14), *curve((0.46, 0.5), (-0.1, -0.12), (-0.6, 0.48), 14)], p.main)
    d.next_layer()
    d.polygon([(-0.1, 0.79), (0.02, 0.79), (-0.02, 0.5), (0.02, 0.2), (-0.1, 0.2), (-0.14, 0.5)], p.third)
    d.polygon([(0.15, 0.72), (0.24, 0.66), (0.22, 0.5), (0.24, 0.34), (0.15, 0.28), (0.12, 0.5)], p.third)
    d.ellipse(-0.33, 0.58, 0.085, 0.085, p.light)
    d.ellipse(-0.34, 0.58, 0.045, 0.045, p.dark)


def balloon(d: Drawing, p: Paints) -> None:
    d.stroke([(-0.24, 0.4), (-0.09, 0.14)], 0.025, p.trunk)
    d.stroke([(0.24, 0.4), (0.09, 0.14)], 0.025, p.trunk)
    d.rectangle(-0.1, 0.0, 0.1, 0.15, p.trunk)
    d.next_layer()

    def envelope(width: float, colour: Colour) -> None:
        upper = [(width * math.cos(math.radians(a)), 0.62 + 0.38 * math.sin(math.radians(a))) for a in range(0, 181, 10)]
        lower = [*curve((-width, 0.62), (-width * 0.95, 0.42), (-width * 0.28, 0.24), 6), (width * 0.28, 0.24)]
        d.polygon([*upper, *lower, *curve((width * 0.28, 0.24), (width * 0.95, 0.42), (width, 0.62), 6)], colour)

    for width, colour in ((0.41, p.main), (0.28, p.light), (0.14, p.second)):
        envelope(width, colour)


def mushroom(d: Drawing, p: Paints) -> None:
    d.polygon([*curve((-0.19, 0.0), (-0.1, 0.2), (-0.12, 0.52)), *curve((0.12, 0.52), (0.1, 0.2), (0.19, 0.0))], p.light)
    d.next_layer()
    d.ellipse(0.0, 0.5, 0.5, 0.1, mix(p.main, p.dark, 0.45))
    d.polygon([*curve((-0.5, 0.48), (-0.46, 0.98), (0.0, 1.0)), *curve((0.0, 1.0), (0.46, 0.98), (0.5, 0.48)), (0.0, 0.54)], p.main)
    d.next_layer()
    for x, y, r in ((-0.25, 0.68, 0.085), (0.04, 0.84, 0.095), (0.28, 0.66, 0.08), (0.02, 0.63, 0.06)):
        d.ellipse(x, y, r, r * 0.85, p.light)


def palm(d: Drawing, p: Paints) -> None:
    d.ellipse(0.0, 0.0, 0.5, 0.1, mix(p.light, p.third, 0.35), 0, 180)
    d.next_layer()
    d.stroke(curve((-0.12, 0.04), (-0.1, 0.45), (0.08, 0.76), 8), 0.11, p.trunk, taper=0.6)
    d.next_layer()
    for angle, length in ((-8, 0.5), (40, 0.5), (88, 0.34), (140, 0.5), (188, 0.46)):
        tip = (0.08 + length * math.cos(math.radians(angle)), 0.74 + length * 0.6 * math.sin(math.radians(angle)) - 0.1)
        bend = (0.08 + length * 0.55 * math.cos(math.radians(angle)), 0.84 + length * 0.75 * math.sin(math.radians(angle)))
        low = (bend[0], bend[1] - 0.17)
        d.polygon([*curve((0.08, 0.76), bend, tip, 8), *curve(tip, low, (0.08, 0.72), 8)], p.leaf)
    for x in (0.03, 0.13):
        d.ellipse(x, 0.71, 0.05, 0.05, p.main)


def cat(d: Drawing, p: Paints) -> None:
    d.stroke([(0.2, 0.07), (0.42, 0.08), (0.5, 0.2), (0.47, 0.36), (0.38, 0.44)], 0.1, p.main, taper=0.7)
    d.polygon([*curve((-0.27, 0.0), (-0.3, 0.42), (-0.12, 0.62)), *curve((0.12, 0.62), (0.3, 0.42), (0.27, 0.0))], p.main)
    d.ellipse(0.0, 0.22, 0.13, 0.2, p.light)
    d.next_layer()
    d.polygon([(-0.27, 0.72), (-0.27, 1.0), (-0.06, 0.88)], p.main)
    d.polygon([(0.27, 0.72), (0.27, 1.0), (0.06, 0.88)], p.main)
    d.ellipse(0.0, 0.7, 0.29, 0.22, p.main)
    d.next_layer()
    for x in (-0.12, 0.12):
        d.ellipse(x, 0.73, 0.065, 0.07, p.light)
        d.ellipse(x, 0.72, 0.032, 0.06, p.dark)
    d.polygon([(-0.045, 0.63), (0.045, 0.63), (0.0, 0.58)], p.second)


def windmill(d: Drawing, p: Paints) -> None:
    d.polygon([(-0.24, 0.0), (0.24, 0.0), (0.13, 0.6), (-0.13, 0.6)], p.light)
    d.ellipse(0.0, 0.6, 0.16, 0.12, p.main, 0, 180)
    d.rectangle(-0.07, 0.0, 0.07, 0.18, p.second)
    d.rectangle(-0.05, 0.3, 0.05, 0.4, p.glow)
    d.next_layer()
    for turn in (35, 125, 215, 305):
        cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))

        def at(along: float, across: float) -> tuple[float, float]:
            return along * cosine - across * sine, 0.62 + along * sine + across * cosine

        d.polygon([at(0.0, -0.018), at(0.5, -0.018), at(0.5, 0.018), at(0.0, 0.018)], p.dark)
        d.polygon([at(0.1, 0.015), at(0.5, 0.015), at(0.5, 0.15), at(0.1, 0.12)], p.main)
    d.ellipse(0.0, 0.62, 0.045, 0.045, p.dark)


def sunflower(d: Drawing, p: Paints) -> None:
    d.rectangle(-0.03, 0.0, 0.03, 0.5, p.leaf)
    d.polygon([*curve((0.0, 0.1), (0.12, 0.34), (0.36, 0.3)), *curve((0.36, 0.3), (0.26, 0.06), (0.0, 0.1))], p.leaf)
    d.polygon([*curve((0.0, 0.06), (-0.12, 0.28), (-0.36, 0.24)), *curve((-0.36, 0.24), (-0.26, 0.02), (0.0, 0.06))], p.leaf)
    d.next_layer()
    for index in range(12):
        angle = index * 30
        x, y = 0.23 * math.cos(math.radians(angle)), 0.68 + 0.23 * math.sin(math.radians(angle))
        d.ellipse(x, y, 0.12, 0.058, p.main, turn=angle)
    d.next_layer()
    d.ellipse(0.0, 0.68, 0.165, 0.165, mix(p.trunk, p.dark, 0.4))
    d.ellipse(0.0, 0.68, 0.1, 0.1, p.trunk)


def whale(d: Drawing, p: Paints) -> None:
    d.stroke([(-0.22, 0.6), (-0.22, 0.82)], 0.045, p.light)
    d.stroke(curve((-0.22, 0.78), (-0.28, 1.02), (-0.42, 0.86)), 0.05, p.light)
    d.stroke(curve((-0.22, 0.78), (-0.16, 1.02), (-0.02, 0.86)), 0.05, p.light)
    d.next_layer()
    d.polygon([(0.44, 0.3), (0.5, 0.62), (0.34, 0.8), (0.56, 0.74), (0.64, 0.68), (0.72, 0.76), (0.9, 0.8), (0.74, 0.6), (0.66, 0.3)], p.main)
    d.polygon([(-0.62, 0.0), *curve((-0.64, 0.1), (-0.62, 0.62), (-0.15, 0.62)), *curve((-0.15, 0.62), (0.3, 0.62), (0.47, 0.4)),
               *curve((0.68, 0.4), (0.68, 0.02), (0.4, 0.0))], p.main)
    d.next_layer()
    d.polygon([(-0.62, 0.0), *curve((-0.635, 0.14), (-0.3, 0.26), (0.12, 0.0))], p.light)
    d.ellipse(-0.4, 0.32, 0.05, 0.05, p.light)
    d.ellipse(-0.4, 0.32, 0.028, 0.028, p.dark)
    d.polygon([(-0.05, 0.24), (0.14, 0.24), (0.16, 0.02)], mix(p.main, p.dark, 0.4))


def butterfly(d: Drawing, p: Paints) -> None:
    for side in (-1, 1):
        d.polygon([(0, 0.42), *curve((side * 0.04, 0.46), (side * 0.42, 0.44), (side * 0.42, 0.18)),
                   *curve((side * 0.42, 0.18), (side * 0.22, -0.1), (0, 0.34))], p.second)
        d.polygon([(0, 0.5), *curve((side * 0.04, 0.62), (side * 0.34, 1.1), (side * 0.58, 0.9)),
                   *curve((side * 0.58, 0.9), (side * 0.62, 0.42), (0, 0.42))], p.main)
    d.next_layer()
    for side in (-1, 1):
        d.ellipse(side * 0.38, 0.76, 0.11, 0.1, p.light)
        d.ellipse(side * 0.25, 0.22, 0.08, 0.08, p.light)
        d.stroke(curve((0.0, 0.68), (side * 0.06, 0.9), (side * 0.17, 0.95), 6), 0.026, p.dark)
    d.ellipse(0.0, 0.45, 0.05, 0.28, p.dark)


@dataclasses.dataclass(frozen=True)
class Subject:
    draw: typing.Callable[[Drawing, Paints], None]
    setting: str  # which scenery it stands in
    width: float  # relative to its height, both sides together
    height: float = 0.72  # share of the picture when there is one, large
    many: bool = True  # may stand in twos and threes


SUBJECTS: dict[str, Subject] = {
    "sailboat": Subject(sailboat, "sea", 1.0),
    "lighthouse": Subject(lighthouse, "coast", 0.8, 0.82, many=False),
    "house": Subject(house, "hills", 1.2, 0.6, many=False),
    "mountain": Subject(mountain, "lake", 1.5, 0.62, many=False),
    "castle": Subject(castle, "hills", 1.15, 0.66, many=False),
    "cactus": Subject(cactus, "desert", 0.75, 0.76),
    "rocket": Subject(rocket, "space", 0.7, 0.82),
    "fish": Subject(fish, "underwater", 1.35, 0.56),
    "balloon": Subject(balloon, "air", 0.82, 0.76),
    "mushroom": Subject(mushroom, "meadow", 1.0, 0.7),
    "palm": Subject(palm, "island", 1.0, 0.78, many=False),
    "cat": Subject(cat, "meadow", 0.9, 0.74),
    "windmill": Subject(windmill, "hills", 1.0, 0.74, many=False),
    "sunflower": Subject(sunflower, "meadow", 0.75, 0.8),
    "whale": Subject(whale, "sea", 1.5, 0.52),
    "butterfly": Subject(butterfly, "garden", 1.15, 0.66),
}
NAMES: list[str] = list(SUBJECTS)
