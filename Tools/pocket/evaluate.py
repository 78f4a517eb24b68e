"""Measures the pocket model on what it never saw.

python evaluate.py clip --work DIR        # zero-shot on 2,000 unseen renders
python evaluate.py classifier --work DIR  # the judge itself, on the same renders
python evaluate.py vae --work DIR         # what the autoencoder loses
python evaluate.py generation --work DIR [--count 200] [--guidance 6] [--steps 20]
python evaluate.py effect --work DIR --pictures ../../.build/effect   # subjects in what `make effect` has drawn
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import pathlib
import random

import numpy
import torch
from PIL import Image

import captions
import classifier
import models
import paths
import samples
from dataset import HELD_OUT
from render import contact_sheet, render
from scenes import Scene, random_scene
from tokenizer import encode
from train_clip import normalised
from train_vae import load_final

ATTRIBUTES = ["subject", "palette", "way"]


def unseen(count: int) -> tuple[list[Scene], numpy.ndarray]:
    scenes = [random_scene(HELD_OUT + index) for index in range(count)]
    return scenes, numpy.stack([numpy.asarray(render(scene)) for scene in scenes])


@torch.no_grad()
def clip_zero_shot(work: pathlib.Path, count: int) -> None:
    """An attribute's value is the one whose prompts' mean feature lies nearest to the picture's."""
    clip, tokenizer = models.load_clip(work), models.load_tokenizer(work)
    scenes, pictures = unseen(count)
    features = []
    for start in range(0, count, 100):
        pixels = torch.from_numpy(pictures[start : start + 100]).permute(0, 3, 1, 2).float() / 255
        features.append(clip.visual_projection(clip.vision_model(normalised(pixels)).pooler_output))
    features = torch.nn.functional.normalize(torch.cat(features), dim=1)
    for attribute in ATTRIBUTES:
        prompts = captions.prompts_for(attribute)
        names = list(prompts)
        centres = []
        for name in names:
            texts = clip.text_projection(clip.text_model(encode(tokenizer, prompts[name])).pooler_output)
            centres.append(torch.nn.functional.normalize(torch.nn.functional.normalize(texts, dim=1).mean(0), dim=0))
        best = (features @ torch.stack(centres).T).argmax(1).tolist()
        right = sum(names[index] == getattr(scene, attribute) for index, scene in zip(best, scenes))
        print(f"CLIP zero-shot, {attribute}: {right / count:.1%} of {count}")


def judge(work: pathlib.Path, count: int) -> None:
    scenes, pictures = unseen(count)
    report("classifier", scenes, classifier.read(work, pictures))


@torch.no_grad()
def reconstruction(work: pathlib.Path, count: int) -> None:
    vae = load_final(work)
    scenes, pictures = unseen(count)
    made = []
    for start in range(0, count, 50):
        code = vae.encode(classifier.as_input(pictures[start : start + 50])).latent_dist.mean
        made.append(((vae.decode(code).sample / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy())
    made = numpy.concatenate(made)
    error = made.astype(float) - pictures
    print(
        f"autoencoder on {count} unseen renders: mean absolute error {abs(error).mean():.2f} of 255, "
        f"PSNR {numpy.mean(10 * numpy.log10(255**2 / (error**2).mean((1, 2, 3)))):.1f} dB"
    )
    report("classifier after the autoencoder", scenes, classifier.read(work, made))
    pairs = [Image.fromarray(picture) for index in range(16) for picture in (pictures[index], made[index])]
    contact_sheet(pairs, 8, 1).save(work / "reconstructions.png")


def prompts_of(count: int) -> tuple[list[Scene], list[str]]:
    """Prompts that name all three attributes of one large subject."""
    scenes, texts = [], []
    for index in range(count):
        scene = random_scene(HELD_OUT + 100_000 + index)
        scenes.append(scene := dataclasses.replace(scene, count=1, size="large", place="middle"))
        texts.append(captions.caption(scene, random.Random(scene.seed), "spw"))
    return scenes, texts


def generation(work: pathlib.Path, count: int, guidance: float, steps: int) -> None:
    scenes, texts = prompts_of(count)
    parts = samples.load_parts(work)
    pictures = numpy.concatenate(
        [
            samples.generate(*parts, texts[start : start + 20], list(range(start, min(start + 20, count))), guidance, steps)
            for start in range(0, count, 20)
        ]
    )
    seen = classifier.read(work, pictures)
    report(f"generation, guidance {guidance}, {steps} steps", scenes, seen)
    contact_sheet([Image.fromarray(picture) for picture in pictures[:48]], 8, 1).save(work / "generated.png")
    (work / "generated.txt").write_text("".join(f"{text}  |  {', '.join(one.values())}\n" for text, one in zip(texts, seen)))


def effect(work: pathlib.Path, folder: pathlib.Path) -> None:
    """How often the judge finds the prompt's subject, for each gallery and way of drawing to its taste."""
    with (folder / "pictures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    pictures = numpy.stack([numpy.asarray(Image.open(folder / row["picture"]).convert("RGB")) for row in rows])
    groups: dict[tuple[str, str], list[bool]] = {}
    for row, seen in zip(rows, classifier.read(work, pictures)):
        groups.setdefault((row["gallery"], row["how"]), []).append(seen["subject"] == row["subject"])
    for (gallery, how), right in groups.items():
        print(f"{gallery}, strength {how}: subject recognised in {numpy.mean(right):.0%} of {len(right)}")


def report(what: str, scenes: list[Scene], seen: list[dict[str, str]]) -> None:
    for attribute in ATTRIBUTES:
        right = [one[attribute] == getattr(scene, attribute) for scene, one in zip(scenes, seen)]
        print(f"{what}, {attribute}: {numpy.mean(right):.1%} of {len(scenes)}")
        worst = sorted(
            (numpy.mean([r for r, s in zip(right, scenes) if getattr(s, attribute) == value]), value)
            for value in {getattr(scene, attribute) for scene in scenes}
        )
        print("    lowest: " + ", ".join(f"{value} {share:.0%}" for share, value in worst[:4]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["clip", "classifier", "vae", "generation", "effect"])
    parser.add_argument("--count", type=int)
    parser.add_argument("--guidance", type=float, default=6.0)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--pictures", type=pathlib.Path, help="where `make effect` has left its pictures")
    paths.add_work_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "clip":
        clip_zero_shot(options.work, options.count or 2000)
    elif options.what == "classifier":
        judge(options.work, options.count or 2000)
    elif options.what == "vae":
        reconstruction(options.work, options.count or 500)
    elif options.what == "effect":
        effect(options.work, options.pictures or parser.error("--pictures is needed"))
    else:
        generation(options.work, options.count or 200, options.guidance, options.steps)


if __name__ == "__main__":
    main()
