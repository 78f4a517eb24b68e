"""Draws the data set: pictures as one array on disk, their scenes and captions as JSON lines.

    python dataset.py --work DIR [--count 24000] [--processes 2]

Scene seeds 0..<count are the training set. Everything that is later evaluated uses seeds from HELD_OUT on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
import pathlib
import random

import numpy

import paths
from captions import caption
from render import render
from scenes import Scene, random_scene

HELD_OUT = 10_000_000
CAPTIONS_EACH = 2


def _draw(seed: int) -> numpy.ndarray:
    return numpy.asarray(render(random_scene(seed)))


def captions_of(scene: Scene) -> list[str]:
    chance = random.Random(f"captions {scene.seed}")
    return [caption(scene, chance) for _ in range(CAPTIONS_EACH)]


def load(work: pathlib.Path) -> tuple[numpy.ndarray, list[dict]]:
    """Pictures [n, 128, 128, 3] u8, memory-mapped, and one record for each."""
    records = [json.loads(line) for line in (work / "data" / "scenes.jsonl").read_text().splitlines()]
    return numpy.load(work / "data" / "pictures.npy", mmap_mode="r"), records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    paths.add_work_option(parser)
    parser.add_argument("--count", type=int, default=24_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    folder = options.work / "data"
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / ".pictures.npy"
    pictures = numpy.lib.format.open_memmap(beside, "w+", numpy.uint8, (options.count, 128, 128, 3))
    with multiprocessing.Pool(options.processes) as pool:
        for seed, picture in enumerate(pool.imap(_draw, range(options.count), chunksize=64)):
            pictures[seed] = picture
            if seed % 2000 == 0:
                print(f"{seed} of {options.count}", flush=True)
    pictures.flush()
    beside.rename(folder / "pictures.npy")
    scenes = [random_scene(seed) for seed in range(options.count)]
    lines = "".join(json.dumps(dataclasses.asdict(scene) | {"captions": captions_of(scene)}) + "\n" for scene in scenes)
    paths.write_whole(folder / "scenes.jsonl", lambda path: path.write_text(lines))


if __name__ == "__main__":
    main()
