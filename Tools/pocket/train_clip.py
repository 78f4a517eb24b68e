"""Trains the CLIP in two stages: the caption tower first, then the picture tower against it.

Many captions in a batch fit many pictures ("a cat" fits every cat). Since the renderer knows what is in each picture, the
targets say so: a caption counts as right for every picture that has all it names, not only for the one it was made for.

The caption tower learns against stand-ins for pictures: one learnt vector for each subject, palette, way and count, added
up. That needs no pictures, converges in minutes, and settles the conditioning, so that the UNet's training need not wait
for the picture tower. The picture tower then learns to meet the finished captions (Zhai et al. 2022 lock the other side),
and to meet the stand-ins, which tell it everything that is in the picture at once.
"""

from __future__ import annotations

import dataclasses
import pathlib
import random

import numpy
import torch
import torch.nn.functional as F
from transformers import CLIPModel, CLIPTokenizer

import dataset
import models
import palettes
import training
from captions import caption
from scenes import SUBJECT_NAMES, WAYS, Scene, random_scene
from tokenizer import encode

PARTS, PARTS_WEIGHTS = ["s", "sp", "sw", "spw", "p", "w", "pw"], [16, 18, 18, 30, 6, 6, 6]
NAMED = {"subject": SUBJECT_NAMES, "palette": palettes.NAMES, "way": WAYS, "count": [1, 2, 3]}
FIELDS = [field.name for field in dataclasses.fields(Scene)]


class Taught(torch.nn.Module):
    """The CLIP and the stand-ins for pictures."""

    def __init__(self, clip: CLIPModel) -> None:
        super().__init__()
        self.clip = clip
        self.stand_ins = torch.nn.ModuleDict(
            {name: torch.nn.Embedding(len(values), models.WIDTH) for name, values in NAMED.items()}
        )

    def features_of(self, scenes: list[Scene]) -> torch.Tensor:
        """Unit vectors [n, WIDTH] for scenes that nobody has drawn."""
        parts = [
            table(torch.tensor([NAMED[name].index(getattr(scene, name)) for scene in scenes]))
            for name, table in self.stand_ins.items()
        ]
        return F.normalize(sum(parts), dim=1)

    def freeze(self, *beginnings: str) -> None:
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(not name.startswith(beginnings))


def normalised(pictures: torch.Tensor) -> torch.Tensor:
    """[n, 3, 128, 128] in 0...1 to CLIP's scale."""
    mean, deviation = torch.tensor(models.MEAN).view(3, 1, 1), torch.tensor(models.DEVIATION).view(3, 1, 1)
    return (pictures - mean) / deviation


def roughened(pictures: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    """Shifts, slight blur and slight noise, so that the tower also reads pictures that a model made."""
    down, right = (int(torch.randint(0, 9, (), generator=chance)) for _ in range(2))
    pictures = F.pad(pictures, (4, 4, 4, 4), mode="replicate")[:, :, down : down + models.SIDE, right : right + models.SIDE]
    blurred = F.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)
    share = (torch.rand(len(pictures), 1, 1, 1, generator=chance) - 0.4).clamp(min=0)
    pictures = pictures + (blurred - pictures) * share
    noise = torch.randn(pictures.shape, generator=chance)
    return pictures + noise * torch.rand(len(pictures), 1, 1, 1, generator=chance) * 0.03


def matches(scenes: list[Scene], parts: list[str]) -> torch.Tensor:
    """[pictures, captions]: 1 where the picture has all that the caption names."""
    table = torch.zeros(len(scenes), len(scenes))
    for column, (named, of) in enumerate(zip(parts, scenes)):
        for row, scene in enumerate(scenes):
            right = (
                ("s" not in named or (scene.subject == of.subject and scene.count == of.count))
                and ("p" not in named or scene.palette == of.palette)
                and ("w" not in named or scene.way == of.way)
            )
            table[row, column] = float(right)
    return table


def soft_cross_entropy(logits: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Against an even share among the right answers; 0 when all of them got exactly that share."""
    target = table / table.sum(1, keepdim=True)
    floor = -(target * target.clamp(min=1e-9).log()).sum(1).mean()
    return -(target * logits.log_softmax(1)).sum(1).mean() - floor


def contrast(
    taught: Taught, pictures: torch.Tensor, captions: torch.Tensor, table: torch.Tensor
) -> tuple[torch.Tensor, dict[str, float]]:
    """The contrastive loss both ways, and how often the nearest caption is a right one."""
    scale = taught.clip.logit_scale.exp().clamp(max=60)
    logits = scale * pictures.float() @ captions.float().T
    loss = (soft_cross_entropy(logits, table) + soft_cross_entropy(logits.T, table.T)) / 2
    with torch.no_grad():
        right = table.gather(1, logits.argmax(1, keepdim=True)).mean().item()
    return loss, {"right": right, "scale": scale.item()}


def caption_features(clip: CLIPModel, tokenizer: CLIPTokenizer, texts: list[str]) -> torch.Tensor:
    ids = encode(tokenizer, texts)
    longest = int((ids == tokenizer.eos_token_id).int().argmax(1).max()) + 1  # attention is causal: nothing after it counts
    return F.normalize(clip.text_projection(clip.text_model(ids[:, :longest]).pooler_output), dim=1)


def _taught() -> Taught:
    torch.manual_seed(1)
    clip = models.make_clip()
    clip.set_attn_implementation("eager")  # on this size plain products beat the fused kernel's backward
    return Taught(clip)


def run_text(work: pathlib.Path, steps: int = 400, workers: int = 2, batch: int = 96) -> None:
    tokenizer, taught = models.load_tokenizer(work), _taught()
    taught.freeze("clip.vision_model", "clip.visual_projection")
    run = training.Training("text", work, taught, rate=1e-3, steps=steps, warm_up=80, decay=0.05, average=0.99, workers=workers)

    def loss_of_step(taught: Taught, step: int, noise: torch.Generator):
        chance = random.Random(f"text {step}")
        scenes = [random_scene(chance.randrange(10_000_000)) for _ in range(batch)]
        parts = chance.choices(PARTS, PARTS_WEIGHTS, k=batch)
        with training.half_precision():
            captions = caption_features(
                taught.clip, tokenizer, [caption(scene, chance, named) for scene, named in zip(scenes, parts)]
            )
        return contrast(taught, taught.features_of(scenes), captions, matches(scenes, parts))

    run.run(loss_of_step)


def run_vision(work: pathlib.Path, steps: int = 1500, workers: int = 2, batch: int = 64) -> None:
    pictures, records = dataset.load(work)
    tokenizer, taught = models.load_tokenizer(work), _taught()
    models.load_average(taught, work, "text")
    taught.freeze("clip.text_model", "clip.text_projection", "clip.logit_scale", "stand_ins")
    run = training.Training("vision", work, taught, rate=2e-3, steps=steps, warm_up=100, decay=0.05, average=0.995, workers=workers)

    def loss_of_step(taught: Taught, step: int, noise: torch.Generator):
        chance = random.Random(f"vision {step}")
        rows = sorted(chance.sample(range(len(records)), batch))
        scenes = [Scene(**{name: records[row][name] for name in FIELDS}) for row in rows]
        parts = chance.choices(PARTS, PARTS_WEIGHTS, k=batch)
        pixels = torch.from_numpy(numpy.ascontiguousarray(pictures[rows])).permute(0, 3, 1, 2).float() / 255
        with training.half_precision():
            with torch.no_grad():
                captions = caption_features(
                    taught.clip, tokenizer, [caption(scene, chance, named) for scene, named in zip(scenes, parts)]
                )
            seen = taught.clip.vision_model(normalised(roughened(pixels, noise))).pooler_output
            seen = F.normalize(taught.clip.visual_projection(seen).float(), dim=1)
        loss, figures = contrast(taught, seen, captions, matches(scenes, parts))
        # every scene of the batch is a choice, and so is every single change of one attribute of it
        wanted = taught.features_of(scenes)
        helper = torch.zeros(())
        for name, values in NAMED.items():
            choices = torch.stack(
                [taught.features_of([dataclasses.replace(scene, **{name: value}) for scene in scenes]) for value in values], 1
            )
            scores = 20 * (seen.unsqueeze(1) * choices).sum(2)
            helper = helper + F.cross_entropy(scores, torch.tensor([values.index(getattr(scene, name)) for scene in scenes]))
        nearness = (seen * wanted).sum(1).mean()
        total = loss + helper + 2 * (1 - nearness)
        return total, figures | {"contrast": loss.item(), "helper": helper.item(), "nearness": nearness.item()}

    run.run(loss_of_step)
