"""Draws scenes, and contact sheets of them to look at.

    python render.py sheet.png --count 48 --first-seed 1 [--subject cat] [--palette neon] [--way ink]
    python render.py folder --single --count 48   # each by itself
"""

from __future__ import annotations

import argparse
import pathlib

from PIL import Image

import palettes
import scenes
import ways
from scenes import Scene


def render(scene: Scene) -> Image.Image:
    """The scene as a 128×128 RGB picture."""
    drawing, palette = scenes.compose(scene)
    return ways.WAYS[scene.way](drawing, palette, scene.seed)


def contact_sheet(pictures: list[Image.Image], columns: int, scale: int = 1, gap: int = 4) -> Image.Image:
    side = pictures[0].width * scale
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (side + gap) + gap, rows * (side + gap) + gap), (255, 255, 255))
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        tile = picture.resize((side, side), Image.Resampling.NEAREST) if scale > 1 else picture
        sheet.paste(tile, (gap + column * (side + gap), gap + row * (side + gap)))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--subject")
    parser.add_argument("--palette", choices=palettes.NAMES)
    parser.add_argument("--way", choices=scenes.WAYS)
    parser.add_argument("--grid", choices=["palette-way", "subject-way"], help="one picture of each pair instead")
    parser.add_argument("--single", action="store_true", help="every picture by itself, into the folder OUT")
    options = parser.parse_args()
    if options.grid == "palette-way":
        drawn = [scenes.random_scene(options.first_seed + i * 8 + j, options.subject or scenes.SUBJECT_NAMES[(i * 3 + j * 5) % 16], p, w)
                 for i, p in enumerate(palettes.NAMES) for j, w in enumerate(scenes.WAYS)]
    elif options.grid == "subject-way":
        drawn = [scenes.random_scene(options.first_seed + i * 8 + j, s, options.palette or palettes.NAMES[(i + j) % 10], w)
                 for i, s in enumerate(scenes.SUBJECT_NAMES) for j, w in enumerate(scenes.WAYS)]
    else:
        drawn = [scenes.random_scene(options.first_seed + i, options.subject, options.palette, options.way) for i in range(options.count)]
    if options.single:
        # a folder that is there is whole
        part = options.out.with_name(options.out.name + ".part")
        part.mkdir(parents=True, exist_ok=True)
        for index, scene in enumerate(drawn):
            render(scene).save(part / f"{index:04d}.png")
        part.rename(options.out)
        return
    contact_sheet([render(scene) for scene in drawn], options.columns, options.scale).save(options.out)


if __name__ == "__main__":
    main()
