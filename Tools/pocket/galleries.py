"""Draws the galleries: eight sets of sixteen pictures, each of one taste, from seeds outside the training set.

    python galleries.py [--out ../../galleries]

Each gallery has a pixel statistic that defines it. The table it prints (and writes into the README) says how far the
gallery lies from the average render on that statistic.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import pathlib
import random

import numpy

from dataset import HELD_OUT
from render import render
from scenes import SUBJECT_NAMES, Scene, random_scene
from statistics_of_pictures import STATISTICS

SIZE = 16
FIRST_SEED = HELD_OUT + 500_000


@dataclasses.dataclass(frozen=True)
class Taste:
    """What all pictures of a gallery have in common; None leaves an attribute open."""

    palettes: tuple[str, ...] | None
    ways: tuple[str, ...] | None
    statistic: str
    words: str


TASTES: dict[str, Taste] = {
    "neon-night": Taste(("neon",), ("flat", "paper", "glass", "ink"), "saturation", "electric colours glowing on black"),
    "pastel-dawn": Taste(("pastel",), ("flat", "watercolour", "paper"), "brightness", "pale powdery mornings"),
    "sepia": Taste(("sepia",), None, "brownness", "old brown photographs, drawn in every way"),
    "vivid": Taste(("vivid",), None, "saturation", "strong bright colours, drawn in every way"),
    "moonlight": Taste(("night",), None, "brightness", "dark blue nights with a moon, drawn in every way"),
    "forest": Taste(("forest",), None, "greenness", "mossy greens, drawn in every way"),
    "engraving": Taste(("sepia", "monochrome", "pastel", "forest"), ("hatched",), "detail", "slanted pen strokes on light paper"),
    "watercolour": Taste(None, ("watercolour",), "frame", "soft washes with a bare border, in every palette"),
}


def scenes_of(name: str) -> list[Scene]:
    """Sixteen scenes, one for each subject, with the gallery's palettes and ways in turn."""
    taste, start = TASTES[name], FIRST_SEED + 1000 * list(TASTES).index(name)
    scenes = []
    for index, subject in enumerate(SUBJECT_NAMES):
        scene = random_scene(start + index, subject)
        palette = taste.palettes[index % len(taste.palettes)] if taste.palettes else scene.palette
        way = taste.ways[index % len(taste.ways)] if taste.ways else scene.way
        scenes.append(dataclasses.replace(scene, palette=palette, way=way))
    return scenes


def average_renders(count: int = 800) -> numpy.ndarray:
    return numpy.stack([numpy.asarray(render(random_scene(HELD_OUT + index))) for index in range(count)])


def rate(scene: Scene, rater: str, chance: random.Random) -> tuple[str, str]:
    """A simulated rating, (kind, value): likes and dislikes by rater-a, stars by rater-b, both with a moody tenth."""
    if rater == "rater-a":  # likes dark pictures with strong lines
        liking = (
            (scene.palette in ("neon", "night"))
            + 0.6 * (scene.way in ("ink", "glass", "hatched"))
            - 0.5 * (scene.palette == "pastel")
        )
        liked = liking > 0.5
        if chance.random() < 0.1:
            liked = not liked
        return ("like", "1") if liked else ("dislike", "1")
    # rater-b likes soft, light pictures and has no patience for hard edges
    liking = {"pastel": 1.6, "dawn": 1.0, "forest": 0.4, "neon": -1.4, "night": -0.6}.get(scene.palette, 0.0)
    liking += {"watercolour": 1.2, "paper": 0.4, "pixel": -0.8, "glass": -0.5}.get(scene.way, 0.0)
    stars = round(3 + liking + chance.gauss(0, 0.45))
    return "stars", str(min(5, max(1, stars)))


def write_ratings(out: pathlib.Path, rater: str) -> None:
    chance = random.Random(rater)
    with (out / f"{rater}.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["picture", "kind", "value"])
        for name in TASTES:
            for scene in scenes_of(name):
                table.writerow([f"{name}/{scene.subject}.png", *rate(scene, rater, chance)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / "galleries")
    options = parser.parse_args()
    average = average_renders()
    rows = []
    for name, taste in TASTES.items():
        folder = options.out / name
        folder.mkdir(parents=True, exist_ok=True)
        pictures = [render(scene) for scene in scenes_of(name)]
        for scene, picture in zip(scenes_of(name), pictures):
            picture.save(folder / f"{scene.subject}.png", optimize=True)
        measure = STATISTICS[taste.statistic]
        usual = numpy.array([measure(picture) for picture in average])
        own = numpy.array([measure(numpy.asarray(picture)) for picture in pictures])
        apart = abs(own.mean() - usual.mean()) / numpy.sqrt((own.var() + usual.var()) / 2)
        beyond = numpy.mean((own > usual.mean()) == (own.mean() > usual.mean()))
        rows.append(
            f"| `{name}` | {taste.words} | {taste.statistic} | {own.mean():.3f} | {usual.mean():.3f} | {apart:.1f} | {beyond:.0%} |"
        )
    for rater in ("rater-a", "rater-b"):
        write_ratings(options.out, rater)
    print("| gallery | taste | statistic | gallery | average | apart (deviations) | beyond the average |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
