"""Ten palettes and lights. A palette gives every role in a scene a colour.

A scene's drawing code never names a colour, only a role ("sky", "ground", "accent"); the palette decides. That keeps
subject and palette independent, which is what lets a model trained on the pictures recombine them.
`paper` and `ink` serve the line-based ways of drawing; in the dark palettes the paper is dark and the ink is bright.
"""

from __future__ import annotations

import colorsys
import dataclasses
import random

Colour = tuple[int, int, int]


def _hex(code: str) -> Colour:
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def mix(first: Colour, second: Colour, amount: float) -> Colour:
    """`first` at 0, `second` at 1."""
    return tuple(round(a + (b - a) * amount) for a, b in zip(first, second))  # type: ignore[return-value]


def luminance(colour: Colour) -> float:
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255


# name: skies (top, middle, horizon), grounds, waters, accents, leaves, trunk, light, dark, sun, paper, ink
_TABLE: dict[str, dict[str, str]] = {
    "pastel": dict(
        skies="d6e4f7 e6e0f5 fde6ea|f9d8e4 fbe5e6 fdf3e3|d3f0e8 e4f3ee fbf3e6|e3d8f5 efe3f6 fbeaf0",
        grounds="cdebd0 f4dccf dcd3ef d3e6c6", waters="b4dced c3d9f2 bfe6df", accents="f7a3b7 9fd8c4 bda6e2 ffcb9a 9cc4ec fbe68f",
        leaves="a5d6ad b4dcb0", trunk="c8a48c", light="fffaf4", dark="8d7ba3", sun="fff0b8", paper="fdf4f3", ink="a184b8"),
    "neon": dict(
        skies="0a0220 1a0540 360a66|05021a 0b0a3c 1a1168|12001f 2c0344 5a0a62",
        grounds="14042e 0a0a30 1e0338", waters="0b1450 12095a", accents="ff1fd0 00eaff b4ff00 ff5e00 9a35ff fff000",
        leaves="00ff8e 19e6c0", trunk="c21fff", light="e4fbff", dark="05010f", sun="ff3fae", paper="0c0324", ink="00eaff"),
    "sepia": dict(
        skies="cfae7e dcc196 ecd8b4|c4a070 d6b888 e9d3ab", grounds="8f6a42 a37c50 7d5a36", waters="9c7850 87643f",
        accents="5d3d22 74502e e6cfa6 b48a58 f0dfc0 492d17", leaves="6d4c2b 80603a", trunk="4a2f19", light="f5e6c9",
        dark="2f1b0d", sun="f6e9cd", paper="efdcb8", ink="4a2c14"),
    "monochrome": dict(
        skies="9c9c9c b4b4b4 d0d0d0|c0c0c0 d2d2d2 e4e4e4|6e6e6e 8c8c8c b0b0b0", grounds="555555 707070 8a8a8a",
        waters="606060 7a7a7a", accents="2a2a2a 484848 f0f0f0 8c8c8c d8d8d8 181818", leaves="3c3c3c 505050", trunk="2c2c2c",
        light="fafafa", dark="0e0e0e", sun="fbfbfb", paper="f4f4f4", ink="141414"),
    "warm": dict(
        skies="f7931e fbb040 ffd27a|f26a2e f99a4b ffc983|ffb52e ffc85a ffe09a", grounds="b5452c c96a2b a8371f",
        waters="d9572e e07a35", accents="c8102e ee4b2b ffbf1f 8c1c13 ffe3a0 a52a1a", leaves="9c3a1c b8621b", trunk="6e2413",
        light="fff0cf", dark="4d130b", sun="fff3b0", paper="ffe2ab", ink="8a1f12"),
    "cool": dict(
        skies="6fbde4 98d3ee c8ebf7|8ab6e8 aecdf0 d5e8f8|66c9cf 98dde0 cdf1ef", grounds="3f8f97 4a86a8 5ba5a0",
        waters="1f78a8 2a8fa6", accents="17509a 1f9e99 00a8d6 5463c8 9fe3ef e2f8fc", leaves="2b9a8a 3b85a0", trunk="35557f",
        light="f0fbff", dark="0f2f57", sun="f4fdff", paper="dff3fb", ink="154a86"),
    "night": dict(
        skies="050919 0a1230 141f47|070b16 0f1a33 1b2c4e", grounds="080d1f 0b142b", waters="0b1a3d 0d2145",
        accents="33457c 4c6196 f2dc7e 7688b4 26365f a9b6d6", leaves="2a6a78 2f7a70", trunk="141d38", light="c6d1ec",
        dark="03050d", sun="f7f0c4", paper="0c1430", ink="b9c6e8"),
    "dawn": dict(
        skies="6a4fa0 d8739f ffb587|574a9c c2699f ff9f86|7d5ab0 e88ba8 ffcf9a", grounds="5b3b70 6e4474 4d3566",
        waters="a85f92 8d5694", accents="43285f 93457f f58a70 ffd09a cf4f94 6a3f86", leaves="573d72 6b3f72", trunk="3a2352",
        light="ffe7cf", dark="2a1742", sun="fff0b0", paper="fbc3a8", ink="56307a"),
    "vivid": dict(
        skies="1683f5 3fa8ff 8fd4ff|0aa0ff 4cc0ff a6e4ff|2a6cf0 58a0ff a0ccff", grounds="22b33a 4cc417 ffd12a",
        waters="0558d8 0078e8", accents="ff1636 ffd400 ff7300 8a1fe0 00c04e ffffff", leaves="089a2e 15b51f", trunk="8a4310",
        light="ffffff", dark="16163c", sun="ffe600", paper="ffffff", ink="1030d0"),
    "forest": dict(
        skies="b9d6a6 cfe3bb e6f0d2|a5c9a0 c2dcb6 e0edcf", grounds="3c7542 4f8a45 2f633c", waters="4f937a 3f8570",
        accents="173f2c 2c6a48 7aa653 b9c95f e8e2a6 4c7a52", leaves="1f5c3a 2f7040", trunk="47461f", light="f5f8e2",
        dark="0e2418", sun="f8f6c4", paper="e3eecb", ink="17482c"),
}

NAMES: list[str] = list(_TABLE)
DARK = {"neon", "night"}


@dataclasses.dataclass(frozen=True)
class Palette:
    """The colours of one picture: a palette with its choices made and a slight drift of hue and value."""

    name: str
    sky: tuple[Colour, Colour, Colour]
    ground: Colour
    water: Colour
    accents: tuple[Colour, ...]
    leaf: Colour
    trunk: Colour
    light: Colour
    dark: Colour
    sun: Colour
    paper: Colour
    ink: Colour

    @property
    def is_dark(self) -> bool:
        return self.name in DARK


def _drift(colour: Colour, hue: float, value: float) -> Colour:
    h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in colour))
    return tuple(round(255 * c) for c in colorsys.hsv_to_rgb((h + hue) % 1, s, min(1, v * value)))  # type: ignore[return-value]


def choose(name: str, chance: random.Random) -> Palette:
    """Settles a palette's open choices (which sky, which accents) for one picture."""
    row = _TABLE[name]
    hue = 0.0 if name in ("sepia", "monochrome") else chance.uniform(-0.012, 0.012)
    value = chance.uniform(0.95, 1.04)

    def one(codes: str) -> Colour:
        return _drift(_hex(chance.choice(codes.split())), hue, value)

    sky = tuple(_drift(_hex(code), hue, value) for code in chance.choice(row["skies"].split("|")).split())
    accents = row["accents"].split()
    chance.shuffle(accents)
    return Palette(name=name, sky=sky, ground=one(row["grounds"]), water=one(row["waters"]),  # type: ignore[arg-type]
                   accents=tuple(_drift(_hex(code), hue, value) for code in accents), leaf=one(row["leaves"]),
                   trunk=one(row["trunk"]), light=one(row["light"]), dark=one(row["dark"]), sun=one(row["sun"]),
                   paper=one(row["paper"]), ink=one(row["ink"]))
