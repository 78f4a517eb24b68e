"""A scene is a set of known attributes; drawing it gives polygons in colour.

Everything follows from the scene's seed, so that the same scene can be drawn again, elsewhere, in another size.
"""

from __future__ import annotations

import dataclasses
import random

import palettes
import scenery
from drawing import Drawing
from palettes import Colour, Palette
from subjects import NAMES as SUBJECT_NAMES, SUBJECTS, Paints

WAYS = ["flat", "ink", "hatched", "pointillist", "watercolour", "pixel", "paper", "glass"]
PLACES = ["left", "middle", "right"]
SIZES = ["small", "large"]


@dataclasses.dataclass(frozen=True)
class Scene:
    subject: str
    palette: str
    way: str
    count: int
    size: str
    place: str
    seed: int


def random_scene(seed: int, subject: str | None = None, palette: str | None = None, way: str | None = None) -> Scene:
    """The scene of a seed. Attributes that are given stay as given, the others are drawn evenly."""
    chance = random.Random(f"scene {seed}")
    drawn_subject, drawn_palette, drawn_way = (chance.choice(names) for names in (SUBJECT_NAMES, palettes.NAMES, WAYS))
    subject = subject or drawn_subject
    roll = chance.random()
    count = 1 if roll < 0.85 or not SUBJECTS[subject].many else 2 if roll < 0.95 else 3
    size = "large" if count > 1 or chance.random() < 0.75 else "small"
    place = "middle" if count > 1 or chance.random() < 0.5 else chance.choice(["left", "right"])
    return Scene(subject, palette or drawn_palette, way or drawn_way, count, size, place, seed)


def _distance(first: Colour, second: Colour) -> float:
    return sum((a - b) ** 2 for a, b in zip(first, second)) ** 0.5


def _paints(palette: Palette, around: Colour, chance: random.Random) -> Paints:
    """Picks the subject's colours so that it stands out from what is around it."""
    ranked = sorted(palette.accents, key=lambda colour: -_distance(colour, around) - chance.uniform(0, 60))
    main, second, third = ranked[:3]
    glow = palette.accents[0] if palette.name in ("neon",) else palette.sun
    return Paints(main, second, third, palette.light, palette.dark, palette.leaf, palette.trunk, glow)


def _feet(scene: Scene, chance: random.Random) -> list[tuple[float, float]]:
    """Where each subject stands (x) and how tall it is, before it is fitted into the picture."""
    subject = SUBJECTS[scene.subject]
    if scene.count == 1:
        height = subject.height * (chance.uniform(0.94, 1.06) if scene.size == "large" else chance.uniform(0.7, 0.78))
        middle = {"left": 0.33, "middle": 0.5, "right": 0.67}[scene.place] + chance.uniform(-0.03, 0.03)
        return [(middle, height)]
    height = subject.height * (0.66 if scene.count == 2 else 0.5)
    height = min(height, 0.92 / scene.count / subject.width)
    step = 0.96 / scene.count
    return [(0.5 + (index - (scene.count - 1) / 2) * step, height * chance.uniform(0.92, 1.04)) for index in range(scene.count)]


def compose(scene: Scene) -> tuple[Drawing, Palette]:
    chance = random.Random(f"drawing {scene.seed}")
    palette = palettes.choose(scene.palette, chance)
    subject = SUBJECTS[scene.subject]
    setting = subject.setting
    d = Drawing()
    sun_side = {"left": 1, "right": -1}.get(scene.place, chance.choice([-1, 1]))
    scenery.background(d, palette, setting, chance, sun_side)
    paints = _paints(palette, palette.water if setting == "underwater" else palette.sky[1], chance)
    mirror = chance.random() < 0.5
    floating = setting in ("air", "underwater", "space", "garden")
    for x, height in _feet(scene, chance):
        half = subject.width * height / 2
        x = min(max(x, half * 1.02), 1 - half * 1.02) if half < 0.5 else 0.5
        if floating:
            foot = 0.5 + height / 2 + chance.uniform(-0.03, 0.03) - (0.03 if setting != "underwater" else 0.0)
        else:
            foot = scenery.HORIZON[setting] + {"sea": 0.08, "coast": 0.1, "island": 0.08, "lake": 0.06}.get(setting, 0.1)
        lean = chance.uniform(-0.12, 0.12) if setting in ("space", "garden", "sea") and scene.subject != "whale" else 0.0
        d.next_layer("subject")
        with d.frame(x, foot, height, lean, mirror):
            subject.draw(d, paints)
    if not floating or setting == "garden":
        scenery.foreground(d, palette, setting, chance)
    return d, palette
